#!/usr/bin/env bash
# Installs Vigia on minikube, waits until it is ready, and prints its addresses. Run it again to apply changes.
#   run.sh                  installs Knative, cert-manager and Envoy Gateway, builds the image, and installs Vigia
#   run.sh --no-platform    installs only Vigia, in kubectl's current context, which must have the rest; refuses to
#                           replace the Vigia of another overlay
#   run.sh --timeout 600    seconds to wait for each part (default 300)
# MINIKUBE_PROFILE names the minikube cluster (default: minikube).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
# shellcheck source=infra/cluster/environment.sh
source "$here/../environment.sh"
# shellcheck source=infra/cluster/minikube/other-vigia.sh
source "$here/other-vigia.sh"

knative_operator=https://github.com/knative/operator/releases/download/knative-v1.23.0/operator.yaml
envoy_gateway=https://github.com/envoyproxy/gateway/releases/download/v1.6.0/install.yaml
cert_manager=https://github.com/cert-manager/cert-manager/releases/download/v1.19.1/cert-manager.yaml

platform=yes
timeout=300
while (($#)); do
  case $1 in
    --no-platform) platform=no ;;
    --timeout)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || refuse '--timeout needs a number of seconds'
      timeout=$2
      shift
      ;;
    *) refuse "unknown option $1; the options are --no-platform and --timeout <seconds>" ;;
  esac
  shift
done

say() { printf '== %s\n' "$*"; }

# Names the context in every call, so that no call changes the cluster of kubectl's current context by accident.
context=()
profile=${MINIKUBE_PROFILE:-minikube}
[[ $platform == no ]] || context=(--context "$profile")
kube() { kubectl ${context[@]+"${context[@]}"} "$@"; }
vigia() { kube --namespace vigia "$@"; }

command -v kubectl >/dev/null || refuse 'kubectl is not on PATH; install it'
[[ $platform == no ]] || command -v minikube >/dev/null || refuse 'minikube is not on PATH; install it, or use another cluster with run.sh --no-platform'
check_environment "$here/.env"
version=$(sed -n 's/^ *newTag: *//p' "$here/../version/kustomization.yaml")
kube version --request-timeout=10s >/dev/null 2>&1 ||
  if [[ $platform == yes ]]; then
    refuse "no cluster answers; start one with: minikube start --profile $profile --cpus 4 --memory 8g"
  else
    refuse "no cluster answers in kubectl's context; check kubectl config current-context"
  fi
refuse_other_vigia

# ready WHAT CHECK COMMAND...: runs the command, which waits until WHAT is ready. When it fails, ends the script with an
# error that names WHAT and the command CHECK, which shows the reason.
ready() {
  local what=$1 check=$2
  shift 2
  "$@" --timeout "${timeout}s" || refuse "waited $timeout s for $what to be ready; to see the reason, run $check"
}

# retry COMMAND...: repeats the command until it succeeds. A webhook that has just started fails at first, because the
# API server does not have its certificate yet.
retry() {
  local deadline=$((SECONDS + timeout))
  until "$@"; do
    ((SECONDS < deadline)) || refuse "gave up after $timeout s, because this command still fails: $*"
    sleep 5
  done
}

install_platform() {
  say 'cert-manager, Envoy Gateway and the Knative operator'
  kube apply --server-side --force-conflicts -f "$cert_manager" -f "$envoy_gateway" -f "$knative_operator"
  local namespace
  for namespace in cert-manager envoy-gateway-system knative-operator; do
    ready "the deployments in $namespace" "kubectl get pods -n $namespace" \
      kube wait deployment --all --namespace "$namespace" --for=condition=Available
  done
  say 'Knative'
  retry kube apply --server-side --force-conflicts -k "$here/platform"
  # sslip.io resolves each name to the address that the name contains.
  kube patch knativeserving knative-serving --namespace knative-serving --type json --patch \
    "[{\"op\": \"add\", \"path\": \"/spec/config/domain\", \"value\": {\"$(minikube --profile "$profile" ip).sslip.io\": \"\"}}]"
  ready 'Knative Serving' 'kubectl get knativeserving -A' \
    kube wait knativeserving knative-serving --namespace knative-serving --for=condition=Ready
  ready 'Knative Eventing' 'kubectl get knativeeventing -A' \
    kube wait knativeeventing knative-eventing --namespace knative-eventing --for=condition=Ready
  say "image dev.local/vigia:$version"
  (cd "$root" && minikube --profile "$profile" image build --tag "dev.local/vigia:$version" --file infra/delivery/Dockerfile \
    --build-opt "build-arg=VERSION=$version" --build-opt "build-arg=REVISION=$(git rev-parse HEAD)" .)
}

# wait_for_migrations JOB: waits until the Job succeeds or fails. `kubectl wait` can wait for only one of the two.
wait_for_migrations() {
  local job=$1 deadline=$((SECONDS + timeout)) conditions
  until conditions=$(vigia get job "$job" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}') &&
    [[ $conditions == *Complete* ]]; do
    [[ $conditions != *Failed* ]] || refuse "the migrations failed; to see the reason, run kubectl -n vigia logs job/$job"
    ((SECONDS < deadline)) || refuse "the migrations are not done after $timeout s; to see the reason, run kubectl -n vigia logs job/$job"
    sleep 1
  done
}

[[ $platform == no ]] || install_platform

say "Vigia $version"
job=migrate-${version//./-}
# A Job's template cannot change, and a new build of the same version can have other migrations. Migrations that are
# already applied do nothing.
vigia delete job "$job" --ignore-not-found
# Functions that publish come second. The SinkBinding sets their K_SINK only when the broker is ready, and the broker
# needs the address of error-notifier. If everything were applied together, these functions would get a second
# revision. These commands also undo what `skaffold dev` changed.
kube apply --server-side --force-conflicts -k "$here" --selector 'vigia.dev/publishes!=true'
say 'broker'
for object in ksvc/error-notifier broker/default sinkbinding/publishers; do
  ready "$object" "kubectl -n vigia describe $object" vigia wait "$object" --for=condition=Ready
done
kube apply --server-side --force-conflicts -k "$here"

say 'databases'
for database in postgres mongodb; do
  ready "$database" "kubectl -n vigia describe pod -l app.kubernetes.io/name=$database" \
    vigia rollout status "statefulset/$database"
done
say 'migrations'
wait_for_migrations "$job"
say 'functions, broker, triggers, sources'
for kind in ksvc sinkbinding broker trigger pingsource; do
  ready "every $kind" "kubectl -n vigia get $kind" vigia wait "$kind" --all --for=condition=Ready
done

url=$(vigia get ksvc telegram-webhook -o 'jsonpath={.status.url}')
port=$(kube get service kourier --namespace knative-serving --ignore-not-found \
  -o 'jsonpath={.spec.ports[?(@.port==80)].nodePort}' 2>/dev/null) || port=''
consoles=$(vigia get httproutes -o 'jsonpath={range .items[*]}https://{.spec.hostnames[0]}:32443 {end}')
printf '\nVigia %s is ready.\n' "$version"
printf '  telegram-webhook  %s%s\n' "$url" "${port:+:$port}"
printf '  consoles          %s\n' "${consoles% }"
printf 'Telegram calls only public HTTPS addresses; %s says how to get one.\n' "${here#"$root/"}/README.md"
