#!/bin/sh
# Builds the drafted release's image from a clone of the tag and of nothing else, under a name that is no version's yet.
set -eu

release=.build/release
[ -f $release/release.env ] || { echo 'no release was prepared here: node infra/delivery/prepare.ts comes first' >&2; exit 1; }
# shellcheck source=/dev/null
. ./$release/release.env
[ "$PHASE" = drafted ] || { echo "v$VERSION: nothing to build ($PHASE)"; exit 0; }

read -r built _ 2>/dev/null <$release/image || built=
[ "$built" != "$REVISION" ] || { echo "v$VERSION: $REVISION was built already"; exit 0; }

here=$(pwd)
clean=$(mktemp -d)
trap 'rm -rf "$clean"' EXIT
git clone --quiet --branch "v$VERSION" -c advice.detachedHead=false "$release/source" "$clean/source"
[ "$(git -C "$clean/source" rev-parse HEAD)" = "$REVISION" ] || {
  echo "v$VERSION is not $REVISION in the draft: node infra/delivery/prepare.ts" >&2
  exit 1
}
candidate=$IMAGE:candidate-$(printf %.12s "$REVISION")
SOURCE=$SOURCE sh infra/delivery/push-image.sh "$clean/source" "$candidate" "$VERSION" "$REVISION" "$here/$release/image"
