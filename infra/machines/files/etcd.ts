import type { Inventory } from '../inventory.ts'
import { header } from './header.ts'
import { registryAuthority } from './registry.ts'

/**
 * etcd-backup.yaml: a CronJob that writes a snapshot of etcd to the disk of every control plane. The function is long
 * because it contains the whole file.
 */
export const etcdBackup = (inventory: Inventory): string => {
  const { etcdBackup, controlPlanes } = inventory
  const image = (name: string) => `${registryAuthority(inventory)}/${name}`
  return `${header}apiVersion: batch/v1
kind: CronJob
metadata:
  name: etcd-backup
  namespace: kube-system
spec:
  schedule: ${etcdBackup.schedule}
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 3600
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      # One pod on each control plane, so that losing a machine does not lose all snapshots. While a machine is down its
      # pod stays pending and the Job fails at its deadline, but the other machines have their snapshots.
      completions: ${controlPlanes.length}
      parallelism: ${controlPlanes.length}
      completionMode: Indexed
      backoffLimit: ${controlPlanes.length}
      activeDeadlineSeconds: 900
      template:
        metadata:
          labels:
            app.kubernetes.io/name: etcd-backup
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          enableServiceLinks: false
          priorityClassName: system-cluster-critical
          nodeSelector:
            node-role.kubernetes.io/control-plane: ""
          tolerations:
            - key: node-role.kubernetes.io/control-plane
              effect: NoSchedule
          affinity:
            podAntiAffinity:
              requiredDuringSchedulingIgnoredDuringExecution:
                - topologyKey: kubernetes.io/hostname
                  labelSelector:
                    matchLabels:
                      app.kubernetes.io/name: etcd-backup
          securityContext:
            # Only root can read etcd's keys.
            runAsUser: 0
            runAsGroup: 0
            seccompProfile:
              type: RuntimeDefault
          initContainers:
            # The image has no shell, so each step is one program.
            - name: save
              image: ${image(etcdBackup.etcdImage)}
              command:
                - etcdctl
                - --endpoints=https://$(HOST_IP):2379
                - --cacert=/etcd-pki/ca.crt
                - --cert=/etcd-pki/healthcheck-client.crt
                - --key=/etcd-pki/healthcheck-client.key
                - snapshot
                - save
                - /snapshots/unverified.db
              env:
                - name: HOST_IP
                  valueFrom:
                    fieldRef:
                      fieldPath: status.hostIP
              volumeMounts:
                - name: etcd-pki
                  mountPath: /etcd-pki
                  readOnly: true
                - name: snapshots
                  mountPath: /snapshots
              ${restricted(14)}
              ${resources(14)}
            # Verifies the snapshot by restoring it, because "snapshot status" accepts a truncated file.
            - name: verify
              image: ${image(etcdBackup.etcdImage)}
              command:
                - etcdutl
                - snapshot
                - restore
                - /snapshots/unverified.db
                - --data-dir=/scratch/restored
              volumeMounts:
                - name: snapshots
                  mountPath: /snapshots
                  readOnly: true
                - name: scratch
                  mountPath: /scratch
              ${restricted(14)}
              ${resources(14)}
          containers:
            # Names the snapshot only after it was verified, and only then deletes an old one: if snapshots fail, the
            # last ones stay.
            - name: keep
              image: ${image(etcdBackup.shellImage)}
              command:
                - sh
                - -euc
                - |
                  cd "$SNAPSHOTS"
                  mv unverified.db "etcd-$(date -u +%Y%m%dT%H%M%SZ).db"
                  ls -1r etcd-*.db | tail -n +$((KEEP + 1)) | xargs -r rm -f
              env:
                - name: SNAPSHOTS
                  value: /snapshots
                - name: KEEP
                  value: "${etcdBackup.keep}"
              volumeMounts:
                - name: snapshots
                  mountPath: /snapshots
              ${restricted(14)}
              ${resources(14)}
          volumes:
            - name: etcd-pki
              hostPath:
                path: /etc/kubernetes/pki/etcd
                type: Directory
            - name: snapshots
              hostPath:
                path: ${etcdBackup.folder}
                type: DirectoryOrCreate
            - name: scratch
              emptyDir: {}
`
}

const indented = (lines: string[], by: number) => lines.join(`\n${' '.repeat(by)}`)

const restricted = (by: number) =>
  indented(
    [
      'securityContext:',
      '  allowPrivilegeEscalation: false',
      '  readOnlyRootFilesystem: true',
      '  capabilities:',
      '    drop:',
      '      - ALL',
    ],
    by,
  )

const resources = (by: number) =>
  indented(['resources:', '  requests:', '    cpu: 10m', '    memory: 64Mi', '  limits:', '    memory: 512Mi'], by)

/** etcd-restore.sh restores a snapshot on a control plane. It has the names and addresses of all control planes. */
export const etcdRestore = ({ cluster, controlPlanes }: Inventory): string => {
  const names = controlPlanes.map(({ name }) => name).join(', ')
  const members = controlPlanes.map(({ name, address }) => `${name}=https://${address}:2380`).join(',')
  return `#!/usr/bin/env bash
${header}# Restores a snapshot of etcd. Run it as root on every control plane (${names}): first "stop" on all of them, then
# "restore" on all of them with the same file. The old data is moved aside, never deleted.
set -euo pipefail

refuse() {
  echo "etcd-restore.sh: $1" >&2
  exit 1
}

# Tests set HOST_ROOT to a folder that stands for the machine's file system.
root=\${HOST_ROOT:-}
manifests=$root/etc/kubernetes/manifests
parked=$root/etc/kubernetes/manifests.parked
data=$root/var/lib/etcd
name=$(hostname -s)

case $name in
${controlPlanes.map(({ name, address }) => `  ${name}) address=${address} ;;`).join('\n')}
  *) refuse "this machine is $name, which is not a control plane; run this on ${names}" ;;
esac

running() {
  local containers
  containers=$(crictl ps --quiet --name '^(etcd|kube-apiserver)$') || refuse "crictl cannot list the containers; is containerd running?"
  [ -n "$containers" ]
}

stop() {
  [ -d "$manifests" ] || refuse "there is no $manifests; has this machine joined the cluster?"
  [ ! -e "$parked" ] || refuse "$parked exists, so etcd is already stopped here; continue with \\"restore\\""
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
  [ -d "$parked" ] || refuse "run \\"stop\\" on every control plane first"
  command -v etcdutl > /dev/null || refuse "etcdutl is not on PATH; infra/machines/README.md says how to install it"
  ! running || refuse "etcd or the API server still runs; check: crictl ps"
  before=$data.before-$(date -u +%Y%m%dT%H%M%SZ)
  # Restores into a new folder first, so that a failed restore changes nothing.
  rm -rf "$data.new"
  # --bump-revision makes the revision higher than all revisions that clients have seen. With a lower revision,
  # controllers would keep the data in their caches, because it looks newer than the restored data.
  etcdutl snapshot restore "$snapshot" \\
    --name "$name" \\
    --initial-cluster ${members} \\
    --initial-cluster-token ${cluster}-restored \\
    --initial-advertise-peer-urls "https://$address:2380" \\
    --bump-revision 1000000000 \\
    --mark-compacted \\
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

case \${1:-} in
  stop) stop ;;
  restore) restore "\${2:-}" ;;
  *) refuse "usage: etcd-restore.sh stop | restore <snapshot>" ;;
esac
`
}
