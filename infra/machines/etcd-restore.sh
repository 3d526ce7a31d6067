#!/usr/bin/env bash
# Written from infra/machines/inventory.yaml by `npm run machines`: edit that file, not this one.
# Puts a snapshot of etcd back. On every control plane (cp1, cp2, cp3), as root: first "stop" on all of them, then "restore" on all of
# them with the same file. What was there is moved aside, never deleted.
set -euo pipefail

refuse() {
  echo "etcd-restore.sh: $1" >&2
  exit 1
}

# HOST_ROOT is for rehearsals.
root=${HOST_ROOT:-}
manifests=$root/etc/kubernetes/manifests
parked=$root/etc/kubernetes/manifests.parked
data=$root/var/lib/etcd
name=$(hostname -s)

case $name in
  cp1) address=10.77.0.21 ;;
  cp2) address=10.77.0.22 ;;
  cp3) address=10.77.0.23 ;;
  *) refuse "this machine is $name, which is no control plane; run it on cp1, cp2, cp3" ;;
esac

running() {
  local containers
  containers=$(crictl ps --quiet --name '^(etcd|kube-apiserver)$') || refuse "crictl cannot say what runs; is containerd up?"
  [ -n "$containers" ]
}

stop() {
  [ -d "$manifests" ] || refuse "there is no $manifests; has this machine joined the cluster?"
  [ ! -e "$parked" ] || refuse "$parked exists: it is stopped already; go on with \"restore\""
  mv "$manifests" "$parked"
  mkdir "$manifests"
  for _ in $(seq 60); do
    running || {
      echo "$name: stopped; when every control plane is, run: etcd-restore.sh restore <snapshot>"
      return
    }
    sleep 1
  done
  refuse "etcd or the API server still runs after 60 s; look at: crictl ps"
}

restore() {
  local snapshot=$1 before
  [ -f "$snapshot" ] || refuse "there is no snapshot $snapshot"
  [ -d "$parked" ] || refuse "run \"stop\" on every control plane first"
  command -v etcdutl > /dev/null || refuse "etcdutl is not on PATH; see README, \"etcd: backup and restore\""
  ! running || refuse "etcd or the API server runs; look at: crictl ps"
  before=$data.before-$(date -u +%Y%m%dT%H%M%SZ)
  # Into a folder of its own first: a restore that fails leaves everything as it was.
  rm -rf "$data.new"
  # The revision jumps ahead: controllers that remember newer ones would otherwise trust their caches over the past.
  etcdutl snapshot restore "$snapshot" \
    --name "$name" \
    --initial-cluster cp1=https://10.77.0.21:2380,cp2=https://10.77.0.22:2380,cp3=https://10.77.0.23:2380 \
    --initial-cluster-token vigia-restored \
    --initial-advertise-peer-urls "https://$address:2380" \
    --bump-revision 1000000000 \
    --mark-compacted \
    --data-dir "$data.new" || refuse "$snapshot could not be restored, take another; nothing was changed"
  [ ! -e "$data" ] || mv "$data" "$before"
  mv "$data.new" "$data"
  chmod 700 "$data"
  rmdir "$manifests"
  mv "$parked" "$manifests"
  echo "$name: restored; what was there is in $before"
}

case ${1:-} in
  stop) stop ;;
  restore) restore "${2:-}" ;;
  *) refuse "say \"stop\" or \"restore <snapshot>\"" ;;
esac
