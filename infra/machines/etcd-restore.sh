#!/usr/bin/env bash
# Generated from infra/machines/inventory.yaml by `npm run machines`: edit that file, not this one.
# Restores a snapshot of etcd. Run it as root on every control plane (cp1, cp2, cp3): first "stop" on all of them, then
# "restore" on all of them with the same file. The old data is moved aside, never deleted.
set -euo pipefail

refuse() {
  echo "etcd-restore.sh: $1" >&2
  exit 1
}

# Tests set HOST_ROOT to a folder that stands for the machine's file system.
root=${HOST_ROOT:-}
manifests=$root/etc/kubernetes/manifests
parked=$root/etc/kubernetes/manifests.parked
data=$root/var/lib/etcd
name=$(hostname -s)

case $name in
  cp1) address=10.77.0.21 ;;
  cp2) address=10.77.0.22 ;;
  cp3) address=10.77.0.23 ;;
  *) refuse "this machine is $name, which is not a control plane; run this on cp1, cp2, cp3" ;;
esac

running() {
  local containers
  containers=$(crictl ps --quiet --name '^(etcd|kube-apiserver)$') || refuse "crictl cannot list the containers; is containerd running?"
  [ -n "$containers" ]
}

stop() {
  [ -d "$manifests" ] || refuse "there is no $manifests; has this machine joined the cluster?"
  [ ! -e "$parked" ] || refuse "$parked exists, so etcd is already stopped here; continue with \"restore\""
  mv "$manifests" "$parked"
  mkdir "$manifests"
  for _ in $(seq 60); do
    running || {
      echo "$name: stopped; when every control plane is stopped, run: etcd-restore.sh restore <snapshot>"
      return
    }
    sleep 1
  done
  refuse "etcd or the API server still runs after 60 s; check: crictl ps"
}

restore() {
  local snapshot=$1 before old
  [ -f "$snapshot" ] || refuse "there is no snapshot $snapshot"
  [ -d "$parked" ] || refuse "run \"stop\" on every control plane first"
  command -v etcdutl > /dev/null || refuse "etcdutl is not on PATH; infra/machines/README.md says how to install it"
  ! running || refuse "etcd or the API server still runs; check: crictl ps"
  before=$data.before-$(date -u +%Y%m%dT%H%M%SZ)
  # Restores into a new folder first, so that a failed restore changes nothing.
  rm -rf "$data.new"
  # --bump-revision makes the revision higher than all revisions that clients have seen. With a lower revision,
  # controllers would keep the data in their caches, because it looks newer than the restored data.
  etcdutl snapshot restore "$snapshot" \
    --name "$name" \
    --initial-cluster cp1=https://10.77.0.21:2380,cp2=https://10.77.0.22:2380,cp3=https://10.77.0.23:2380 \
    --initial-cluster-token vigia-restored \
    --initial-advertise-peer-urls "https://$address:2380" \
    --bump-revision 1000000000 \
    --mark-compacted \
    --data-dir "$data.new" || refuse "could not restore $snapshot; nothing was changed; use another snapshot"
  old="there was no old data"
  if [ -e "$data" ]; then
    mv "$data" "$before"
    old="the old data is in $before"
  fi
  mv "$data.new" "$data"
  chmod 700 "$data"
  rmdir "$manifests"
  mv "$parked" "$manifests"
  echo "$name: restored; $old"
}

case ${1:-} in
  stop) stop ;;
  restore) restore "${2:-}" ;;
  *) refuse "usage: etcd-restore.sh stop | restore <snapshot>" ;;
esac
