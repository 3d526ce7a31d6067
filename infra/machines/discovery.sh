#!/usr/bin/env bash
# On a control plane, as root: writes the file that other machines join the cluster with. The token in it lives for two hours.
set -euo pipefail

refuse() {
  echo "discovery.sh: $1" >&2
  exit 1
}

# HOST_ROOT is for rehearsals.
kubernetes=${HOST_ROOT:-}/etc/kubernetes
out=${1:-}
[ -n "$out" ] || refuse 'say where to: discovery.sh discovery.conf'
[ -r "$kubernetes/admin.conf" ] || refuse "cannot read $kubernetes/admin.conf; run it as root on a control plane"

umask 077
draft=$(mktemp "$out.XXXXXX")
trap 'rm -f "$draft"' EXIT
server=$(kubectl --kubeconfig "$kubernetes/admin.conf" config view --minify --output 'jsonpath={.clusters[0].cluster.server}')
token=$(KUBECONFIG=$kubernetes/admin.conf kubeadm token create --ttl 2h)
joining() {
  kubectl --kubeconfig "$draft" config "$@" > /dev/null
}
joining set-cluster joining --server "$server" --certificate-authority "$kubernetes/pki/ca.crt" --embed-certs
joining set-credentials joining --token "$token"
joining set-context joining --cluster joining --user joining
joining use-context joining
mv "$draft" "$out"
echo "$out: put it on the new machine as /etc/kubernetes/discovery.conf"
