#!/usr/bin/env bash
# Manage the streaming job on Dataflow, from building its template to reading its log. See usage below
# and docs/deploy.md. It runs only the commands that `--dry-run` prints.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=deploy/common.sh
. "$ROOT/deploy/common.sh"

METADATA=$ROOT/deploy/metadata.json

usage() {
  cat <<'TEXT'
usage: ./run_dataflow.sh VERB [option…]

verbs
  check            check everything that a job needs; each failed line names the remedy
  build-template   build the container image, push it, write the Flex Template's file
  run-template     start the streaming job from the template
  update           replace the running job by one from the template, in place
                   (--snapshot: first save the job's state and its subscription for 7 days)
  run              start the streaming job from this machine, without a template (`vividly run`)
  status           list the latest jobs of this name, and the counters of the running one
  logs             print the job's log
  drain            read no more messages, finish those in flight, then stop
  cancel           stop at once, and drop the messages in flight

options of every verb (variable, default)
  --project=ID          project (VIVIDLY_PROJECT, GOOGLE_CLOUD_PROJECT, gcloud's)
  --region=REGION       region of the job (VIVIDLY_REGION)
  --job-name=NAME       name of the job (VIVIDLY_JOB_NAME, vividly-content)
  --dry-run             print the commands, run none
  --help

place of images and templates: build-template, run-template, update, run, check
  --bucket=NAME         bucket for template files, staging and temporary files (VIVIDLY_BUCKET)
  --repository=NAME     Artifact Registry repository in the region (VIVIDLY_REPOSITORY, vividly)
  --tag=TAG             tag of image and template (VIVIDLY_TAG, the commit checked out)

build-template
  --builder=docker|cloud   build here with docker, or with Cloud Build (docker)

status, logs, drain, cancel
  --job-id=ID           this job, instead of the newest one of that name
  --severity=LEVEL      logs: lowest severity shown (INFO)
  --since=DURATION      logs: age of the oldest line (1h)
  --limit=N             logs: maximum number of lines (200)

run-template, update, run
  Any other --name=value is an option of the job: a parameter of the template
  (deploy/metadata.json) or one of Dataflow's, by the name that Beam gives it, such as
  --max_num_workers=8. Hyphens and underscores are the same.
  --transform-name-mappings=OLD=NEW,…   update: renamed steps
TEXT
}

# gcloud_flag OPTION: print the flag of `gcloud dataflow flex-template run` for a Dataflow option.
gcloud_flag() {
  case $1 in
  num_workers) printf -- '--num-workers' ;;
  max_num_workers) printf -- '--max-workers' ;;
  worker_machine_type | machine_type) printf -- '--worker-machine-type' ;;
  launcher_machine_type) printf -- '--launcher-machine-type' ;;
  service_account_email) printf -- '--service-account-email' ;;
  network) printf -- '--network' ;;
  subnetwork) printf -- '--subnetwork' ;;
  worker_region) printf -- '--worker-region' ;;
  worker_zone) printf -- '--worker-zone' ;;
  dataflow_kms_key) printf -- '--dataflow-kms-key' ;;
  staging_location) printf -- '--staging-location' ;;
  temp_location) printf -- '--temp-location' ;;
  labels | label) printf -- '--additional-user-labels' ;;
  experiments | experiment | dataflow_service_options) printf -- '--additional-experiments' ;;
  transform_name_mappings) printf -- '--transform-name-mappings' ;;
  *) return 1 ;;
  esac
}

# Options without a default; deploy/metadata.json marks the same as required.
REQUIRED="subscription database artifacts"

VERB=""
PROJECT="" REGION="" BUCKET="" REPOSITORY="" TAG="" JOB_NAME="" JOB_ID="" BUILDER=docker
SEVERITY=INFO SINCE=1h LIMIT=200 SNAPSHOT=false
NAMES=() VALUES=() # further options, in order

read_arguments() {
  local argument name value
  [ $# -gt 0 ] || die "no verb; ./run_dataflow.sh --help lists them"
  while [ $# -gt 0 ]; do
    argument=$1
    shift
    case $argument in
    -h | --help)
      usage
      exit 0
      ;;
    --dry-run)
      DRY_RUN=true
      continue
      ;;
    --*=*)
      name=${argument%%=*}
      value=${argument#*=}
      ;;
    --*)
      name=$argument
      value=true # a switch, unless a value follows
      if [ $# -gt 0 ] && [ "${1#--}" = "$1" ]; then
        value=$1
        shift
      fi
      ;;
    *)
      [ -z "$VERB" ] || die "unexpected argument: $argument (options look like --name=value)"
      VERB=$argument
      continue
      ;;
    esac
    name=${name#--}
    name=${name//-/_}
    option "$name" "$value"
  done
  [ -n "$VERB" ] || die "no verb; ./run_dataflow.sh --help lists them"
}

option() {
  case $1 in
  project) PROJECT=$2 ;;
  region) REGION=$2 ;;
  bucket) BUCKET=${2#gs://} ;;
  repository) REPOSITORY=$2 ;;
  tag) TAG=$2 ;;
  job_name) JOB_NAME=$2 ;;
  job_id) JOB_ID=$2 ;;
  builder) BUILDER=$2 ;;
  severity) SEVERITY=$2 ;;
  since) SINCE=$2 ;;
  limit) LIMIT=$2 ;;
  snapshot) SNAPSHOT=$2 ;;
  *)
    NAMES+=("$1")
    VALUES+=("$2")
    ;;
  esac
}

resolve() {
  PROJECT=${PROJECT:-$(default_project)}
  REGION=${REGION:-${VIVIDLY_REGION:-}}
  BUCKET=${BUCKET:-${VIVIDLY_BUCKET:-}}
  BUCKET=${BUCKET#gs://}
  BUCKET=${BUCKET%/}
  REPOSITORY=${REPOSITORY:-${VIVIDLY_REPOSITORY:-vividly}}
  JOB_NAME=${JOB_NAME:-${VIVIDLY_JOB_NAME:-vividly-content}}
  TAG=${TAG:-${VIVIDLY_TAG:-$(default_tag)}}
  check_project "$PROJECT"
  check_region "$REGION"
  [[ $JOB_NAME =~ ^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$ ]] ||
    die "--job-name=$JOB_NAME: small letters, digits and hyphens, a letter first, 63 at most"
  check_tag "$TAG"
  IMAGE=$(image vividly)
  TEMPLATE=gs://$BUCKET/templates/vividly-$TAG.json
}

need_bucket() {
  [ -n "$BUCKET" ] || die "no bucket: give --bucket=NAME, or set VIVIDLY_BUCKET"
  [[ $BUCKET =~ ^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$ ]] ||
    die "--bucket=$BUCKET is not the name of a bucket; give it without folders"
}

no_more_options() {
  [ ${#NAMES[@]} -eq 0 ] || die "$VERB has no option --${NAMES[0]}; ./run_dataflow.sh --help"
}

need_gcloud() {
  need gcloud "install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install)"
}

need_vividly() {
  VIVIDLY=vividly
  if ! command -v vividly >/dev/null 2>&1; then
    [ -x "$ROOT/.venv/bin/vividly" ] || die "vividly is not installed: run \`make setup\` first"
    VIVIDLY=$(relative .venv/bin/vividly)
  fi
}

# given NAME: print the value of a further option; fail when it was not given.
given() {
  local i
  for ((i = 0; i < ${#NAMES[@]}; i++)); do
    if [ "${NAMES[$i]}" = "$1" ]; then
      printf '%s' "${VALUES[$i]}"
      return
    fi
  done
  return 1
}

build_template() {
  no_more_options
  need_bucket
  need_gcloud
  build_image dataflow "$IMAGE"
  say "Writing $TEMPLATE"
  attempt "you need the role Storage Object User on gs://$BUCKET, and the bucket must exist" \
    gcloud dataflow flex-template build "$TEMPLATE" --project="$PROJECT" --image="$IMAGE" \
    --sdk-language=PYTHON --metadata-file="$(relative deploy/metadata.json)"
}

# launch [MORE…]: start a job from the template.
launch() {
  need_bucket
  need_gcloud
  check_parameters
  local i name value flag
  local command=(gcloud dataflow flex-template run "$JOB_NAME" --project="$PROJECT"
    --region="$REGION" --template-file-gcs-location="$TEMPLATE" "$@" --enable-streaming-engine)
  given staging_location >/dev/null || command+=(--staging-location="gs://$BUCKET/staging")
  given temp_location >/dev/null || command+=(--temp-location="gs://$BUCKET/temp")
  for ((i = 0; i < ${#NAMES[@]}; i++)); do
    name=${NAMES[$i]}
    value=${VALUES[$i]}
    if flag=$(gcloud_flag "$name"); then
      command+=("$flag=$value")
    elif [ "$name" = no_use_public_ips ]; then
      command+=(--disable-public-ips)
    else
      command+=(--parameters="$(dictionary "$name" "$value")")
    fi
  done
  given sdk_container_image >/dev/null || command+=(--parameters=sdk_container_image="$IMAGE")
  attempt "./run_dataflow.sh check names what is missing; build-template writes the template" \
    "${command[@]}"
}

# complete_names: expand short names of subscriptions.
complete_names() {
  local i
  for ((i = 0; i < ${#NAMES[@]}; i++)); do
    case ${NAMES[$i]}:${VALUES[$i]} in
    subscription:*/*) ;;
    subscription:*) VALUES[i]=projects/$PROJECT/subscriptions/${VALUES[$i]} ;;
    esac
  done
}

check_parameters() {
  local i name
  complete_names
  for ((i = 0; i < ${#NAMES[@]}; i++)); do
    name=${NAMES[$i]}
    [ "$name" != database ] || refuse_password "${VALUES[$i]}" "$PROJECT"
    [ "$name" != transform_name_mapping ] ||
      die "a template takes --transform-name-mappings=OLD=NEW,… in place of Beam's JSON"
    gcloud_flag "$name" >/dev/null || [ "$name" = no_use_public_ips ] ||
      grep -q "\"name\": \"$name\"" "$METADATA" ||
      die "the template has no parameter $name; deploy/metadata.json lists them"
  done
  for name in $REQUIRED; do
    given "$name" >/dev/null || die "the job needs --$name; deploy/metadata.json describes it"
  done
}

run_template() {
  given transform_name_mappings >/dev/null && die "--transform-name-mappings belongs to update"
  say "Starting $JOB_NAME from $TEMPLATE"
  launch
}

# snapshot: save the running job's state and its subscription, and wait until they are saved.
snapshot() {
  local state="" tries
  local list=(gcloud dataflow snapshots list --project="$PROJECT" --region="$REGION"
    --job-id="$JOB_ID" --sort-by=~creationTime --limit=1 --format="value(state)")
  say "Saving the state of $JOB_ID and its subscription"
  attempt "you need the roles Dataflow Developer and Pub/Sub Editor" \
    gcloud dataflow snapshots create --project="$PROJECT" --region="$REGION" \
    --job-id="$JOB_ID" --snapshot-sources=true --snapshot-ttl=7d
  if [ "$DRY_RUN" = true ]; then
    show "${list[@]}"
    return
  fi
  for ((tries = 0; tries < 60; tries++)); do
    state=$(attempt "you need the role Dataflow Viewer" "${list[@]}") || exit 1
    case $state in
    READY) return ;;
    FAILED | DELETED) break ;;
    esac
    sleep "${SNAPSHOT_POLL:-10}"
  done
  die "the snapshot of $JOB_ID is ${state:-missing}, not READY: the job was not updated"
}

update() {
  case $SNAPSHOT in
  true)
    need_gcloud
    find_job active
    snapshot
    ;;
  false) ;;
  *) die "--snapshot=$SNAPSHOT: it is a switch" ;;
  esac
  say "Replacing $JOB_NAME by a job from $TEMPLATE"
  launch --update
}

run() {
  need_bucket
  need_vividly
  local i
  local command=("$VIVIDLY" run --runner=DataflowRunner --project="$PROJECT" --region="$REGION"
    --job_name="$JOB_NAME")
  given staging_location >/dev/null || command+=(--staging_location="gs://$BUCKET/staging")
  given temp_location >/dev/null || command+=(--temp_location="gs://$BUCKET/temp")
  given sdk_container_image >/dev/null || command+=(--sdk_container_image="$IMAGE")
  # The engines of the image; on a developer's machine the defaults are the offline engines.
  given script_engine >/dev/null ||
    command+=(--script_engine="${VIVIDLY_SCRIPT_ENGINE:-gemini}")
  given voice_engine >/dev/null || command+=(--voice_engine="${VIVIDLY_VOICE_ENGINE:-google}")
  for ((i = 0; i < ${#NAMES[@]}; i++)); do
    if [ "${VALUES[$i]}" = true ]; then
      command+=("--${NAMES[$i]}")
    else
      command+=("--${NAMES[$i]}=${VALUES[$i]}")
    fi
  done
  say "Starting $JOB_NAME"
  attempt "./run_dataflow.sh check names what is missing" "${command[@]}"
}

# find_job STATUS: set JOB_ID to the newest job of this name, unless it was given.
find_job() {
  need_gcloud
  [ -z "$JOB_ID" ] || return 0
  local command=(gcloud dataflow jobs list --project="$PROJECT" --region="$REGION"
    --status="$1" --filter="name=$JOB_NAME" --sort-by=~creationTime --limit=1
    --format="value(id)")
  if [ "$DRY_RUN" = true ]; then
    printf "JOB_ID=\$(%s)\n" "$(show "${command[@]}")"
    JOB_ID="\$JOB_ID"
    return
  fi
  JOB_ID=$(attempt "are you logged in? (\`gcloud auth login\`)" "${command[@]}") || exit 1
  [ -n "$JOB_ID" ] ||
    die "no job $JOB_NAME in $PROJECT, $REGION ($1); status lists the existing ones"
}

status() {
  no_more_options
  need_gcloud
  attempt "are you logged in? (\`gcloud auth login\`)" \
    gcloud dataflow jobs list --project="$PROJECT" --region="$REGION" \
    --filter="name=$JOB_NAME" --sort-by=~creationTime --limit=5 \
    --format="table(id,name,type,state,creationTime,location)"
  find_job all
  attempt "you need the role Dataflow Viewer, and gcloud's beta commands (\`gcloud components install beta\`)" \
    gcloud beta dataflow metrics list "$JOB_ID" --project="$PROJECT" --region="$REGION" \
    --source=user --format="table(name.name,scalar)"
}

logs() {
  no_more_options
  find_job all
  attempt "you need the role Logs Viewer" \
    gcloud logging read \
    "resource.type=\"dataflow_step\" AND resource.labels.job_id=\"$JOB_ID\" AND severity>=$SEVERITY" \
    --project="$PROJECT" --freshness="$SINCE" --limit="$LIMIT" --order=desc \
    --format="value(timestamp,severity,jsonPayload.message,textPayload)"
}

drain() {
  no_more_options
  find_job active
  say "Draining $JOB_ID: it finishes the messages it has read; status shows when it is done"
  stop drain
}

cancel() {
  no_more_options
  find_job active
  say "Cancelling $JOB_ID"
  stop cancel
}

# stop drain|cancel: stop the job. gcloud prints a refusal, but exits with status 0.
stop() {
  local command=(gcloud dataflow jobs "$1" "$JOB_ID" --project="$PROJECT" --region="$REGION")
  if [ "$DRY_RUN" = true ]; then
    show "${command[@]}"
    return
  fi
  attempt "you need the role Dataflow Developer; is the job still running? (status)" \
    answered "${command[@]}"
}

# answered COMMAND…: run a command whose failures show only in its output.
answered() {
  local said
  if ! said=$("$@" 2>&1); then
    printf '%s\n' "$said" >&2
    return 1
  fi
  printf '%s\n' "$said" >&2
  case $said in *"Failed to "*) return 1 ;; esac
}

# expect WHAT REMEDY COMMAND…: print one line of check: ok, or FAILED with the remedy.
expect() {
  local what=$1 remedy=$2
  shift 2
  if [ "$DRY_RUN" = true ]; then
    show "$@"
  elif "$@" >/dev/null 2>&1; then
    printf 'ok      %s\n' "$what"
  else
    printf 'FAILED  %s: %s\n' "$what" "$remedy"
    FAILED=$((FAILED + 1))
  fi
}

FAILED=0
APIS="aiplatform artifactregistry compute dataflow logging monitoring pubsub secretmanager sqladmin
storage texttospeech"

check_apis() {
  local api found
  local command=(gcloud services list --enabled --project="$PROJECT" --format="value(config.name)")
  if [ "$DRY_RUN" = true ]; then
    show "${command[@]}"
    return
  fi
  found=$("${command[@]}" 2>/dev/null) || found=""
  for api in $APIS; do
    expect "API $api" "run \`gcloud services enable $api.googleapis.com --project=$PROJECT\`" \
      grep -qx "$api.googleapis.com" <<<"$found"
  done
}

check() {
  local value secret
  need_bucket
  need_gcloud
  complete_names
  expect "logged in" "run \`gcloud auth login\`" gcloud auth print-access-token
  expect "project $PROJECT" "check the id, and that your account may see it" \
    gcloud projects describe "$PROJECT"
  check_apis
  expect "bucket gs://$BUCKET" \
    "run \`gcloud storage buckets create gs://$BUCKET --project=$PROJECT --location=$REGION --uniform-bucket-level-access\`" \
    gcloud storage buckets describe "gs://$BUCKET" --project="$PROJECT"
  expect "image repository $REPOSITORY" \
    "run \`gcloud artifacts repositories create $REPOSITORY --repository-format=docker --project=$PROJECT --location=$REGION\`" \
    gcloud artifacts repositories describe "$REPOSITORY" --project="$PROJECT" --location="$REGION"
  expect "image $IMAGE" "run \`./run_dataflow.sh build-template\`" \
    gcloud artifacts docker images describe "$IMAGE" --project="$PROJECT"
  expect "template $TEMPLATE" "run \`./run_dataflow.sh build-template\`" \
    gcloud storage objects describe "$TEMPLATE" --project="$PROJECT"
  if value=$(given subscription); then
    expect "subscription $value" "create it, as deploy/terraform does, and check its name" \
      gcloud pubsub subscriptions describe "$value"
  fi
  if value=$(given service_account_email); then
    expect "service account $value" "create it, as deploy/terraform does, and check its name" \
      gcloud iam service-accounts describe "$value" --project="$PROJECT"
  fi
  if value=$(given database) && [[ $value =~ ^projects/([^/]+)/secrets/([^/]+)(/versions/([^/]+))?$ ]]; then
    secret=${BASH_REMATCH[2]}
    expect "secret $secret" \
      "run \`gcloud secrets create $secret --project=${BASH_REMATCH[1]} --data-file=-\` and paste the database URL" \
      gcloud secrets versions describe "${BASH_REMATCH[4]:-latest}" --secret="$secret" \
      --project="${BASH_REMATCH[1]}"
  fi
  [ "$FAILED" -eq 0 ] || exit 1
}

main() {
  read_arguments "$@"
  resolve
  case $VERB in
  build-template) build_template ;;
  run-template) run_template ;;
  check | update | run | status | logs | drain | cancel) "$VERB" ;;
  *) die "unknown verb: $VERB; ./run_dataflow.sh --help lists them" ;;
  esac
}

main "$@"
