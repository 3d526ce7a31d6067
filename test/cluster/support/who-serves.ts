import type { Inventory } from '#infra/machines/inventory.ts'

/** What of the cluster works: names of machines. */
export interface Working {
  /** Balancers whose HAProxy runs. */
  haproxy: Set<string>
  /** Balancers whose keepalived runs. */
  keepalived: Set<string>
  /** Machines whose cable is plugged in. */
  cable: Set<string>
  /** Control planes whose API server runs. */
  apiServer: Set<string>
}

/** Who must have the virtual IP in the end (nobody: ''), whether it answers there, and what priority each balancer has come to. */
export const whoServes = (
  { balancers, controlPlanes, virtualIp }: Inventory,
  { haproxy, keepalived, cable, apiServer }: Working,
) => {
  const reachable = controlPlanes.some(({ name }) => apiServer.has(name) && cable.has(name))
  const standing = balancers
    .filter(({ name }) => keepalived.has(name) && cable.has(name))
    .map(({ name, priority }) => {
      const healthy = haproxy.has(name) && reachable
      return { name, healthy, priority: healthy ? priority : priority - virtualIp.checkWeight }
    })
    .toSorted((a, b) => b.priority - a.priority)
  return { owner: standing[0]?.name ?? '', answers: standing[0]?.healthy ?? false, standing }
}
