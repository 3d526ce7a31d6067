#!/usr/bin/env bash
# Shows and replays dead letters: runs the Job of dead-letters.yaml in kubectl's current context and prints its log.
# The script takes the image from the Service error-notifier, and the broker's address from the object Broker.
#   dead-letters.sh list | show <id> | replay <id> …
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for argument in "$@"; do
  if [[ ! $argument =~ ^[a-z0-9-]+$ ]]; then echo "dead-letters: $argument is not a valid argument: list | show <id> | replay <id> …" >&2; exit 2; fi
done
list=$(printf ', "%s"' "${@:-list}")
image=$(kubectl -n vigia get ksvc error-notifier -o 'jsonpath={.spec.template.spec.containers[0].image}')
sink=$(kubectl -n vigia get broker default -o 'jsonpath={.status.address.url}')
job=$(sed -e "s|image: vigia$|image: $image|" -e "s|args: \[list\]|args: [${list:2}]|" -e "s|value: http://broker-ingress.*|value: $sink|" \
  "$here/dead-letters.yaml" | kubectl create -o name -f -)
kubectl -n vigia wait --for=jsonpath='{.status.ready}'=1 "$job" --timeout=60s >/dev/null 2>&1 || true
kubectl -n vigia logs --follow --pod-running-timeout=120s "$job"
