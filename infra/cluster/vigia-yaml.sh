#!/usr/bin/env bash
# Keeps the monitors in a file, in kubectl's current context: stores the file in the ConfigMap vigia-yaml, runs the Job
# of vigia-yaml.yaml, prints its log, and exits with its exit code. It takes the image from the Service error-notifier.
#   vigia-yaml.sh plan <file> | apply <file> [--yes] | export [--chat=<id>]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
refuse() { echo "vigia-yaml: $*" >&2; exit 2; }
usage='usage: vigia-yaml.sh plan <file> | apply <file> [--yes] | export [--chat=<id>]'
verb=${1:-}
case "$verb" in
  plan | apply)
    file=${2:-}
    [[ $# -eq 2 || ( $verb == apply && $# -eq 3 && $3 == --yes ) ]] || refuse "$usage"
    [[ -f $file && -r $file ]] || refuse "cannot read $file"
    list="$verb, /etc/vigia/vigia.yaml${3:+, $3}"
    ;;
  export)
    [[ $# -eq 1 || ( $# -eq 2 && $2 =~ ^--chat=-?[0-9]+$ ) ]] || refuse "$usage"
    list="$verb${2:+, \"$2\"}"
    ;;
  *) refuse "$usage" ;;
esac
image=$(kubectl -n vigia get ksvc error-notifier -o 'jsonpath={.spec.template.spec.containers[0].image}')
if [[ $verb != export ]]; then
  map=$(kubectl -n vigia create configmap vigia-yaml --from-file=vigia.yaml="$file" --dry-run=client -o yaml </dev/null)
  kubectl apply --server-side --force-conflicts -f - <<<"$map" >/dev/null
fi
job=$(sed -e "s|image: vigia$|image: $image|" -e "s|args: \[plan, .*\]|args: [$list]|" "$here/vigia-yaml.yaml" | kubectl create -o name -f -)
kubectl -n vigia wait --for=jsonpath='{.status.ready}'=1 "$job" --timeout=60s >/dev/null 2>&1 || true
kubectl -n vigia logs --follow --pod-running-timeout=120s "$job"
# The log may end a moment before the kubelet reports the exit code.
for _ in {1..30}; do
  code=$(kubectl -n vigia get pods -l "job-name=${job#*/}" -o 'jsonpath={.items[*].status.containerStatuses[*].state.terminated.exitCode}')
  if [[ $code ]]; then exit "$code"; fi
  sleep 1
done
echo "vigia-yaml: the exit code of $job is not known; kubectl -n vigia describe $job" >&2
exit 1
