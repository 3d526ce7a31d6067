#!/bin/sh
# Publishes the changelog of the release on the git server. ANNOUNCE is github (with gh), jx or none. Running this
# script twice has one effect.
set -eu

release=.build/release
[ -f $release/release.env ] || { echo 'no release was prepared here; run node infra/delivery/prepare.ts first' >&2; exit 1; }
# shellcheck source=/dev/null
. ./$release/release.env
[ "$PHASE" != nothing ] || { echo "v$VERSION: nothing to announce"; exit 0; }
[ "$PHASE" = published ] || {
  echo "v$VERSION is not on origin; run node infra/delivery/publish.ts first" >&2
  exit 1
}

case ${ANNOUNCE:-none} in
  github)
    command -v gh >/dev/null || { echo 'gh not found on PATH; install it, then announce again' >&2; exit 1; }
    gh release view "v$VERSION" >/dev/null 2>&1 ||
      gh release create "v$VERSION" --verify-tag --title "vigia $VERSION" --notes-file $release/changelog.md
    ;;
  jx)
    command -v jx >/dev/null || { echo 'jx not found on PATH; install it, then announce again' >&2; exit 1; }
    jx changelog create --version "v$VERSION" --output-markdown $release/jx-changelog.md
    ;;
  none) cat $release/changelog.md ;;
  *) echo "ANNOUNCE is $ANNOUNCE; it must be github, jx or none" >&2; exit 1 ;;
esac
