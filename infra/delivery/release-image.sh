#!/bin/sh
# Builds the image of the drafted release from a clean clone of its git tag. The image is tagged as a candidate, not yet
# with the version.
set -eu

release=.build/release
[ -f $release/release.env ] || { echo 'no release was prepared here; run node infra/delivery/prepare.ts first' >&2; exit 1; }
# shellcheck source=/dev/null
. ./$release/release.env
[ "$PHASE" = drafted ] || { echo "v$VERSION: nothing to build ($PHASE)"; exit 0; }

read -r built _ 2>/dev/null <$release/image || built=
[ "$built" != "$REVISION" ] || { echo "v$VERSION: $REVISION was built already"; exit 0; }

checkout=$(pwd)
clean=$(mktemp -d)
trap 'rm -rf "$clean"' EXIT
git clone --quiet --branch "v$VERSION" -c advice.detachedHead=false "$release/source" "$clean/source"
[ "$(git -C "$clean/source" rev-parse HEAD)" = "$REVISION" ] || {
  echo "the tag v$VERSION in the draft does not name $REVISION; run node infra/delivery/prepare.ts again" >&2
  exit 1
}
candidate=$IMAGE:candidate-$(printf %.12s "$REVISION")
SOURCE=$SOURCE sh infra/delivery/push-image.sh "$clean/source" "$candidate" "$VERSION" "$REVISION" "$checkout/$release/image"
