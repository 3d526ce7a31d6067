import ipaddr from 'ipaddr.js'
import { cron } from '#local/sources/cron.ts'
import type { Inventory, Path } from './inventory-schema.ts'

const { IPv4 } = ipaddr

type Fault = [Path, string]

interface Addressed {
  path: Path
  name: string
  address: string
}

/** The ports on which HAProxy listens on a load balancer. */
export const balancerPorts = { api: 6443, http: 80, https: 443, health: 8404, metrics: 8405 } as const

/** The faults that the schema cannot find, each with its path and the reason. */
export const inventoryFaults = (inventory: Inventory): Fault[] => {
  const unreadable = unreadableAddresses(inventory)
  // The other rules compare addresses, so they need valid ones.
  if (unreadable.length > 0) return unreadable
  return [
    ...machineFaults(inventory),
    ...virtualIpFaults(inventory),
    ...priorityFaults(inventory),
    ...controlPlaneFaults(inventory),
    ...subnetFaults(inventory),
    ...portFaults(inventory),
    ...scheduleFaults(inventory),
  ]
}

const machines = (inventory: Inventory): Addressed[] =>
  (['balancers', 'controlPlanes', 'workers'] as const).flatMap(role =>
    inventory[role].map(({ name, address }, index) => ({ path: [role, index], name, address })),
  )

const subnets = ({ lan, kubernetes }: Inventory) => [
  { path: ['lan', 'subnet'], cidr: lan.subnet },
  { path: ['kubernetes', 'podSubnet'], cidr: kubernetes.podSubnet },
  { path: ['kubernetes', 'serviceSubnet'], cidr: kubernetes.serviceSubnet },
]

const unreadableAddresses = (inventory: Inventory): Fault[] => [
  ...[
    ...machines(inventory).map(({ path, address }) => ({ path: [...path, 'address'], address })),
    { path: ['virtualIp', 'address'], address: inventory.virtualIp.address },
    { path: ['registry', 'address'], address: inventory.registry.address },
  ]
    .filter(({ address }) => !IPv4.isValidFourPartDecimal(address))
    .map(({ path, address }): Fault => [path, `is ${address}, which is not a valid IPv4 address`]),
  ...subnets(inventory).flatMap(({ path, cidr }): Fault[] => {
    if (!IPv4.isValidCIDRFourPartDecimal(cidr)) return [[path, `is ${cidr}, which is not a valid IPv4 subnet`]]
    const whole = `${IPv4.networkAddressFromCIDR(cidr)}/${cidr.split('/')[1]}`
    return whole === cidr ? [] : [[path, `is ${cidr}, which has bits beyond its mask; write ${whole}`]]
  }),
]

const faultIf = (wrong: boolean, path: Path, reason: () => string): Fault[] => (wrong ? [[path, reason()]] : [])

const lanFaults = (path: Path, address: string, lan: string): Fault[] => {
  if (!overlap(`${address}/32`, lan)) return [[path, `is ${address}, which is outside lan.subnet ${lan}`]]
  const reserved = [IPv4.networkAddressFromCIDR(lan), IPv4.broadcastAddressFromCIDR(lan)].map(String)
  return faultIf(reserved.includes(address), path, () => `is ${address}, which is reserved in ${lan}`)
}

const machineFaults = (inventory: Inventory): Fault[] => {
  const all = machines(inventory)
  return all.flatMap(({ path, name, address }, index) => {
    const earlier = all.slice(0, index)
    const namesake = earlier.some(other => other.name === name)
    const owner = earlier.find(other => other.address === address)
    return [
      ...faultIf(
        namesake,
        [...path, 'name'],
        () => `is ${name}, which is also the name of another machine; use a different name`,
      ),
      ...faultIf(
        owner !== undefined,
        [...path, 'address'],
        () => `is ${address}, which is also the address of ${owner!.name}; use an address that no machine has`,
      ),
      ...lanFaults([...path, 'address'], address, inventory.lan.subnet),
    ]
  })
}

const virtualIpFaults = (inventory: Inventory): Fault[] => {
  const { address } = inventory.virtualIp
  const path = ['virtualIp', 'address']
  const owner = machines(inventory).find(machine => machine.address === address)
  return [
    ...faultIf(
      owner !== undefined,
      path,
      () => `is ${address}, which is the address of ${owner!.name}; use an address that no machine has`,
    ),
    ...lanFaults(path, address, inventory.lan.subnet),
  ]
}

const priorityFaults = ({ balancers, virtualIp: { checkWeight } }: Inventory): Fault[] => {
  const priorities = balancers.map(({ priority }) => priority)
  const highest = Math.max(...priorities)
  const lowest = Math.min(...priorities)
  const gap = highest - lowest
  if (gap === 0)
    return [
      [
        ['balancers', 1, 'priority'],
        `is ${lowest}, which is also the priority of ${balancers[0]!.name}; use two different priorities`,
      ],
    ]
  if (checkWeight <= gap)
    return [
      [
        ['virtualIp', 'checkWeight'],
        `is ${checkWeight}, but must be greater than ${gap}, the difference of the priorities: otherwise a load balancer without HAProxy keeps the virtual IP`,
      ],
    ]
  // keepalived never lowers a priority below 1, so two priorities that reach 1 would be equal.
  if (lowest - checkWeight < 1)
    return [[['virtualIp', 'checkWeight'], `is ${checkWeight}, which must be less than the lowest priority, ${lowest}`]]
  return []
}

const controlPlaneFaults = ({ controlPlanes: { length } }: Inventory): Fault[] =>
  faultIf(
    length % 2 === 0,
    ['controlPlanes'],
    () =>
      `has ${length} machines, which tolerate no more failures than ${length - 1} machines; use ${length - 1} or ${length + 1}`,
  )

const subnetFaults = (inventory: Inventory): Fault[] => {
  const all = subnets(inventory)
  const nodes = inventory.controlPlanes.length + inventory.workers.length
  // The controller manager gives every node a /24 of the pod subnet.
  const room = Math.floor(2 ** (24 - Number(inventory.kubernetes.podSubnet.split('/')[1])))
  return [
    ...all.flatMap(({ path, cidr }, index) =>
      all
        .slice(0, index)
        .flatMap(other =>
          faultIf(
            overlap(cidr, other.cidr),
            path,
            () => `is ${cidr}, which overlaps with ${other.path.join('.')} ${other.cidr}`,
          ),
        ),
    ),
    ...faultIf(
      room < nodes,
      ['kubernetes', 'podSubnet'],
      () => `has room for ${room} nodes with a /24 each, but there are ${nodes} nodes; use a larger subnet`,
    ),
  ]
}

const portFaults = ({ ingress, registry, virtualIp, balancers, lan }: Inventory): Fault[] => {
  const host = balancers.find(({ address }) => address === registry.address)
  const taken = host !== undefined && Object.values<number>(balancerPorts).includes(registry.port)
  return [
    ...faultIf(
      ingress.http === ingress.https,
      ['ingress', 'https'],
      () => `is ${ingress.https}, which is also ingress.http`,
    ),
    ...lanFaults(['registry', 'address'], registry.address, lan.subnet),
    ...faultIf(
      registry.address === virtualIp.address,
      ['registry', 'address'],
      () => 'is the virtual IP, which moves between machines, but the images do not; use the address of a machine',
    ),
    ...faultIf(taken, ['registry', 'port'], () => `is ${registry.port}, which HAProxy uses on ${host!.name}`),
  ]
}

const scheduleFaults = ({ etcdBackup: { schedule } }: Inventory): Fault[] => {
  const read = cron(schedule)
  if ('error' in read) return [[['etcdBackup', 'schedule'], read.error]]
  return schedule.trim().split(/\s+/).length === 5
    ? []
    : [[['etcdBackup', 'schedule'], 'must have the five fields of cron']]
}

const overlap = (a: string, b: string) => {
  const [first, firstBits] = IPv4.parseCIDR(a)
  const [second, secondBits] = IPv4.parseCIDR(b)
  return first.match(second, Math.min(firstBits, secondBits))
}
