import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addressGuard } from '#functions/dial/dial.ts'
import type { Manifest } from '#infra/cluster/render/manifest-files.ts'
import { type Overlay, overlays, parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { functionNames, root } from '#infra/repository.ts'
import { podTemplateOf } from '#test/cluster-files/support/lints.ts'
import { allows, type Peer, type Port } from '#test/cluster-files/support/network-policies.ts'

const pod = (name: string, namespace: string, labels: Record<string, string>): Peer => ({ name, namespace, labels })

/** Pods that operators make, with the labels that each operator sets. */
const fromOperators: Record<Overlay, Peer[]> = {
  minikube: [],
  gke: [
    pod('postgres', 'vigia', { 'cnpg.io/cluster': 'vigia-postgres', 'cnpg.io/podRole': 'instance' }),
    pod('restored postgres', 'vigia', {
      'cnpg.io/cluster': 'vigia-postgres-restored',
      'cnpg.io/podRole': 'instance',
    }),
    pod('restoring postgres', 'vigia', {
      'cnpg.io/cluster': 'vigia-postgres-restored',
      'cnpg.io/jobRole': 'full-recovery',
    }),
    pod('mongodb', 'vigia', { app: 'vigia-mongodb-svc' }),
    pod('ACME solver', 'vigia', { 'acme.cert-manager.io/http01-solver': 'true' }),
  ],
  onprem: [
    pod('broker', 'vigia', {
      'eventing.knative.dev/broker': 'default',
      'eventing.knative.dev/brokerRole': 'ingress',
    }),
    pod('dispatchers', 'vigia', {
      'eventing.knative.dev/broker': 'default',
      'eventing.knative.dev/brokerRole': 'dispatcher',
    }),
    pod('rabbitmq', 'vigia', {
      'app.kubernetes.io/name': 'vigia-rabbitmq',
      'app.kubernetes.io/component': 'rabbitmq',
    }),
  ],
}

const brokers: Record<Overlay, Peer[]> = {
  minikube: [pod('broker', 'knative-eventing', { 'eventing.knative.dev/brokerRole': 'ingress' })],
  gke: [pod('broker', 'knative-eventing', { app: 'kafka-broker-receiver' })],
  onprem: [],
}

const peersElsewhere: Peer[] = [
  pod('DNS', 'kube-system', { 'k8s-app': 'kube-dns' }),
  pod('kourier', 'knative-serving', { app: '3scale-kourier-gateway' }),
  pod('activator', 'knative-serving', { app: 'activator' }),
  pod('autoscaler', 'knative-serving', { app: 'autoscaler' }),
  pod('Prometheus', 'observability', { 'app.kubernetes.io/name': 'prometheus' }),
  pod('trace collector', 'observability', { 'app.kubernetes.io/name': 'opentelemetry-collector' }),
  pod('another pod of observability', 'observability', { 'app.kubernetes.io/name': 'grafana' }),
  pod('sources', 'knative-eventing', { 'sources.knative.dev/role': 'adapter' }),
  pod('PostgreSQL operator', 'cnpg-system', { 'app.kubernetes.io/name': 'cloudnative-pg' }),
  pod('RabbitMQ operators', 'rabbitmq-system', { 'app.kubernetes.io/name': 'messaging-topology-operator' }),
  pod('KEDA', 'keda', { app: 'keda-operator' }),
  pod('consoles', 'envoy-gateway-system', { 'app.kubernetes.io/name': 'envoy' }),
  pod('an Ingress controller that is not part of Vigia', 'traefik', { 'app.kubernetes.io/name': 'traefik' }),
  pod('a pod with our labels in another namespace', 'default', {
    'serving.knative.dev/service': 'uptime-prober',
    app: 'activator',
  }),
  pod('another pod of kube-system', 'kube-system', { app: 'something' }),
  { name: 'Internet', address: '93.184.215.14' },
  { name: 'Internet', address: '2606:2800:21f:cb07::1' },
  { name: 'API server', address: '10.96.0.1' },
  { name: 'a private address', address: '192.168.1.1' },
  { name: 'a private address', address: 'fd00::1' },
  { name: 'metadata', address: '169.254.169.254' },
  { name: 'this machine', address: '127.0.0.1' },
]

/** Addresses and pods that exist on one kind of cluster, whether Vigia is installed or not. */
const peersOfCluster: Record<Overlay, Peer[]> = {
  minikube: [],
  gke: [
    { name: 'DNS cache on the node', address: '169.254.20.10' },
    pod('DNS cache in a pod', 'kube-system', { 'k8s-app': 'node-local-dns' }),
    { name: 'metadata on the node', address: '169.254.169.252' },
    { name: 'nodes', address: '10.128.0.7' },
  ],
  onprem: [],
}

/** The pods that the objects of an overlay create. Pods of Knative Services get the label that Serving adds. */
const podsOf = (objects: Manifest[]): Peer[] =>
  objects.flatMap(one => {
    const template = podTemplateOf(one)
    const { kind, apiVersion, metadata } = one
    if (!template) return []
    const labels: Record<string, string> = { ...template.metadata.labels }
    if (isKnativeService(apiVersion, kind)) labels['serving.knative.dev/service'] = metadata.name
    return [
      {
        name: kind === 'Job' ? labels['app.kubernetes.io/name']! : metadata.name,
        namespace: metadata.namespace!,
        labels,
      },
    ]
  })

const isKnativeService = (apiVersion: string, kind: string) => kind === 'Service' && apiVersion.startsWith('serving.')

const everyPort: Port[] = [
  ...[
    53, 80, 443, 987, 988, 4318, 4369, 5432, 5672, 6443, 8000, 8012, 8013, 8022, 8080, 8081, 8089, 9090, 9091, 15672,
    25672, 27017,
  ],
].map(number => ({ number, protocol: 'TCP' }))
everyPort.push({ number: 53, protocol: 'UDP' }, { number: 443, protocol: 'UDP' })

const portText = ({ number, protocol }: Port) => (protocol === 'UDP' ? `${number}/UDP` : `${number}`)

/** The allowed connections with at least one end in our namespace, each as `from → to port`. */
const allowedFlows = (policies: Manifest[], peers: Peer[], ports: Port[]): string[] =>
  peers.flatMap(from =>
    peers.flatMap(to =>
      isOurs(from) || isOurs(to)
        ? ports
            .filter(port => allows(policies, from, to, port))
            .map(port => `${from.name} → ${to.name} ${portText(port)}`)
        : [],
    ),
  )

const isOurs = (peer: Peer) => 'namespace' in peer && peer.namespace === 'vigia'

const objectsAndPeers = async (overlay: Overlay) => {
  const objects = await renderOverlay(overlay)
  const ours = [
    ...podsOf(objects),
    ...fromOperators[overlay],
    pod('a pod that is not part of Vigia', 'vigia', { app: 'shell' }),
  ]
  const others = [...peersElsewhere, ...brokers[overlay], ...peersOfCluster[overlay]]
  return { objects, policies: objects.filter(({ kind }) => kind === 'NetworkPolicy'), ours, others }
}

/** The connections of the table in infra/cluster/README.md, with a line for each member of a group. */
const flowsOfTable = (objects: Manifest[], ours: Peer[], others: Peer[], overlay: Overlay): string[] => {
  const groups: Record<string, string[]> = {
    'every pod': ours.map(({ name }) => name),
    'every other peer': others.map(({ name }) => name),
    functions: functionNames(),
    'every postgres': ours.map(({ name }) => name).filter(name => /^(\w+ )?postgres$/.test(name)),
    publishers: objects
      .filter(({ metadata }) => metadata.labels?.['vigia.dev/publishes'] === 'true')
      .map(({ metadata }) => metadata.name),
    'users of MongoDB': labelled(ours, 'vigia.dev/uses-mongodb'),
    'users of web APIs': labelled(ours, 'vigia.dev/uses-web-apis'),
    anywhere: others.filter(peer => 'address' in peer && !peer.address.includes(':')).map(({ name }) => name),
  }
  const membersOf = (cell: string) => cell.split(', ').flatMap(name => groups[name] ?? [name])
  return rowsOfTable()
    .filter(({ overlays }) => overlays === 'all' || overlays === overlay)
    .flatMap(({ from, to, ports }) =>
      membersOf(from).flatMap(one =>
        membersOf(to).flatMap(other =>
          (ports === 'any' ? everyPort.map(portText) : ports.split(', ')).map(port => `${one} → ${other} ${port}`),
        ),
      ),
    )
}

const labelled = (pods: Peer[], label: string) =>
  pods.filter(pod => 'labels' in pod && pod.labels[label] === 'true').map(({ name }) => name)

const rowsOfTable = () => {
  const text = readFileSync(join(root, 'infra/cluster/README.md'), 'utf8')
  const table = text.slice(text.indexOf('## Check which connections are allowed'))
  return [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| (all|minikube|gke|onprem) \|$/gm)].map(
    ([, from, to, ports, overlay]) => ({ from: from!, to: to!, ports: ports!, overlays: overlay! }),
  )
}

const distinct = (lines: string[]) => [...new Set(lines)].sort()

describe.each(overlays)('on %s', overlay => {
  test('exactly the connections of the table in infra/cluster/README.md are allowed', async () => {
    const { objects, policies, ours, others } = await objectsAndPeers(overlay)
    const peers = [...ours, ...others]
    const allowed = distinct(allowedFlows(policies, peers, everyPort))
    const table = distinct(flowsOfTable(objects, ours, others, overlay))
    expect({ deniedButInTable: table.filter(flow => !allowed.includes(flow)) }).toEqual({ deniedButInTable: [] })
    expect({ allowedButNotInTable: allowed.filter(flow => !table.includes(flow)) }).toEqual({
      allowedButNotInTable: [],
    })
  })

  test('each policy is needed: if one is missing, the allowed connections differ from the table', async () => {
    const { objects, policies, ours, others } = await objectsAndPeers(overlay)
    const peers = [...ours, ...others]
    const table = distinct(flowsOfTable(objects, ours, others, overlay))
    for (const policy of policies) {
      const rest = policies.filter(one => one !== policy)
      expect(distinct(allowedFlows(rest, peers, everyPort)), `without ${policy.metadata.name}`).not.toEqual(table)
    }
  })

  test('each function reaches exactly the databases whose address it has in its environment', async () => {
    const { objects, policies, ours } = await objectsAndPeers(overlay)
    for (const [variable, database, number] of [
      ['DATABASE_URL', 'postgres', 5432],
      ['MONGODB_URI', 'mongodb', 27017],
    ] as const)
      for (const name of functionNames()) {
        const service = objects.find(
          ({ metadata, apiVersion }) => metadata.name === name && apiVersion.startsWith('serving.'),
        )!
        const env: { name: string }[] = service.spec.template.spec.containers[0].env
        const [from, to] = [name, database].map(wanted => ours.find(peer => peer.name === wanted)!) as [Peer, Peer]
        expect(allows(policies, from, to, { number, protocol: 'TCP' }), `${name} → ${database}`).toBe(
          env.some(one => one.name === variable),
        )
      }
  })

  test('the Job of doctor.yaml reaches exactly what telegram-webhook reaches, except the trace collector: both databases, the broker and web APIs', async () => {
    const { policies, ours, others } = await objectsAndPeers(overlay)
    const file = 'infra/cluster/doctor.yaml'
    const [job] = parseManifests(readFileSync(join(root, file), 'utf8'), file)
    const doctor = pod('doctor', 'vigia', podTemplateOf(job!)!.metadata.labels)
    const webhook = ours.find(({ name }) => name === 'telegram-webhook')!
    const reachedFrom = (from: Peer) =>
      [...ours, ...others].flatMap(to =>
        everyPort.filter(port => allows(policies, from, to, port)).map(port => `${to.name} ${portText(port)}`),
      )
    expect(reachedFrom(doctor)).toEqual(reachedFrom(webhook).filter(flow => !flow.startsWith('trace collector ')))
    expect(reachedFrom(doctor)).toEqual(
      expect.arrayContaining(['postgres 5432', 'mongodb 27017', 'broker 8080', 'Internet 443']),
    )
  })

  test('the Job of vigia-yaml.yaml reaches PostgreSQL and nothing else of Vigia or of the Internet', async () => {
    const { policies, ours, others } = await objectsAndPeers(overlay)
    const file = 'infra/cluster/vigia-yaml.yaml'
    const [job] = parseManifests(readFileSync(join(root, file), 'utf8'), file)
    const from = pod('vigia-yaml', 'vigia', podTemplateOf(job!)!.metadata.labels)
    const reached = [...ours, ...others].flatMap(to =>
      everyPort.filter(port => allows(policies, from, to, port)).map(port => `${to.name} ${portText(port)}`),
    )
    expect(reached).toContain('postgres 5432')
    expect(reached.filter(flow => !/postgres 5432$|^(DNS|metadata)/.test(flow))).toEqual([])
  })

  test('the prober reaches exactly the addresses that its address guard calls public', async () => {
    const { policies, ours } = await objectsAndPeers(overlay)
    const prober = ours.find(({ name }) => name === 'uptime-prober')!
    const guard = addressGuard()
    const addresses =
      '1.1.1.1 8.8.8.8 93.184.215.14 172.15.255.255 172.32.0.1 100.128.0.1 192.0.1.1 198.20.0.1 223.255.255.255 2606:4700::1111'
    const closed =
      '0.0.0.0 10.0.0.1 10.255.255.255 100.64.0.1 127.0.0.1 168.63.129.16 169.254.169.254 169.254.20.10 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 ::1 :: ::ffff:10.0.0.1 64:ff9b::a00:1 fc00::1 fe80::1 ff02::1 2001:db8::1 2001::1 2002:a00:1::'
    for (const address of [...addresses.split(' '), ...closed.split(' ')]) {
      const open = allows(policies, prober, { name: address, address }, { number: 8443, protocol: 'TCP' })
      expect(open && overlay === 'gke' && address === '169.254.20.10' ? false : open, address).toBe(guard(address))
    }
    expect(addresses.split(' ').every(guard) && !closed.split(' ').some(guard)).toBe(true)
  })
})

describe('a policy as Kubernetes reads it', () => {
  const podWith = (labels: Record<string, string>, namespace = 'vigia'): Peer => ({ name: 'pod', namespace, labels })
  const policy = (spec: object) =>
    ({ kind: 'NetworkPolicy', metadata: { name: 'p', namespace: 'vigia' }, spec }) as Manifest
  const port = { number: 80, protocol: 'TCP' } as const

  test('a pod that no policy selects accepts every connection', () => {
    const other = policy({ podSelector: { matchLabels: { app: 'other' } }, policyTypes: ['Ingress'] })
    expect(allows([other], podWith({ app: 'a' }), podWith({ app: 'b' }), port)).toBe(true)
    expect(allows([other], podWith({ app: 'a' }), podWith({ app: 'other' }), port)).toBe(false)
  })

  test('an empty rule allows every peer, an empty list of rules allows none', () => {
    expect(allows([policy({ podSelector: {}, ingress: [{}] })], podWith({}, 'else'), podWith({}), port)).toBe(true)
    expect(allows([policy({ podSelector: {}, ingress: [] })], podWith({}, 'else'), podWith({}), port)).toBe(false)
  })

  test('a pod selector alone selects pods of the same namespace; with a namespace selector both must match', () => {
    const from = (peer: object) => policy({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [peer] }] })
    const same = from({ podSelector: { matchLabels: { app: 'a' } } })
    expect(allows([same], podWith({ app: 'a' }), podWith({}), port)).toBe(true)
    expect(allows([same], podWith({ app: 'a' }, 'else'), podWith({}), port)).toBe(false)
    const both = from({
      podSelector: { matchLabels: { app: 'a' } },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'else' } },
    })
    expect(allows([both], podWith({ app: 'a' }, 'else'), podWith({}), port)).toBe(true)
    expect(allows([both], podWith({ app: 'b' }, 'else'), podWith({}), port)).toBe(false)
  })

  test('a rule allows its ports and port ranges, and only with their protocol', () => {
    const at = (ports: object[]) => policy({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports }] })
    const open = (ports: object[], requested: Port) => allows([at(ports)], podWith({}, 'else'), podWith({}), requested)
    expect(open([{ port: 80 }], port)).toBe(true)
    expect(open([{ port: 80 }], { number: 80, protocol: 'UDP' })).toBe(false)
    expect(open([{ port: 79, endPort: 81 }], port)).toBe(true)
    expect(open([{ protocol: 'TCP' }], port)).toBe(true)
    expect(open([{ port: 81 }], port)).toBe(false)
  })

  test('a field that the evaluator does not know is an error', () => {
    expect(() => allows([policy({ podSelector: {}, igress: [] })], podWith({}), podWith({}), port)).toThrow('igress')
  })
})
