#!/usr/bin/env bash
# Ends Vigia on minikube. The volumes of the databases stay, and the next run.sh finds them; Knative stays, too (`minikube delete` ends all).
#   terminate.sh                  everything but the volumes
#   terminate.sh --purge          the volumes and the namespace, too: nothing can be had back
#   terminate.sh --no-platform    on the cluster of kubectl's context, if it has minikube's Vigia and not another overlay's
#   terminate.sh --no-platform --context <name> [--purge]    on that one; --purge wants it by name
# MINIKUBE_PROFILE names the cluster when it is not `minikube`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=infra/cluster/environment.sh
source "$here/../environment.sh"
# shellcheck source=infra/cluster/minikube/other-vigia.sh
source "$here/other-vigia.sh"

purge=no
platform=yes
context=
while (($#)); do
  case $1 in
    --purge) purge=yes ;;
    --no-platform) platform=no ;;
    --context)
      [[ -n ${2:-} ]] || refuse "--context needs the name of one of kubectl's contexts"
      context=$2
      shift
      ;;
    *) refuse "unknown option $1: there are --purge, --no-platform and --context <name>" ;;
  esac
  shift
done
[[ $platform == no || -z $context ]] || refuse '--context belongs to --no-platform; MINIKUBE_PROFILE names another minikube'
[[ $platform == yes || $purge == no || -n $context ]] ||
  refuse '--purge --no-platform needs --context <name>: what it takes cannot be had back'
[[ $platform == no ]] || context=${MINIKUBE_PROFILE:-minikube}
kube() { kubectl ${context:+--context "$context"} "$@"; }

command -v kubectl >/dev/null || refuse 'kubectl is not on PATH'
kube version --request-timeout=10s >/dev/null 2>&1 || refuse 'no cluster answers; one that is deleted needs no ending'
refuse_other_vigia

if [[ $purge == yes ]]; then
  kube delete namespace vigia --ignore-not-found
  exit
fi
if [[ -z $(kube get namespace vigia --ignore-not-found -o name) ]]; then
  printf '%s\n' 'there is no namespace vigia: nothing to end'
  exit
fi

# In this order nothing is left to speak to what is gone: first who makes events, then who takes them, then what both need.
kinds=(
  pingsources.sources.knative.dev triggers.eventing.knative.dev services.serving.knative.dev
  sinkbindings.sources.knative.dev brokers.eventing.knative.dev
  httproutes.gateway.networking.k8s.io gateways.gateway.networking.k8s.io certificates.cert-manager.io issuers.cert-manager.io
  jobs.batch statefulsets.apps services configmaps secrets
  networkpolicies.networking.k8s.io limitranges resourcequotas serviceaccounts
)
# A cluster may be without Knative by now.
served=$(kube api-resources --namespaced --verbs=delete -o name)
for kind in "${kinds[@]}"; do
  grep -qxF -- "$kind" <<<"$served" || continue
  kube delete "$kind" --namespace vigia --selector app.kubernetes.io/part-of=vigia --ignore-not-found
done
kube wait pod --all --namespace vigia --for=delete --timeout=120s
kube get persistentvolumeclaims --namespace vigia
