# shellcheck shell=bash
# A function for run.sh and terminate.sh, which define `kube` and `refuse`.

# refuse_other_vigia: ends the script when the Broker in the namespace is not of minikube's class, or cannot be read. A
# Broker on Kafka or RabbitMQ belongs to a production installation. Without this check the scripts would change it when
# kubectl's current context points to its cluster.
refuse_other_vigia() {
  local known class
  known=$(kube get customresourcedefinitions brokers.eventing.knative.dev --ignore-not-found --output name 2>/dev/null) ||
    refuse 'cannot read the kinds of the cluster, so it could have the Vigia of another overlay; check kubectl get crds'
  [[ -n $known ]] || return 0
  class=$(kube get brokers.eventing.knative.dev default --namespace vigia --ignore-not-found \
    --output 'jsonpath={.metadata.annotations.eventing\.knative\.dev/broker\.class}' 2>/dev/null) ||
    refuse 'cannot read the Broker in the namespace vigia, so this could be the Vigia of another overlay; check kubectl -n vigia get broker'
  [[ -z $class || $class == MTChannelBasedBroker ]] ||
    refuse "the Broker in the namespace vigia is of class $class: this is the Vigia of another overlay; check kubectl config current-context"
}
