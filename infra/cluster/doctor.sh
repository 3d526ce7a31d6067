#!/usr/bin/env bash
# Checks the installation in kubectl's current context: runs the Job of doctor.yaml, prints its log, and exits with its
# exit code: 1 if a check failed, else 0. The script takes the image from the Service error-notifier, and the
# broker's address from the object Broker.
#   doctor.sh [--json]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/cluster/run-job.sh
source "$here/run-job.sh"
if [[ ! ${*:-} =~ ^(--json)?$ ]]; then echo "doctor: $* is not a valid argument: --json, or none" >&2; exit 2; fi
image=$(kubectl -n vigia get ksvc error-notifier -o 'jsonpath={.spec.template.spec.containers[0].image}')
sink=$(kubectl -n vigia get broker default -o 'jsonpath={.status.address.url}')
job=$(sed -e "s|image: vigia$|image: $image|" -e "s|args: \[\]|args: [$*]|" -e "s|value: http://broker-ingress.*|value: $sink|" \
  "$here/doctor.yaml")
run_job doctor <<<"$job"
