import { BlockList, isIP } from 'node:net'
import type { Manifest, Untyped } from '#infra/cluster/render/manifest-files.ts'

/** One end of a connection: a pod with its labels and namespace, or an address that is not a pod's. */
export type Peer =
  | { name: string; namespace: string; labels: Record<string, string>; ports?: Record<string, number> }
  | { name: string; address: string }

export interface Port {
  number: number
  protocol: 'TCP' | 'UDP'
}

type Direction = 'ingress' | 'egress'

const isPod = (peer: Peer): peer is Extract<Peer, { namespace: string }> => 'namespace' in peer

/**
 * Whether NetworkPolicies allow `from` to connect to `to`, by the rules of networking.k8s.io/v1: a pod that no policy
 * selects for a direction allows everything in it; a selected pod allows the union of what the policies name. Throws
 * for unknown fields.
 */
export const allows = (policies: Manifest[], from: Peer, to: Peer, port: Port): boolean =>
  allowsInDirection(policies, 'egress', from, to, to, port) &&
  allowsInDirection(policies, 'ingress', to, from, to, port)

const allowsInDirection = (
  policies: Manifest[],
  direction: Direction,
  self: Peer,
  other: Peer,
  target: Peer,
  port: Port,
) => {
  if (!isPod(self)) return true
  const governing = policies.filter(
    policy =>
      policy.metadata.namespace === self.namespace &&
      typesOf(policy).includes(direction) &&
      selects(policy.spec.podSelector, self.labels),
  )
  if (governing.length === 0) return true
  return governing.some(policy =>
    (policy.spec[direction] ?? []).some((rule: Untyped) => {
      refuseUnknownFields(rule, [direction === 'ingress' ? 'from' : 'to', 'ports'])
      const peers = direction === 'ingress' ? rule.from : rule.to
      return (
        (matchesAll(peers) || peers.some((peer: Untyped) => matchesPeer(peer, policy.metadata.namespace!, other))) &&
        (matchesAll(rule.ports) || rule.ports.some((one: Untyped) => matchesPort(one, target, port)))
      )
    }),
  )
}

/** An absent or empty list matches every peer or port. */
const matchesAll = (list: unknown[] | undefined) => list === undefined || list.length === 0

const typesOf = ({ spec }: Manifest): Direction[] => {
  refuseUnknownFields(spec, ['podSelector', 'policyTypes', 'ingress', 'egress'])
  const types: string[] = spec.policyTypes ?? ['Ingress', ...(spec.egress ? ['Egress'] : [])]
  return types.map(type => type.toLowerCase() as Direction)
}

const matchesPeer = (peer: Untyped, namespace: string, other: Peer) => {
  refuseUnknownFields(peer, ['podSelector', 'namespaceSelector', 'ipBlock'])
  if (peer.ipBlock) return !isPod(other) && isInBlock(peer.ipBlock, other.address)
  if (!isPod(other)) return false
  const inNamespace = peer.namespaceSelector
    ? selects(peer.namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace })
    : other.namespace === namespace
  return inNamespace && selects(peer.podSelector ?? {}, other.labels)
}

const matchesPort = (rule: Untyped, target: Peer, { number, protocol }: Port) => {
  refuseUnknownFields(rule, ['port', 'endPort', 'protocol'])
  if ((rule.protocol ?? 'TCP') !== protocol) return false
  if (rule.port === undefined) return true
  if (typeof rule.port === 'string') return isPod(target) && target.ports?.[rule.port] === number
  return number >= rule.port && number <= (rule.endPort ?? rule.port)
}

/** Whether a label selector of Kubernetes matches the labels. An empty selector matches all. */
export const selects = (selector: Untyped, labels: Record<string, string>): boolean => {
  refuseUnknownFields(selector, ['matchLabels', 'matchExpressions'])
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }: Untyped) => {
      switch (operator) {
        case 'In':
          return key in labels && values.includes(labels[key])
        case 'NotIn':
          return !values.includes(labels[key])
        case 'Exists':
          return key in labels
        case 'DoesNotExist':
          return !(key in labels)
        default:
          throw new Error(`unknown operator in a label selector: ${operator}`)
      }
    })
  )
}

const isInBlock = (block: { cidr: string; except?: string[] }, address: string) => {
  refuseUnknownFields(block, ['cidr', 'except'])
  const outside = (block.except ?? []).find(range => !inRange(block.cidr, range.split('/')[0]!))
  if (outside) throw new Error(`${outside} is not within ${block.cidr}`)
  return inRange(block.cidr, address) && !(block.except ?? []).some(range => inRange(range, address))
}

// The test compares every pair of peers, so it needs the same few ranges a million times.
const ranges = new Map<string, BlockList>()

const inRange = (cidr: string, address: string) => {
  const [network, bits] = cidr.split('/') as [string, string]
  const list = ranges.get(cidr) ?? new BlockList()
  if (!ranges.has(cidr)) list.addSubnet(network, Number(bits), family(network))
  ranges.set(cidr, list)
  return family(network) === family(address) && list.check(address, family(address))
}

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const refuseUnknownFields = (object: object, known: string[]) => {
  const unknown = Object.keys(object).find(key => !known.includes(key))
  if (unknown !== undefined) throw new Error(`unknown field in a NetworkPolicy: ${unknown}`)
}
