#!/usr/bin/env bash
# Ends Vigia on minikube. The volumes of the databases stay, and the next run.sh finds them; Knative stays, too (`minikube delete` ends all).
#   terminate.sh                  everything but the volumes
#   terminate.sh --purge          the volumes and the namespace, too: nothing can be had back
#   terminate.sh --no-platform    on the cluster of kubectl's context
# MINIKUBE_PROFILE names the cluster when it is not `minikube`.
set -euo pipefail
# shellcheck source=infra/cluster/environment.sh
source "$(dirname "${BASH_SOURCE[0]}")/../environment.sh"

purge=no
context=(--context "${MINIKUBE_PROFILE:-minikube}")
for option; do
  case $option in
    --purge) purge=yes ;;
    --no-platform) context=() ;;
    *) refuse "unknown option $option: there are --purge and --no-platform" ;;
  esac
done
kube() { kubectl ${context[@]+"${context[@]}"} "$@"; }

command -v kubectl >/dev/null || refuse 'kubectl is not on PATH'
kube version --request-timeout=10s >/dev/null 2>&1 || refuse 'no cluster answers; one that is deleted needs no ending'

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
  ingresses.networking.k8s.io certificates.cert-manager.io issuers.cert-manager.io
  jobs.batch statefulsets.apps services configmaps secrets
  networkpolicies.networking.k8s.io limitranges resourcequotas
)
# A cluster may be without Knative by now.
served=$(kube api-resources --namespaced --verbs=delete -o name)
for kind in "${kinds[@]}"; do
  grep -qxF -- "$kind" <<<"$served" || continue
  kube delete "$kind" --namespace vigia --selector app.kubernetes.io/part-of=vigia --ignore-not-found
done
kube wait pod --all --namespace vigia --for=delete --timeout=120s
kube get persistentvolumeclaims --namespace vigia
