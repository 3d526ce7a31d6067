import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { generatedFiles, staleFiles } from '#infra/machines/generate.ts'
import { type Inventory, InventoryFault, readInventory } from '#infra/machines/inventory.ts'
import { root } from '#infra/repository.ts'
import { kubeadmFaults } from '#test/machines/support/kubeadm.ts'

const run = promisify(execFile)
const folder = join(root, 'infra/machines')
const text = await readFile(join(folder, 'inventory.yaml'), 'utf8')
const inventory = readInventory('inventory.yaml', text)
const files = generatedFiles(inventory)
const file = (path: string, of = files) => of.get(path)!

/** The inventory with one passage replaced. */
const changedInventory = (from: string | RegExp, to: string) => {
  const result = text.replace(from, to)
  expect(result).not.toBe(text)
  return result
}
const generatedFrom = (from: string | RegExp, to: string) =>
  generatedFiles(readInventory('inventory.yaml', changedInventory(from, to)))

/** A copy of infra/machines inside the repository, so that its imports resolve. */
const copyOfFolder = async () => {
  await mkdir(join(root, '.build'), { recursive: true })
  const target = await mkdtemp(join(root, '.build/machines-'))
  onTestFinished(() => rm(target, { recursive: true, force: true }))
  await cp(folder, target, { recursive: true })
  return target
}

describe('the generated files', () => {
  test('match the inventory', async () => {
    expect(await staleFiles(files, folder)).toEqual([])
  })

  test('are out of date after a new address, an edit by hand, a missing file or a removed machine', async () => {
    const target = await copyOfFolder()
    expect(await staleFiles(generatedFrom('10.77.0.22', '10.77.0.42'), target)).toEqual(
      ['etcd-restore.sh', 'haproxy/haproxy.cfg', 'node/hosts'].toSorted(),
    )
    await writeFile(join(target, 'haproxy/haproxy.cfg'), `${file('haproxy/haproxy.cfg')}# by hand\n`)
    await rm(join(target, 'node/hosts'))
    await writeFile(join(target, 'keepalived/lb3.conf'), file('keepalived/lb2.conf'))
    expect(await staleFiles(files, target)).toEqual(['haproxy/haproxy.cfg', 'keepalived/lb3.conf', 'node/hosts'])
  })

  test('are checked and written by npm run machines, which explains unknown options and a bad inventory', async () => {
    const target = await copyOfFolder()
    const npmRunMachines = (...options: string[]) =>
      run(process.execPath, [join(target, 'generate.ts'), ...options]).then(
        ({ stdout }) => stdout,
        ({ code, stderr }) => ({ code, stderr }),
      )
    await rm(join(target, 'node/hosts'))
    expect(await npmRunMachines('--check')).toEqual({
      code: 1,
      stderr: 'infra/machines/node/hosts is out of date; run npm run machines\n',
    })
    expect(await npmRunMachines('--chekc')).toEqual({
      code: 1,
      stderr: 'unknown arguments --chekc; use npm run machines, or npm run machines -- --check\n',
    })
    await writeFile(join(target, 'keepalived/lb3.conf'), file('keepalived/lb2.conf'))
    expect(await npmRunMachines()).toContain('2 of ')
    expect(await staleFiles(files, target)).toEqual([])
    expect(await npmRunMachines('--check')).toBe('')

    await writeFile(join(target, 'inventory.yaml'), changedInventory('routerId: 51', 'routerId: 300'))
    const before = await readFile(join(target, 'haproxy/haproxy.cfg'), 'utf8')
    expect(await npmRunMachines()).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^infra\/machines\/inventory\.yaml:\d+: virtualIp\.routerId must be <= 255\n$/),
    })
    expect(await readFile(join(target, 'haproxy/haproxy.cfg'), 'utf8')).toBe(before)
  })

  test('fit an inventory of five control planes', () => {
    const five = generatedFrom(
      '  - { name: cp3, address: 10.77.0.23 }',
      ['3', '4', '5'].map(n => `  - { name: cp${n}, address: 10.77.0.2${n} }`).join('\n'),
    )
    expect(backends(file('haproxy/haproxy.cfg', five))['control-planes']).toHaveLength(5)
    expect(parse(file('etcd-backup.yaml', five)).spec.jobTemplate.spec).toMatchObject({
      completions: 5,
      parallelism: 5,
    })
  })
})

describe('a bad inventory is an error with line, field and reason', () => {
  const cases: [string | RegExp, string, string][] = [
    [
      'address: 10.77.0.22',
      'address: 10.77.0.21',
      'controlPlanes[1].address is 10.77.0.21, which is also the address of cp1; use an address that no machine has',
    ],
    [
      'name: w2',
      'name: cp2',
      'workers[1].name is cp2, which is also the name of another machine; use a different name',
    ],
    [
      'address: 10.77.0.33',
      'address: 10.78.0.33',
      'workers[2].address is 10.78.0.33, which is outside lan.subnet 10.77.0.0/24',
    ],
    [
      'address: 10.77.0.33',
      'address: 10.77.0.255',
      'workers[2].address is 10.77.0.255, which is reserved in 10.77.0.0/24',
    ],
    [
      'address: 10.77.0.33',
      'address: 10.77.0.333',
      'workers[2].address is 10.77.0.333, which is not a valid IPv4 address',
    ],
    [
      'address: 10.77.0.10\n',
      'address: 10.77.0.21\n',
      'virtualIp.address is 10.77.0.21, which is the address of cp1; use an address that no machine has',
    ],
    [
      'address: 10.77.0.10\n',
      'address: 10.1.0.10\n',
      'virtualIp.address is 10.1.0.10, which is outside lan.subnet 10.77.0.0/24',
    ],
    [/ {2}- \{ name: cp3.*\n/, '', 'controlPlanes must NOT have fewer than 3 items'],
    [
      /( {2}- \{ name: cp3.*\n)/,
      '$1  - { name: cp4, address: 10.77.0.24 }\n',
      'controlPlanes has 4 machines, which tolerate no more failures than 3 machines; use 3 or 5',
    ],
    [/ {2}- \{ name: lb2.*\n/, '', 'balancers must NOT have fewer than 2 items'],
    [
      'priority: 100',
      'priority: 150',
      'balancers[1].priority is 150, which is also the priority of lb1; use two different priorities',
    ],
    [
      'checkWeight: 60',
      'checkWeight: 50',
      'virtualIp.checkWeight is 50, but must be greater than 50, the difference of the priorities: otherwise a load balancer without HAProxy keeps the virtual IP',
    ],
    [
      'checkWeight: 60',
      'checkWeight: 100',
      'virtualIp.checkWeight is 100, which must be less than the lowest priority, 100',
    ],
    [
      'podSubnet: 10.244.0.0/16',
      'podSubnet: 10.77.0.0/16',
      'kubernetes.podSubnet is 10.77.0.0/16, which overlaps with lan.subnet 10.77.0.0/24',
    ],
    [
      'serviceSubnet: 10.96.0.0/16',
      'serviceSubnet: 10.244.128.0/20',
      'kubernetes.serviceSubnet is 10.244.128.0/20, which overlaps with kubernetes.podSubnet 10.244.0.0/16',
    ],
    [
      'podSubnet: 10.244.0.0/16',
      'podSubnet: 10.244.0.1/16',
      'kubernetes.podSubnet is 10.244.0.1/16, which has bits beyond its mask; write 10.244.0.0/16',
    ],
    [
      'podSubnet: 10.244.0.0/16',
      'podSubnet: 10.244.0.0/22',
      'kubernetes.podSubnet has room for 4 nodes with a /24 each, but there are 6 nodes; use a larger subnet',
    ],
    [
      'podSubnet: 10.244.0.0/16',
      'podSubnet: 10.244.0.0/64',
      'kubernetes.podSubnet is 10.244.0.0/64, which is not a valid IPv4 subnet',
    ],
    ['https: 30443', 'https: 30080', 'ingress.https is 30080, which is also ingress.http'],
    ['http: 30080', 'http: 80', 'ingress.http must be >= 30000'],
    [
      '  port: 5000\n  address: 10.77.0.12',
      '  port: 6443\n  address: 10.77.0.12',
      'registry.port is 6443, which HAProxy uses on lb2',
    ],
    [
      '  port: 5000\n  address: 10.77.0.12',
      '  port: 5000\n  address: 10.77.0.10',
      'registry.address is the virtual IP, which moves between machines, but the images do not; use the address of a machine',
    ],
    ['routerId: 51', 'routerID: 51', 'virtualIp.routerID is not a known key; remove it or correct its name'],
    ['  routerId: 51\n', '', 'virtualIp.routerId is missing'],
    ['interface: eth0', 'interface: "eth0; reboot"', 'virtualIp.interface must match pattern'],
    ['17 */6 * * *', '17 */6 * * 8', 'etcdBackup.schedule'],
    ['17 */6 * * *', '0 17 */6 * * *', 'etcdBackup.schedule must have the five fields of cron'],
    ['cluster: vigia', 'cluster: vigia\ncluster: other', 'Map keys must be unique'],
    [/[\s\S]*/, '', 'the inventory must be object'],
  ]
  test.each(cases)('%s → %s', (from, to, message) => {
    const bad = changedInventory(from, to)
    const result = (() => {
      try {
        readInventory('inventory.yaml', bad)
      } catch (error) {
        if (error instanceof InventoryFault) return error.message
        throw error
      }
      return 'accepted'
    })()
    expect(result).toContain(message)
    expect(result).toMatch(/^(inventory\.yaml:\d+: .+)(\ninventory\.yaml:\d+: .+)*$/)
  })

  test('the line in the error is the line of the wrong value', () => {
    const line = text.split('\n').findIndex(one => one.includes('10.77.0.22')) + 1
    expect(() =>
      readInventory('inventory.yaml', changedInventory('address: 10.77.0.22', 'address: 10.77.0.21')),
    ).toThrow(`inventory.yaml:${line}: `)
  })
})

/** `name address:port` of the servers of each backend. */
const backends = (cfg: string): Record<string, string[]> =>
  Object.fromEntries(
    [...cfg.matchAll(/^backend (\S+)\n((?: .*\n)+)/gm)].map(([, name, body]) => [
      name,
      [...body!.matchAll(/^ +server (\S+ \S+)/gm)].map(([, server]) => server!),
    ]),
  )

describe('HAProxy', () => {
  const cfg = file('haproxy/haproxy.cfg')
  const at = (machines: Inventory['workers'], port: number) =>
    machines.map(({ name, address }) => `${name} ${address}:${port}`)

  test('forwards to every control plane and every worker', () => {
    expect(backends(cfg)).toEqual({
      'control-planes': at(inventory.controlPlanes, 6443),
      'workers-http': at(inventory.workers, inventory.ingress.http),
      'workers-https': at(inventory.workers, inventory.ingress.https),
    })
  })

  test('has every backend that it names', () => {
    for (const [, name] of cfg.matchAll(/default_backend (\S+)|nbsrv\((\S+)\)/g))
      if (name !== undefined) expect(Object.keys(backends(cfg))).toContain(name)
  })

  test('checks over TLS whether an API server is ready, and trusts only the CA of the cluster', () => {
    expect(cfg).toMatch(
      /uri \/readyz\n[\s\S]*check check-ssl verify required ca-file \/etc\/haproxy\/kubernetes-ca\.crt verifyhost kubernetes/,
    )
    expect(cfg).not.toContain('verify none')
  })
})

describe('keepalived', () => {
  const [first, second] = inventory.balancers.map(balancer => ({
    ...balancer,
    conf: file(`keepalived/${balancer.name}.conf`),
  })) as [Balancer, Balancer]
  type Balancer = Inventory['balancers'][number] & { conf: string }
  const value = ({ conf }: Balancer, key: string) => new RegExp(`^ +${key} (.+)$`, 'm').exec(conf)?.[1]
  const peers = ({ conf }: Balancer) => /unicast_peer \{\n([^}]+)\}/.exec(conf)![1]!.trim()

  test('has the same configuration on both load balancers, except for name, priority and address', () => {
    const anonymous = (own: Balancer, peer: Balancer) =>
      own.conf
        .replace(`router_id ${own.name}`, 'router_id OWN')
        .replace(`priority ${own.priority}`, 'priority OWN')
        .replace(`unicast_src_ip ${own.address}`, 'unicast_src_ip OWN')
        .replace(`        ${peer.address}`, '        PEER')
    expect(anonymous(first, second)).toBe(anonymous(second, first))
  })

  test('has the other load balancer as its peer, the same virtual IP and the same router id', () => {
    expect(peers(first)).toBe(second.address)
    expect(peers(second)).toBe(first.address)
    expect(value(first, 'unicast_src_ip')).toBe(first.address)
    for (const balancer of [first, second]) {
      expect(value(balancer, 'virtual_router_id')).toBe(String(inventory.virtualIp.routerId))
      expect(value(balancer, 'state')).toBe('BACKUP')
      expect(balancer.conf).toContain(`virtual_ipaddress {\n        ${inventory.virtualIp.address}/24\n`)
    }
  })

  test('releases the virtual IP when its HAProxy fails', () => {
    const weight = -Number(value(first, 'weight'))
    expect(first.priority - weight).toBeLessThan(second.priority)
    expect(second.priority - weight).toBeLessThan(first.priority - weight)
  })

  test('checks the health port of HAProxy, and contains no secret', () => {
    const healthAddress = /http:\/\/(\S+?)\/healthz"/.exec(first.conf)![1]!
    expect(file('haproxy/haproxy.cfg')).toContain(`bind ${healthAddress}\n    mode http`)
    expect(first.conf).not.toMatch(/^\s*auth_/m)
  })
})

describe('kubeadm', () => {
  const documents = (path: string) => parseAllDocuments(file(path)).map(document => document.toJS())
  const paths = [...files.keys()].filter(path => path.startsWith('kubeadm/'))

  test.each(paths)('%s has no field that kubeadm does not know', path => {
    expect(documents(path).flatMap(kubeadmFaults)).toEqual([])
  })

  test('a misspelt field, an older version and an unknown kind are faults', () => {
    const [, cluster] = documents('kubeadm/init.yaml')
    const { controlPlaneEndpoint, ...rest } = cluster
    expect(kubeadmFaults({ ...rest, controlPlaneEndPoint: controlPlaneEndpoint })).toHaveLength(2)
    expect(kubeadmFaults({ ...cluster, apiVersion: 'kubeadm.k8s.io/v1beta3' })).toHaveLength(1)
    // A map in v1beta3, a list in v1beta4.
    expect(kubeadmFaults({ ...cluster, apiServer: { extraArgs: { 'audit-log-path': '-' } } })).not.toEqual([])
    expect(kubeadmFaults({ ...cluster, kind: 'Pod' })).toEqual(['no rules for the kind Pod'])
  })

  test('every machine uses the virtual IP, and the certificates contain it', () => {
    const [init, cluster] = documents('kubeadm/init.yaml')
    const { address, name } = inventory.virtualIp
    expect(cluster.controlPlaneEndpoint).toBe(`${address}:6443`)
    expect(cluster.apiServer.certSANs).toEqual(expect.arrayContaining([address, name]))
    expect(init.localAPIEndpoint.advertiseAddress).toBe(inventory.controlPlanes[0]!.address)
    expect(documents('kubeadm/join-control-plane.yaml')[0]).toHaveProperty('controlPlane')
    expect(documents('kubeadm/join-worker.yaml')[0]).not.toHaveProperty('controlPlane')
  })

  test('contains no token and no key', () => {
    for (const path of paths) expect(file(path)).not.toMatch(/^\s*(token|tlsBootstrapToken|certificateKey):/m)
  })
})

test('the overlay onprem uses the ports, the registry and the machines of the inventory', async () => {
  const objects = async (path: string) =>
    parseAllDocuments(await kustomize(join(root, 'infra/cluster/onprem', path))).map(document => document.toJS())
  const serving = (await objects('platform')).find(({ kind }) => kind === 'KnativeServing')
  expect(serving.spec.ingress.kourier).toMatchObject({
    'service-type': 'NodePort',
    'http-port': inventory.ingress.http,
    'https-port': inventory.ingress.https,
  })
  const registry = `${inventory.registry.name}:${inventory.registry.port}/`
  const images = JSON.stringify(await objects('.')).matchAll(/"image":"([^"]+)"/g)
  const elsewhere = [...images].map(([, image]) => image!).filter(image => !image.startsWith(registry))
  expect(elsewhere).toEqual([])
  const nodes = JSON.stringify(await objects('volumes')).matchAll(
    /"kubernetes\.io\/hostname","operator":"In","values":\[([^\]]+)\]/g,
  )
  const named = new Set([...nodes].flatMap(([, values]) => JSON.parse(`[${values}]`)))
  expect(inventory.workers.map(({ name }) => name)).toEqual(expect.arrayContaining([...named]))
})

describe('the README', async () => {
  const readme = await readFile(join(folder, 'README.md'), 'utf8')

  test('has a row for each machine', () => {
    for (const role of ['balancers', 'controlPlanes', 'workers'] as const)
      for (const { name, address } of inventory[role]) expect(readme).toContain(`| \`${name}\` | ${address} |`)
    expect(readme).toContain(inventory.virtualIp.address)
  })

  test('has the right numbers for the quorum', () => {
    const rows = [...readme.matchAll(/^\| (\d) \| (\d) \| (\d) \|/gm)].map(row => row.slice(1).map(Number))
    expect(rows.length).toBeGreaterThanOrEqual(4)
    for (const [members, quorum, losses] of rows as [number, number, number][]) {
      expect(quorum).toBe(Math.floor(members / 2) + 1)
      expect(losses).toBe(members - quorum)
    }
  })

  test('names only files that exist', async () => {
    const named = new Set([...readme.matchAll(/infra\/machines\/([\w./-]+\.\w+)/g)].map(([, path]) => path!))
    expect(named.size).toBeGreaterThan(5)
    for (const path of named) await readFile(join(folder, path))
  })
})
