#!/bin/bash
# Builds the image (`make image`) with docker, podman or buildah, whichever works here, from what git knows of this checkout.
# Standard output: the image's name. Beside it lie its list of contents, and with ARCHIVE=FILE the image itself.
#
#   IMAGE        its name (default ghcr.io/ccatobs/ccat_data_transfer:VERSION)
#   BASE         pinned: the base that the Containerfile names; built: one made by make-base.sh; or a reference of your own.
#                Without it: pinned, and where that cannot be pulled, built
#   IMAGE_TOOL   docker, podman or buildah
#   ARCHIVE      a file for the image, as docker load, podman load and ctr images import read it
#   SBOM         a file for the list of contents (default dist/image/ccat_data_transfer-VERSION.cdx.json)
#   NPMRC, AUTHORITIES   npm's settings, and a file of certificate authorities, for the build alone (default: this machine's)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
say() { echo "$*" >&2; }

version=$(node -p 'require("./package.json").version')
revision=$(git rev-parse HEAD)
created=$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)
[ -z "$(git status --porcelain -- package.json package-lock.json packages system-integration/image)" ] || revision=$revision-dirty
image=${IMAGE:-ghcr.io/ccatobs/ccat_data_transfer:$version}
sbom=${SBOM:-dist/image/ccat_data_transfer-$version.cdx.json}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

main() {
  tool=${IMAGE_TOOL:-$(find_tool)}
  base=$(choose_base)
  say "building $image with $tool on $base"
  make_context
  collect_secrets
  local options=(--file system-integration/image/Containerfile --tag "$image")
  options+=(--build-arg "BASE=$base" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --build-arg "CREATED=$created")
  options+=(--secret "id=npmrc,src=$work/npmrc" --secret "id=authorities,src=$work/authorities.crt")
  # Where nobody may make namespaces, buildah does without. The commit's time for every file: the same commit makes the same image.
  [ "$tool" = docker ] || options+=(--isolation "${BUILDAH_ISOLATION:-chroot}" --format oci --layers=false --timestamp "$(git log -1 --format=%ct)")
  (cd "$work/context" && DOCKER_BUILDKIT=1 "$tool" build "${options[@]}" . >&2)

  mkdir -p "$(dirname "$sbom")"
  read_from_image /app/sbom.cdx.json >"$sbom"
  say "contents: $sbom"
  if [ -n "${ARCHIVE:-}" ]; then
    save_image
    say "archive: $ARCHIVE"
  fi
  echo "$image"
}

find_tool() {
  local one
  for one in docker podman buildah; do "$one" info >/dev/null 2>&1 && { echo "$one"; return; }; done
  say "error: an image is built by docker, podman or buildah, and none of them works here"
  say "try: sudo apt-get install buildah busybox-static netcat-openbsd"
  exit 2
}

choose_base() {
  local pinned own
  pinned=$(sed -n 's/^ARG BASE=//p' "$here/Containerfile")
  own=localhost/ccat-base:node-$(node -p 'process.versions.node')
  case ${BASE:-} in
    pinned) echo "$pinned" ;;
    built) "$here/make-base.sh" "$tool" "$own" && echo "$own" ;;
    '')
      if pull "$pinned"; then echo "$pinned"; return; fi
      say "$pinned cannot be pulled: a base is made of Node and Debian's packages instead. BASE=pinned refuses that."
      "$here/make-base.sh" "$tool" "$own" && echo "$own" ;;
    *) echo "$BASE" ;;
  esac
}

pull() {
  timeout 300 "$tool" pull "$1" >"$work/pull" 2>&1 && return
  tail -n 1 "$work/pull" >&2
  return 1
}

# What git knows, as it lies here, and nothing else: no secrets that somebody keeps in the folder. The same commit makes the
# same files, whatever the umask and the time of the checkout.
make_context() {
  mkdir "$work/context"
  git ls-files -z -- package.json package-lock.json .npmrc LICENSE packages system-integration/image \
    ":(exclude,glob)packages/*/test/**" ":(exclude,glob)packages/*/docs/**" ":(exclude,glob)packages/*/examples/**" \
    ":(exclude,glob)packages/*/scripts/**" ":!system-integration/image/test" |
    tar --null -T - --mtime="$created" --mode=u+rw,go=u,go-w -cf - | tar -C "$work/context" -xf -
}

collect_secrets() {
  umask 077
  local global user
  user=$(npm config get userconfig) global=$(npm config get globalconfig)
  if [ -n "${NPMRC:-}" ]; then cat "$NPMRC"; else cat "$global" "$user" 2>/dev/null || true; fi >"$work/npmrc"
  : >"$work/authorities.crt"
  [ -z "${AUTHORITIES:-${NODE_EXTRA_CA_CERTS:-}}" ] || cat "${AUTHORITIES:-$NODE_EXTRA_CA_CERTS}" >"$work/authorities.crt"
  umask 022
}

read_from_image() {
  local container
  case $tool in
    buildah)
      container=$(buildah from --quiet --pull-never "$image")
      buildah run --isolation chroot "$container" -- cat "$1"
      buildah rm "$container" >/dev/null ;;
    *)
      container=$("$tool" create "$image")
      "$tool" cp "$container:$1" - | tar -xO
      "$tool" rm "$container" >/dev/null ;;
  esac
}

save_image() {
  rm -f "$ARCHIVE"
  case $tool in
    buildah) buildah push --quiet "$image" "docker-archive:$ARCHIVE:$image" ;;
    *) "$tool" save --output "$ARCHIVE" "$image" ;;
  esac
}

main
