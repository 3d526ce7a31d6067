#!/usr/bin/env bash
# The other scripts of this folder source this file.

# run_job NAME: creates the Job that standard input describes, prints its log, and exits with its exit code. NAME is the
# script's name in messages.
run_job() {
  local job code
  job=$(kubectl create -o name -f -)
  kubectl -n vigia wait --for=jsonpath='{.status.ready}'=1 "$job" --timeout=60s >/dev/null 2>&1 || true
  kubectl -n vigia logs --follow --pod-running-timeout=120s "$job"
  # The log may end a moment before the kubelet reports the exit code.
  for _ in {1..30}; do
    code=$(kubectl -n vigia get pods -l "job-name=${job#*/}" -o 'jsonpath={.items[*].status.containerStatuses[*].state.terminated.exitCode}')
    if [[ $code ]]; then exit "$code"; fi
    sleep 1
  done
  echo "$1: the exit code of $job is not known; kubectl -n vigia describe $job" >&2
  exit 1
}
