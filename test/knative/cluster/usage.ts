import { readdir, readFile } from 'node:fs/promises'
import { ownCpuUs } from '#test/bench/support/processes.ts'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { podUsage, type Usage } from './cgroups.ts'
import { list } from './kubectl.ts'
import { inCluster } from './layout.ts'
import type { Parts } from './parts.ts'
import { pidOf } from './program.ts'

const controlPlane = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler']

/**
 * What each part of the cluster has used until now. The CPU time of functions includes pods that have ended. The
 * figures of containerd do not include its shims, which are in no pod's cgroup.
 */
export const usageByPart = async (): Promise<Map<string, Usage>> => {
  const { cgroup } = JSON.parse(await readFile(inCluster('parts.json'), 'utf8')) as Parts
  const { all, byPod } = await podUsage(cgroup)
  const pods = await list('pods')
  const parts = new Map<string, Usage>(['functions', 'databases'].map(part => [part, { cpuMs: 0, memoryBytes: 0 }]))
  for (const pod of pods) {
    const usage = byPod.get(pod.metadata.uid!)
    if (usage) add(parts, partOf(pod), usage)
  }
  // The CPU time of all pods includes pods that have ended. Only pods of functions come and go.
  const others = [...parts].filter(([part]) => part !== 'functions').map(([, { cpuMs }]) => cpuMs)
  parts.get('functions')!.cpuMs = all.cpuMs - others.reduce((sum, cpuMs) => sum + cpuMs, 0)
  for (const program of await readdir(inCluster('pids')))
    add(
      parts,
      controlPlane.includes(program) ? controlPlane.join(', ') : 'containerd, kubelet, kube-proxy, network-policies',
      await programUsage(program),
    )
  return parts
}

const partOf = ({ metadata: { namespace, labels } }: KubeObject): string => {
  if (namespace !== 'vigia') return `pods in ${namespace}`
  return labels?.['serving.knative.dev/service'] ? 'functions' : 'databases'
}

const programUsage = async (program: string): Promise<Usage> => {
  const pid = await pidOf(program)
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return { cpuMs: ownCpuUs(pid) / 1_000, memoryBytes: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1_024 }
}

const add = (parts: Map<string, Usage>, part: string, { cpuMs, memoryBytes }: Usage): void => {
  const sum = parts.get(part)
  parts.set(part, { cpuMs: (sum?.cpuMs ?? 0) + cpuMs, memoryBytes: (sum?.memoryBytes ?? 0) + memoryBytes })
}
