#!/bin/sh
# Opens pull requests that move environments to the release. PROMOTE is jx (environment repositories), argocd (the
# revision in infra/argocd, for each of PROMOTE_ENVIRONMENTS) or none.
set -eu

release=.build/release
[ -f $release/release.env ] || { echo 'no release was prepared here; run node infra/delivery/prepare.ts first' >&2; exit 1; }
# shellcheck source=/dev/null
. ./$release/release.env
[ "$PHASE" != nothing ] || { echo "v$VERSION: nothing to promote"; exit 0; }
[ "$PHASE" = published ] || {
  echo "v$VERSION is not on origin; run node infra/delivery/publish.ts first" >&2
  exit 1
}

case ${PROMOTE:-none} in
  jx)
    command -v jx >/dev/null || { echo 'jx not found on PATH; install it, then promote again' >&2; exit 1; }
    jx promote --batch-mode --all --timeout 1h --no-poll --app vigia --version "$VERSION" \
      --add-changelog $release/changelog.md
    ;;
  argocd) node infra/delivery/promote.ts ;;
  none) echo "v$VERSION: not promoted, because PROMOTE is none or not set; promote it by hand" ;;
  *) echo "PROMOTE is $PROMOTE; it must be jx, argocd or none" >&2; exit 1 ;;
esac
