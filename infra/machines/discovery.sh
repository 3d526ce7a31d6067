#!/usr/bin/env bash
# Writes the file with which other machines join the cluster. Run it as root on a control plane. The token in the file
# is valid for two hours.
set -euo pipefail

refuse() {
  echo "discovery.sh: $1" >&2
  exit 1
}

# Tests set HOST_ROOT to a folder that stands for the machine's file system.
kubernetes=${HOST_ROOT:-}/etc/kubernetes
out=${1:-}
[ -n "$out" ] || refuse 'usage: discovery.sh <file>, for example discovery.sh discovery.conf'
[ -r "$kubernetes/admin.conf" ] || refuse "cannot read $kubernetes/admin.conf; run it as root on a control plane"

umask 077
draft=$(mktemp "$out.XXXXXX")
trap 'rm -f "$draft"' EXIT
server=$(kubectl --kubeconfig "$kubernetes/admin.conf" config view --minify --output 'jsonpath={.clusters[0].cluster.server}')
token=$(KUBECONFIG=$kubernetes/admin.conf kubeadm token create --ttl 2h)
configure() {
  kubectl --kubeconfig "$draft" config "$@" > /dev/null
}
configure set-cluster joining --server "$server" --certificate-authority "$kubernetes/pki/ca.crt" --embed-certs
configure set-credentials joining --token "$token"
configure set-context joining --cluster joining --user joining
configure use-context joining
mv "$draft" "$out"
echo "$out is written; copy it to the new machine as /etc/kubernetes/discovery.conf"
