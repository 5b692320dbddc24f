# shellcheck shell=bash
# Functions shared by the scripts: messages, running or only printing a command, errors, checks.
# Written for bash 3.2, the version of macOS.

DRY_RUN=false
PROGRAM=$(basename "$0")

# die MESSAGE: print an error of usage and exit with status 2.
die() {
  printf '%s: %s\n' "$PROGRAM" "$1" >&2
  exit 2
}

# say MESSAGE: print progress on standard error; dry runs print only commands.
say() {
  if [ "$DRY_RUN" = false ]; then printf '▸ %s\n' "$1" >&2; fi
}

# need PROGRAM REMEDY: exit with the remedy unless the program is on the path.
need() {
  if [ "$DRY_RUN" = false ] && ! command -v "$1" >/dev/null 2>&1; then
    die "$1 is not on the path: $2"
  fi
}

# attempt REMEDY COMMAND…: run a command, or only print it; print the remedy if it fails.
attempt() {
  local remedy=$1 status=0
  shift
  if [ "$DRY_RUN" = true ]; then
    show "$@"
    return
  fi
  "$@" || status=$?
  if [ "$1" = answered ]; then shift; fi # a function of the caller, not part of the command
  if [ "$status" -ne 0 ]; then
    printf '%s: "%s %s %s" failed with status %d: %s\n' \
      "$PROGRAM" "$1" "${2-}" "${3-}" "$status" "$remedy" >&2
    exit 1
  fi
}

# show COMMAND…: print a command for pasting into a shell, one option per line.
show() {
  local line="" argument
  for argument in "$@"; do
    case $argument in
    --* | -e) line+=$' \\\n    ' ;;
    *) [ -z "$line" ] || line+=' ' ;;
    esac
    line+=$(quoted "$argument")
  done
  printf '%s\n' "$line"
}

# quoted WORD: print the word quoted for a shell. $JOB_ID is the only variable that stays one.
quoted() {
  case $1 in
  *"\$JOB_ID"*) printf '"%s"' "${1//\"/\\\"}" ;;
  "" | *[!A-Za-z0-9_./:=@%+,-]*) printf "'%s'" "${1//\'/\'\\\'\'}" ;;
  *) printf '%s' "$1" ;;
  esac
}

# dictionary KEY VALUE: print a pair for a gcloud flag. Pairs are separated by commas, or by another
# separator that is named in front (`gcloud topic escaping`).
dictionary() {
  local separator
  case $2 in
  *,*) ;;
  *)
    printf '%s=%s' "$1" "$2"
    return
    ;;
  esac
  for separator in '|' '~' ';' '#' '@@'; do
    case $2 in
    *"$separator"*) ;;
    *)
      printf '^%s^%s=%s' "$separator" "$1" "$2"
      return
      ;;
    esac
  done
  die "--$1 holds every character that could separate it from the next one"
}

# default_project: print the project of the environment or of gcloud's configuration.
default_project() {
  local found=${VIVIDLY_PROJECT:-${GOOGLE_CLOUD_PROJECT:-}}
  if [ -z "$found" ] && command -v gcloud >/dev/null 2>&1; then
    found=$(gcloud config get-value project 2>/dev/null) || found=""
  fi
  printf '%s' "$found"
}

# default_tag: print the checked-out commit, marked as dirty if files differ from it.
default_tag() {
  git -C "$ROOT" describe --always --dirty --abbrev=12 --match='v[0-9]*' 2>/dev/null ||
    printf 'latest'
}

# relative PATH: print a path of the repository, relative if the current folder is its root.
relative() {
  local path=$ROOT/$1
  if [ "$PWD" = "$ROOT" ]; then path=$1; fi
  printf '%s' "$path"
}

# image NAME: print an image's full name. A domain-scoped project has a slash in place of its colon.
image() {
  printf '%s' "$REGION-docker.pkg.dev/${PROJECT/://}/$REPOSITORY/$1:$TAG"
}

# build_image TARGET IMAGE: build one target of deploy/Dockerfile and push it.
build_image() {
  case $BUILDER in
  docker)
    need docker "install it, or build with --builder=cloud"
    say "Building $2"
    attempt "is the Docker engine running? --builder=cloud builds without one" \
      docker build --platform=linux/amd64 --file="$(relative deploy/Dockerfile)" \
      --target="$1" --tag="$2" "$(relative .)"
    say "Pushing it"
    attempt "run \`gcloud auth configure-docker $REGION-docker.pkg.dev\` once; the repository $REPOSITORY must exist, and you need the role Artifact Registry Writer" \
      docker push "$2"
    ;;
  cloud)
    say "Building $2 with Cloud Build"
    attempt "see the build's log; you need the role Cloud Build Editor, and the repository $REPOSITORY must exist" \
      gcloud builds submit --project="$PROJECT" --region="$REGION" \
      --config="$(relative deploy/cloudbuild.yaml)" \
      --substitutions="_IMAGE=$2,_TARGET=$1" "$(relative .)"
    ;;
  *) die "--builder=$BUILDER: it is docker or cloud" ;;
  esac
}

# refuse_password URL PROJECT: exit if the URL has a password; job viewers see all parameters.
refuse_password() {
  [[ ! $1 =~ ://[^/@]*:[^@]*@ ]] ||
    die "--database contains a password, which every viewer of the job would see: keep the URL in Secret Manager and give the secret's name, projects/$2/secrets/NAME/versions/latest"
}

check_tag() {
  [[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] ||
    die "--tag=$1 is not a tag: letters, digits, '_', '.' and '-', 128 at most"
}

check_project() {
  [ -n "$1" ] || die "no project: give --project=ID, or set VIVIDLY_PROJECT"
  [[ $1 =~ ^([a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] ||
    die "--project=$1 is not a project id: 6 to 30 small letters, digits and hyphens"
}

check_region() {
  [ -n "$1" ] || die "no region: give --region=REGION (such as us-central1), or set VIVIDLY_REGION"
  [[ $1 =~ ^[a-z]+-[a-z]+[0-9]+$ ]] || die "--region=$1 is not a region such as us-central1"
}
