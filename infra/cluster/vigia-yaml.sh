#!/usr/bin/env bash
# Keeps the monitors in a file, in kubectl's current context: stores the file in the ConfigMap vigia-yaml, runs the Job
# of vigia-yaml.yaml, prints its log, and exits with its exit code. It takes the image from the Service error-notifier.
#   vigia-yaml.sh plan <file> | apply <file> [--yes] | export [--chat=<id>]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/cluster/run-job.sh
source "$here/run-job.sh"
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
job=$(sed -e "s|image: vigia$|image: $image|" -e "s|args: \[plan, .*\]|args: [$list]|" "$here/vigia-yaml.yaml")
run_job vigia-yaml <<<"$job"
