#!/usr/bin/env bash
# Replaces everything in PostgreSQL by a backup of `npm run vigia -- backup`, in kubectl's current context.
#   restore.sh <file> --yes
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ $# -ne 2 || $2 != --yes ]]; then
  echo 'restore: usage: restore.sh <file> --yes; this replaces everything in PostgreSQL' >&2
  exit 2
fi
file=$1
if [[ ! -f $file || ! -r $file ]]; then
  echo "restore: cannot read $file" >&2
  exit 1
fi
image=$(kubectl -n vigia get ksvc error-notifier -o 'jsonpath={.spec.template.spec.containers[0].image}')
sed -e "s|image: vigia$|image: $image|" "$here/restore.yaml" | kubectl create -f - >/dev/null
trap 'kubectl -n vigia delete pod restore --ignore-not-found --wait=false >/dev/null' EXIT
if ! kubectl -n vigia wait --for=condition=Ready pod/restore --timeout=120s >/dev/null; then
  kubectl -n vigia describe pod restore >&2
  exit 1
fi
# attach sends the file. Its exit code is not that of the Pod, so the Pod's phase decides below.
kubectl -n vigia attach --stdin --quiet pod/restore <"$file" >/dev/null || true
while phase=$(kubectl -n vigia get pod restore -o 'jsonpath={.status.phase}') && [[ $phase == Running ]]; do sleep 1; done
kubectl -n vigia logs pod/restore
[[ $phase == Succeeded ]] || exit 1
