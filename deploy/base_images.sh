#!/usr/bin/env bash
# Pin the base images of deploy/Dockerfile by digest. See usage below and docs/supply-chain.md.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/common.sh
. "$ROOT/deploy/common.sh"
DOCKERFILE=$ROOT/deploy/Dockerfile

usage() {
  cat <<'TEXT'
usage: deploy/base_images.sh VERB

verbs
  check   list the base images; the exit status is 1 if one has no digest
  renew   ask the registries for the digests that the tags have now, and write them to the Dockerfile

A digest fixes the image; the tag before it only says which one it is. To move to another tag, change
it in deploy/Dockerfile and run renew. It needs docker with buildx, but no running engine.
TEXT
}

# images: print NAME=TAG[@DIGEST] for each base image.
images() { sed -n 's/^ARG \([A-Z]*_IMAGE=.*\)$/\1/p' "$DOCKERFILE"; }

check() {
  local line status=0
  while read -r line; do
    case $line in
    *@sha256:*) printf 'ok      %s\n' "${line#*=}" ;;
    *)
      printf 'by tag  %s: run deploy/base_images.sh renew\n' "${line#*=}"
      status=1
      ;;
    esac
  done < <(images)
  return "$status"
}

renew() {
  local line name tag digest
  need docker "install it, with its plugin buildx"
  while read -r line; do
    name=${line%%=*}
    tag=${line#*=}
    tag=${tag%@*}
    digest=$(attempt "can this machine reach the image's registry?" \
      docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$tag" </dev/null) || exit 1
    [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || die "$tag: the registry's answer is no digest: $digest"
    sed "s|^ARG $name=.*|ARG $name=$tag@$digest|" "$DOCKERFILE" >"$DOCKERFILE.new"
    cat "$DOCKERFILE.new" >"$DOCKERFILE"
    rm "$DOCKERFILE.new"
    say "$tag@$digest"
  done < <(images)
}

case ${1:-} in
check | renew) "$1" ;;
-h | --help) usage ;;
*)
  usage >&2
  exit 2
  ;;
esac
