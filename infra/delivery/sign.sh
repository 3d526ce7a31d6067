#!/bin/sh
# Signs the built image by its digest, with COSIGN_KEY or with the identity of the pipeline (keyless).
set -eu

release=.build/release
[ -f $release/release.env ] || { echo 'no release was prepared here; run node infra/delivery/prepare.ts first' >&2; exit 1; }
# shellcheck source=/dev/null
. ./$release/release.env
[ "$PHASE" = drafted ] || { echo "v$VERSION: nothing to sign ($PHASE)"; exit 0; }
command -v cosign >/dev/null || { echo 'cosign not found on PATH; install it, then sign again' >&2; exit 1; }

read -r built digest 2>/dev/null <$release/image || built=
[ "$built" = "$REVISION" ] || {
  echo "no image of $REVISION was built; run sh infra/delivery/release-image.sh first" >&2
  exit 1
}
cosign sign --yes ${COSIGN_KEY:+--key "$COSIGN_KEY"} --annotations "revision=$REVISION" "$IMAGE@$digest"
# publish.ts refuses a digest that is not in this file.
echo "$digest" >$release/signed
