#!/bin/sh
# Builds the image from a clean clone and pushes it:
# push-image.sh <folder> <image:tag> <version> <revision> <digest file>
# BUILDER is docker (buildx), buildah or skaffold. The digest file gets `<revision> <digest>`, with the digest in the
# registry, not a local one.
set -eu

[ $# -eq 5 ] || { echo 'usage: push-image.sh <folder> <image:tag> <version> <revision> <digest file>' >&2; exit 2; }
folder=$1 image=$2 version=$3 revision=$4 kept=$5
builder=${BUILDER:-docker}

case $builder in
  docker | buildah | skaffold) ;;
  *) echo "BUILDER is $builder; it must be docker, buildah or skaffold" >&2; exit 1 ;;
esac
command -v "$builder" >/dev/null || { echo "$builder not found on PATH; install it or set BUILDER" >&2; exit 1; }

answer=$(mktemp)
trap 'rm -f "$answer"' EXIT
cd "$folder"
# The time of the commit, so that two builds of a commit have the same label.
created=$(git log -1 --format=%cI)
# Docker and buildah take the same arguments.
set -- --file infra/delivery/Dockerfile --tag "$image" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
  --build-arg "CREATED=$created" --build-arg "SOURCE=${SOURCE:-}"
case $builder in
  docker)
    docker buildx build "$@" --provenance=mode=max --sbom=true --push --metadata-file "$answer" . >&2
    digest=$(sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' "$answer" | head -n 1)
    ;;
  buildah)
    buildah build --layers "$@" . >&2
    buildah push --digestfile "$answer" "$image" >&2
    digest=$(cat "$answer")
    ;;
  skaffold)
    # Skaffold puts the default repository before the artifact's name, `vigia`. The profile reads the variables.
    export VERSION="$version" REVISION="$revision" CREATED="$created" SOURCE="${SOURCE:-}"
    skaffold build --profile jx --default-repo "${image%/*}" --tag "${image##*:}" --file-output "$answer" >&2
    digest=$(sed -n 's/.*"tag": *"[^"]*@\(sha256:[0-9a-f]*\)".*/\1/p' "$answer" | head -n 1)
    ;;
esac

case $digest in
  sha256:*) echo "$revision $digest" >"$kept" ;;
  *) echo "$builder pushed $image but reported no digest; see its output above" >&2; exit 1 ;;
esac
