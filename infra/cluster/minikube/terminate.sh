#!/usr/bin/env bash
# Removes Vigia from minikube. The volumes of the databases stay, and the next run.sh uses them again. Knative stays too
# (`minikube delete` removes everything).
#   terminate.sh                  removes everything except the volumes
#   terminate.sh --purge          removes the volumes and the namespace too; this cannot be undone
#   terminate.sh --no-platform    uses kubectl's current context; refuses to remove the Vigia of another overlay
#   terminate.sh --no-platform --context <name> [--purge]    uses that context; --purge needs --context here
# MINIKUBE_PROFILE names the minikube cluster (default: minikube).
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
    *) refuse "unknown option $1; the options are --purge, --no-platform and --context <name>" ;;
  esac
  shift
done
[[ $platform == no || -z $context ]] || refuse '--context needs --no-platform; set MINIKUBE_PROFILE to use another minikube cluster'
[[ $platform == yes || $purge == no || -n $context ]] ||
  refuse '--purge --no-platform needs --context <name>, because the purge cannot be undone'
[[ $platform == no ]] || context=${MINIKUBE_PROFILE:-minikube}
kube() { kubectl ${context:+--context "$context"} "$@"; }

command -v kubectl >/dev/null || refuse 'kubectl is not on PATH; install it'
kube version --request-timeout=10s >/dev/null 2>&1 || refuse 'no cluster answers; start it, or if it was deleted, there is nothing to remove'
refuse_other_vigia

if [[ -z $(kube get namespace vigia --ignore-not-found -o name) ]]; then
  printf '%s\n' 'there is no namespace vigia: nothing to remove'
  exit
fi

# In this order no remaining object calls a deleted one: first the kinds that publish events, then the kinds that
# receive them, then the kinds that both need.
kinds=(
  pingsources.sources.knative.dev triggers.eventing.knative.dev services.serving.knative.dev
  sinkbindings.sources.knative.dev brokers.eventing.knative.dev
  httproutes.gateway.networking.k8s.io gateways.gateway.networking.k8s.io certificates.cert-manager.io issuers.cert-manager.io
  jobs.batch statefulsets.apps services configmaps secrets
  networkpolicies.networking.k8s.io limitranges resourcequotas serviceaccounts
)
# Knative may already be removed, so the script first asks which kinds the cluster has.
served=$(kube api-resources --namespaced --verbs=delete -o name)
for kind in "${kinds[@]}"; do
  grep -qxF -- "$kind" <<<"$served" || continue
  kube delete "$kind" --namespace vigia --selector app.kubernetes.io/part-of=vigia --ignore-not-found
done
if [[ $purge == yes ]]; then
  # The namespace comes last. If it still has pods, Kubernetes deletes them first and looks again only after half of
  # their longest grace period: after 150 s if a pod of uptime-prober (300 s) is there.
  kube delete pod --all --namespace vigia
  kube delete namespace vigia
else
  kube wait pod --all --namespace vigia --for=delete --timeout=120s
  kube get persistentvolumeclaims --namespace vigia
fi
