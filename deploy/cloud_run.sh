#!/usr/bin/env bash
# Manage drains on Cloud Run: a job, started by hand or on a schedule, or a service. See usage below
# and docs/deploy.md. It runs only the commands that `--dry-run` prints.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/common.sh
. "$ROOT/deploy/common.sh"

usage() {
  cat <<'TEXT'
usage: deploy/cloud_run.sh VERB [option…]

verbs
  build      build the container image of drains and push it
  job        create or replace the job (deploy/cloud-run/job.yaml)
  check      run `vividly check` in the job, as its account and from its network
  execute    start the job now, and wait for its end
  schedule   create a Cloud Scheduler job that starts the job
  service    create or replace the service (deploy/cloud-run/service.yaml)

options of every verb (variable, default)
  --project=ID           project (VIVIDLY_PROJECT, GOOGLE_CLOUD_PROJECT, gcloud's)
  --region=REGION        region (VIVIDLY_REGION)
  --dry-run              print the commands, run none
  --help

build, job, service
  --repository=NAME      Artifact Registry repository (VIVIDLY_REPOSITORY, vividly)
  --tag=TAG              tag of the image (VIVIDLY_TAG, the commit checked out)
  --builder=docker|cloud build: here with docker, or with Cloud Build (docker)

job, service
  --service-account=MAIL account that drains run as (VIVIDLY_SERVICE_ACCOUNT)
  --subscription=NAME    Pub/Sub subscription (VIVIDLY_SUBSCRIPTION)
  --database=SECRET      secret that holds the URL of Postgres, projects/…/secrets/…, or a URL
                         without a password (VIVIDLY_DATABASE)
  --artifacts=gs://…     bucket and prefix of artifacts (VIVIDLY_ARTIFACTS)

schedule
  --service-account=MAIL account that starts the job; needs the role Cloud Run Invoker
  --schedule=CRON        when (*/10 * * * *, every ten minutes)
TEXT
}

VERB="" PROJECT="" REGION="" BUILDER=docker SCHEDULE="*/10 * * * *"
REPOSITORY=${VIVIDLY_REPOSITORY:-vividly}
TAG=${VIVIDLY_TAG:-}
SERVICE_ACCOUNT=${VIVIDLY_SERVICE_ACCOUNT:-}
SUBSCRIPTION=${VIVIDLY_SUBSCRIPTION:-}
DATABASE=${VIVIDLY_DATABASE:-}
ARTIFACTS=${VIVIDLY_ARTIFACTS:-}
NAME=vividly-drain # as in the two files

read_arguments() {
  local argument
  while [ $# -gt 0 ]; do
    argument=$1
    shift
    case $argument in
    -h | --help)
      usage
      exit 0
      ;;
    --dry-run) DRY_RUN=true ;;
    --*=*) option "${argument%%=*}" "${argument#*=}" ;;
    --*)
      [ $# -gt 0 ] || die "$argument needs a value: $argument=…"
      option "$argument" "$1"
      shift
      ;;
    *)
      [ -z "$VERB" ] || die "unexpected argument: $argument (options look like --name=value)"
      VERB=$argument
      ;;
    esac
  done
  [ -n "$VERB" ] || die "no verb; deploy/cloud_run.sh --help lists them"
}

option() {
  case $1 in
  --project) PROJECT=$2 ;;
  --region) REGION=$2 ;;
  --repository) REPOSITORY=$2 ;;
  --tag) TAG=$2 ;;
  --builder) BUILDER=$2 ;;
  --service-account) SERVICE_ACCOUNT=$2 ;;
  --subscription) SUBSCRIPTION=$2 ;;
  --database) DATABASE=$2 ;;
  --artifacts) ARTIFACTS=$2 ;;
  --schedule) SCHEDULE=$2 ;;
  *) die "there is no option $1; deploy/cloud_run.sh --help lists them" ;;
  esac
}

# replace KIND FILE: fill in a file's variables and pass it to gcloud on standard input.
replace() {
  local kind=$1 file=$2 pair name value
  need_account "the account that drains run as"
  [ -n "$SUBSCRIPTION" ] || die "no subscription: give --subscription=NAME"
  [ -n "$DATABASE" ] || die "no database: give --database=projects/…/secrets/…"
  refuse_password "$DATABASE" "$PROJECT"
  [[ $ARTIFACTS =~ ^gs:// ]] || die "no bucket for artifacts: give --artifacts=gs://bucket/prefix"
  local sed=(sed)
  for pair in "IMAGE=$IMAGE" "PROJECT=$PROJECT" "SERVICE_ACCOUNT=$SERVICE_ACCOUNT" \
    "SUBSCRIPTION=$SUBSCRIPTION" "DATABASE=$DATABASE" "ARTIFACTS=$ARTIFACTS"; do
    name=${pair%%=*}
    value=${pair#*=}
    [[ $value =~ ^[A-Za-z0-9_./:@%?\&=+-]+$ ]] ||
      die "$name contains an invalid character: $value"
    sed+=(-e "s|\${$name}|${value//&/\\&}|") # sed replaces a bare & by the matched text
  done
  sed+=("$(relative "$file")")
  local gcloud=(gcloud run "$kind" replace - --project="$PROJECT" --region="$REGION")
  if [ "$DRY_RUN" = true ]; then
    printf '%s |\n  %s\n' "$(show "${sed[@]}")" "$(show "${gcloud[@]}")"
    return
  fi
  "${sed[@]}" | attempt "you need the roles Cloud Run Developer and Service Account User, and the API run.googleapis.com; \`deploy/cloud_run.sh build\` builds the image" "${gcloud[@]}"
}

need_account() {
  [[ $SERVICE_ACCOUNT =~ ^[^@[:space:]]+@[^@[:space:]]+$ ]] ||
    die "no service account: give --service-account=MAIL, $1"
}

main() {
  read_arguments "$@"
  PROJECT=${PROJECT:-$(default_project)}
  REGION=${REGION:-${VIVIDLY_REGION:-}}
  TAG=${TAG:-$(default_tag)}
  check_project "$PROJECT"
  check_region "$REGION"
  check_tag "$TAG"
  IMAGE=$(image "drain")
  need gcloud "install the Google Cloud CLI (https://cloud.google.com/sdk/docs/install)"
  case $VERB in
  build) build_image drain "$IMAGE" ;;
  job) replace jobs deploy/cloud-run/job.yaml ;;
  service) replace services deploy/cloud-run/service.yaml ;;
  check)
    attempt "the log of this execution names what is missing, and the remedy" \
      gcloud run jobs execute "$NAME" --project="$PROJECT" --region="$REGION" \
      --args=check,drain --wait
    ;;
  execute)
    attempt "create it first (job); its log has the reason: status 3 is a dependency that stayed down" \
      gcloud run jobs execute "$NAME" --project="$PROJECT" --region="$REGION" --wait
    ;;
  schedule)
    need_account "the account that starts the job"
    attempt "you need the role Cloud Scheduler Admin and the API cloudscheduler.googleapis.com; change one that exists with \`gcloud scheduler jobs update http\`" \
      gcloud scheduler jobs create http "$NAME" --project="$PROJECT" --location="$REGION" \
      --schedule="$SCHEDULE" --http-method=post \
      --uri="https://run.googleapis.com/v2/projects/$PROJECT/locations/$REGION/jobs/$NAME:run" \
      --oauth-service-account-email="$SERVICE_ACCOUNT"
    ;;
  *) die "unknown verb: $VERB; deploy/cloud_run.sh --help lists them" ;;
  esac
}

main "$@"
