#!/usr/bin/env bash
# Try the whole pipeline in a Google Cloud project: create its resources, start, update and drain the
# streaming job, and write down what worked. See usage below and docs/deploy.md.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/common.sh
. "$ROOT/deploy/common.sh"
TERRAFORM=$ROOT/deploy/terraform

usage() {
  cat <<'TEXT'
usage: deploy/first_hour.sh --yes [option…]      in a project; creates resources that cost money
       deploy/first_hour.sh --local [option…]    with servers on this machine, as far as they go

steps, in order; * also with --local
  resources    Terraform creates everything but the jobs
  images       build and push the images, write the template
  tables     * create the ledger's tables
  check      * check everything that the job needs
  quotas       print the quotas of Compute Engine, Gemini and Text-to-Speech
  schema       Gemini accepts the schema of scripts: one request with the real model
  submit     * start the streaming job, publish requests, wait until they are settled
  update       save a snapshot, replace the job in place, publish more requests
  autoscaling  publish many requests; Dataflow adds workers
  dashboard    dashboard, alerts and log-based metrics exist
  drain      * stop the job; it finishes what it has read
  accounts   * every request is settled in the ledger

options (variable, default)
  --project=ID     project (VIVIDLY_PROJECT, GOOGLE_CLOUD_PROJECT, gcloud's)
  --region=REGION  region (VIVIDLY_REGION)
  --tag=TAG        tag of images and template (VIVIDLY_TAG, the commit checked out)
  --results=FILE   file of results, in Markdown (first-hour.md); logs are beside it
  --requests=N     requests published by submit and update (5)
  --burst=N        requests published by autoscaling (200)
  --timeout=N      seconds that a step waits for the job or the requests (1800)
  --port=N         --local: port of the Pub/Sub server (8085)
  --help

Each step ends as passed, failed or not run; a step whose earlier steps did not pass is not run.
The exit status is 1 if a step failed. Afterwards `terraform destroy` removes the resources.
TEXT
}

PROJECT="" REGION="" TAG="" RESULTS=first-hour.md REQUESTS=5 BURST=200 TIMEOUT=1800 PORT=8085
LOCAL=false YES=false
STUDENT=first-hour-$(date -u +%Y%m%d%H%M%S) # marks the requests of this run
JOB_NAME=vividly-content                    # as in deploy/terraform/stream.tf

read_arguments() {
  local argument
  for argument in "$@"; do
    case $argument in
    -h | --help)
      usage
      exit 0
      ;;
    --local) LOCAL=true ;;
    --yes) YES=true ;;
    --project=*) PROJECT=${argument#*=} ;;
    --region=*) REGION=${argument#*=} ;;
    --tag=*) TAG=${argument#*=} ;;
    --results=*) RESULTS=${argument#*=} ;;
    --requests=*) REQUESTS=$(whole "$argument") ;;
    --burst=*) BURST=$(whole "$argument") ;;
    --timeout=*) TIMEOUT=$(whole "$argument") ;;
    --port=*) PORT=$(whole "$argument") ;;
    *) die "unexpected argument: $argument; deploy/first_hour.sh --help" ;;
    esac
  done
}

# whole --OPTION=N: print N, if it is a whole number above 0.
whole() {
  [[ ${1#*=} =~ ^[1-9][0-9]*$ ]] || die "$1: it must be a whole number above 0"
  printf '%s' "${1#*=}"
}

resolve() {
  TAG=${TAG:-${VIVIDLY_TAG:-$(default_tag)}}
  VIVIDLY=$(command -v vividly || printf '%s' "$ROOT/.venv/bin/vividly")
  [ -x "$VIVIDLY" ] || die "vividly is not installed: run \`make setup\` first"
  LOGS=${RESULTS%.md}-logs
  mkdir -p "$LOGS"
  if [ "$LOCAL" = true ]; then
    PROJECT=local-project REGION=local
    return
  fi
  [ "$YES" = true ] || die "it creates resources that cost money (Cloud SQL, Dataflow, engines) and takes over an hour: give --yes, or --local"
  PROJECT=${PROJECT:-$(default_project)}
  REGION=${REGION:-${VIVIDLY_REGION:-}}
  check_project "$PROJECT"
  check_region "$REGION"
  check_tag "$TAG"
  need gcloud "install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install)"
  need terraform "install Terraform 1.11 or later (https://developer.hashicorp.com/terraform/install)"
  export VIVIDLY_PROJECT=$PROJECT VIVIDLY_REGION=$REGION VIVIDLY_TAG=$TAG
}

# apply MODE: let Terraform create the resources of a mode. The database gets a public address, which
# accepts only connections by IAM and TLS, so that this machine can read the ledger.
apply() {
  terraform -chdir="$TERRAFORM" init -input=false
  terraform -chdir="$TERRAFORM" apply -input=false -auto-approve -var "project=$PROJECT" \
    -var "region=$REGION" -var "image_tag=$TAG" -var "mode=$1" -var private_addresses=false
}

# output NAME: print an output of Terraform.
output() { terraform -chdir="$TERRAFORM" output -raw "$1"; }

# wait_for WHAT COMMAND…: run a command until it succeeds, or fail after --timeout.
wait_for() {
  local what=$1 end=$((SECONDS + TIMEOUT))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || {
      printf 'gave up after %s s: %s\n' "$TIMEOUT" "$what" >&2
      return 1
    }
    sleep "${POLL:-5}"
  done
}

# on_ledger COMMAND…: run a command of vividly with the ledger of the project, as its owner.
on_ledger() {
  if [ "$LOCAL" = false ]; then
    export VIVIDLY_DATABASE && VIVIDLY_DATABASE=$(output database_owner)
  fi
  "$VIVIDLY" "$@"
}

# publish N: publish N requests for scripts, and note their ids.
publish() {
  local number
  for ((number = 0; number < $1; number++)); do
    "$VIVIDLY" publish --student "$STUDENT" --query "Explain photosynthesis" --grade 9 \
      --modality text
  done >>"$LOGS/published"
}

# settled: succeed if every request published by this script has ended in the ledger.
settled() {
  local statuses
  statuses=$(on_ledger status --student "$STUDENT" --json --limit 100000 | grep -oE '"status": "[a-z]+"') || return 1
  [ "$(grep -cE '"(completed|failed|cancelled)"' <<<"$statuses")" -ge "$(wc -l <"$LOGS/published")" ]
}

# job_in STATE: succeed if the newest job of that name is in a state.
job_in() {
  gcloud dataflow jobs list --project="$PROJECT" --region="$REGION" --filter="name=$JOB_NAME" \
    --sort-by=~creationTime --limit=1 --format="value(state)" | grep -qi "^$1"
}

# job_messages TEXT: succeed if a message of the service about the job contains the text.
job_messages() {
  gcloud logging read "resource.type=\"dataflow_step\" AND logName:\"job-message\" AND \"$1\"" \
    --project="$PROJECT" --freshness=1h --limit=1 --format="value(textPayload)" | grep .
}

resources() {
  gcloud services enable cloudresourcemanager.googleapis.com serviceusage.googleapis.com \
    --project="$PROJECT"
  apply none
}

images() {
  VIVIDLY_BUCKET=$(output bucket) "$ROOT/run_dataflow.sh" build-template
  "$ROOT/deploy/cloud_run.sh" build
}

tables() {
  if [ "$LOCAL" = true ]; then
    "$VIVIDLY" db upgrade
    return
  fi
  apply drain # the migration is a job of this mode
  gcloud run jobs execute vividly-migrate --project="$PROJECT" --region="$REGION" --wait
}

check() {
  if [ "$LOCAL" = true ]; then
    "$VIVIDLY" check stream
    return
  fi
  VIVIDLY_BUCKET=$(output bucket) "$ROOT/run_dataflow.sh" check \
    --subscription="$(output subscription)" --service-account-email="$(output service_account)"
}

quotas() {
  local service
  gcloud compute regions describe "$REGION" --project="$PROJECT" \
    --flatten=quotas --format="table(quotas.metric,quotas.usage,quotas.limit)"
  for service in aiplatform texttospeech dataflow; do
    gcloud beta quotas info list --project="$PROJECT" --service="$service.googleapis.com" \
      --format="table(quotaId,dimensionsInfos[0].details.value)"
  done
}

schema() {
  printf '%s\n' '{"request_id": "00000000-0000-4000-8000-00000000f00d", "student_id": "first-hour",
    "student_query": "Explain photosynthesis", "grade_level": 9, "requested_modalities": ["text"]}' |
    tr -d '\n' >"$LOGS/schema.jsonl"
  GOOGLE_CLOUD_PROJECT=$PROJECT "$VIVIDLY" batch "$LOGS/schema.jsonl" --script-engine=gemini \
    --state="$LOGS/state" --artifacts="$LOGS/artifacts" --fail-on-dead-letter
}

submit() {
  if [ "$LOCAL" = true ]; then
    "$VIVIDLY" run >"$LOGS/stream.json" 2>"$LOGS/stream.log" &
    printf '%s' $! >"$LOGS/stream.pid"
  else
    apply stream
    wait_for "the job runs" job_in running
  fi
  publish "$REQUESTS"
  wait_for "all requests are settled" settled
}

update() {
  VIVIDLY_BUCKET=$(output bucket) "$ROOT/run_dataflow.sh" update --snapshot \
    --subscription="$(output subscription)" --database="$(output database)" \
    --artifacts="$(output artifacts)" --dead-letter-topic="$(output dead_letter_topic)" \
    --care-topic="$(output care_topic)" \
    --service-account-email="$(output service_account)"
  wait_for "the new job runs" job_in running
  publish "$REQUESTS"
  wait_for "all requests are settled" settled
}

autoscaling() {
  publish "$BURST"
  wait_for "Dataflow adds workers" job_messages "Raised the number of workers"
  wait_for "all requests are settled" settled
}

dashboard() {
  local file found
  gcloud monitoring dashboards describe "$(output dashboard)" --project="$PROJECT" \
    --format="value(displayName)"
  found=$(gcloud monitoring policies list --project="$PROJECT" --format="value(displayName)")
  for file in "$ROOT"/deploy/monitoring/alerts/*.json; do
    listed "$found" "$(sed -n 's/^  "displayName": "\(.*\)",$/\1/p' "$file")"
  done
  found=$(gcloud logging metrics list --project="$PROJECT" --format="value(name)")
  for file in "$ROOT"/deploy/monitoring/log-metrics/*.json; do
    listed "$found" "$(sed -n 's/^  "name": "\(.*\)",$/\1/p' "$file")"
  done
}

# listed LINES NAME: fail if no line is the name.
listed() {
  grep -qxF "$2" <<<"$1" || {
    printf '%s does not exist\n' "$2" >&2
    return 1
  }
}

drain() {
  if [ "$LOCAL" = true ]; then
    kill -TERM "$(cat "$LOGS/stream.pid")"
    wait_for "the stream has ended" ended
    return
  fi
  "$ROOT/run_dataflow.sh" drain
  wait_for "the job is drained" job_in drained
}

# ended: succeed if the local stream has printed its summary.
ended() { grep -q '"exit_reason": "signal"' "$LOGS/stream.json"; }

accounts() {
  on_ledger status --student "$STUDENT"
  settled
}

# start_servers: run Pub/Sub and Postgres on this machine until the script ends.
start_servers() {
  export VIVIDLY_STATE=$LOGS/state VIVIDLY_ARTIFACTS=$LOGS/artifacts
  "$VIVIDLY" emulators --project="$PROJECT" --port="$PORT" >"$LOGS/exports" 2>"$LOGS/servers.log" &
  SERVERS=$!
  trap stop_servers EXIT
  until grep -q VIVIDLY_DATABASE "$LOGS/exports"; do
    kill -0 "$SERVERS" 2>/dev/null || die "the local servers did not start; see $LOGS/servers.log"
    sleep 0.2
  done
  # shellcheck source=/dev/null
  . "$LOGS/exports"
}

stop_servers() {
  if [ -e "$LOGS/stream.pid" ]; then kill -KILL "$(cat "$LOGS/stream.pid")" 2>/dev/null || true; fi
  kill -TERM "$SERVERS" 2>/dev/null || true
  wait "$SERVERS" || true
}

PASSED=" " FAILED=0

# step NAME NEEDED…: run a step, unless a step that it needs did not pass; record how it ended.
step() {
  local name=$1 needed status=0 began=$SECONDS
  shift
  for needed in "$@"; do
    case $PASSED in *" $needed "*) ;; *)
      record "$name" "not run" 0 "needs $needed"
      return
      ;;
    esac
  done
  say "$name"
  # In the background, since bash ignores errors of a function whose status is looked at.
  (
    set -e
    "$name"
  ) >"$LOGS/$name.log" 2>&1 &
  wait $! || status=$?
  if [ "$status" -eq 0 ]; then
    PASSED+="$name "
    record "$name" passed $((SECONDS - began)) ""
  else
    FAILED=$((FAILED + 1))
    record "$name" FAILED $((SECONDS - began)) "see $LOGS/$name.log: $(tail -n 1 "$LOGS/$name.log" | tr '|' '/')"
  fi
}

# record STEP RESULT SECONDS DETAIL: add a row to the results, and print it.
record() {
  printf '| %s | %s | %s | %s |\n' "$1" "$2" "$3" "$4" >>"$RESULTS"
  printf '%-8s %-12s %s\n' "$2" "$1" "$4"
}

skip() { record "$1" "not run" 0 "needs a project"; }

main() {
  read_arguments "$@"
  resolve
  : >"$LOGS/published"
  printf '# The first hour\n\n%s, project %s, region %s, tag %s\n\n' \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$PROJECT" "$REGION" "$TAG" >"$RESULTS"
  printf '| step | result | seconds | detail |\n|---|---|---|---|\n' >>"$RESULTS"
  if [ "$LOCAL" = true ]; then
    start_servers
    skip resources
    skip images
    step tables
    step check tables
    skip quotas
    skip schema
    step submit check
    skip update
    skip autoscaling
    skip dashboard
  else
    step resources
    step images resources
    step tables images
    step check images
    step quotas
    step schema
    step submit tables
    step update submit
    step autoscaling submit
    step dashboard resources
  fi
  step drain submit
  step accounts submit
  say "Results: $RESULTS"
  [ "$FAILED" -eq 0 ] || exit 1
}

main "$@"
