import type { Inventory } from '#infra/machines/inventory.ts'

/** The parts of the cluster that work, as names of machines. */
export interface WorkingParts {
  /** Load balancers whose HAProxy runs. */
  haproxy: Set<string>
  /** Load balancers whose keepalived runs. */
  keepalived: Set<string>
  /** Machines whose network cable is plugged in. */
  cable: Set<string>
  /** Control planes whose API server runs. */
  apiServer: Set<string>
}

/**
 * Which load balancer must have the virtual IP in the end ('' for none), whether requests to it are answered, and the
 * priority that each load balancer with keepalived and a network must reach.
 */
export const expectedOwner = (
  { balancers, controlPlanes, virtualIp }: Inventory,
  { haproxy, keepalived, cable, apiServer }: WorkingParts,
) => {
  const reachable = controlPlanes.some(({ name }) => apiServer.has(name) && cable.has(name))
  const candidates = balancers
    .filter(({ name }) => keepalived.has(name) && cable.has(name))
    .map(({ name, priority }) => {
      const healthy = haproxy.has(name) && reachable
      return { name, healthy, priority: healthy ? priority : priority - virtualIp.checkWeight }
    })
    .toSorted((a, b) => b.priority - a.priority)
  return { owner: candidates[0]?.name ?? '', answers: candidates[0]?.healthy ?? false, candidates }
}
