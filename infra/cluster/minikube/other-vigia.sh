# shellcheck shell=bash
# Sourced by run.sh and terminate.sh, which have `kube` and `refuse`.

# refuse_other_vigia: ends the script where the Broker of the namespace is not minikube's. Its events are in Kafka or RabbitMQ then: production,
# which the context that kubectl happens to look at must not hit. Who cannot see the Broker goes no further either.
refuse_other_vigia() {
  local known class
  known=$(kube get customresourcedefinitions brokers.eventing.knative.dev --ignore-not-found --output name 2>/dev/null) ||
    refuse 'cannot see whether the cluster has Brokers, and so not whose Vigia is there'
  [[ -n $known ]] || return 0
  class=$(kube get brokers.eventing.knative.dev default --namespace vigia --ignore-not-found \
    --output 'jsonpath={.metadata.annotations.eventing\.knative\.dev/broker\.class}' 2>/dev/null) ||
    refuse 'cannot see the Broker of the namespace vigia, and so not whose Vigia is there'
  [[ -z $class || $class == MTChannelBasedBroker ]] ||
    refuse "the Broker of the namespace vigia is of class $class: this is no trial cluster; see kubectl config current-context"
}
