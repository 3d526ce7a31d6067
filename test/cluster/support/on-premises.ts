import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readInventory } from '#infra/machines/inventory.ts'
import { root } from '#infra/repository.ts'
import { until } from '#test/support/until.ts'
import { authority, type Certificate } from './authority.ts'
import type { Asked } from './client.process.ts'
import { openMachineRoom, type Running } from './machine-room.ts'
import { type Working, whoServes } from './who-serves.ts'

const folder = join(root, 'infra/machines')

export const inventory = readInventory('inventory.yaml', await readFile(join(folder, 'inventory.yaml'), 'utf8'))

const { balancers, controlPlanes, workers, virtualIp, lan, ingress } = inventory
const apiPort = 6443
const script = (name: string) => [process.execPath, join(import.meta.dirname, `${name}.process.ts`)]
const namesOf = (machines: { name: string }[]) => machines.map(({ name }) => name)

/** A balancer got or lost the virtual IP, at an instant in ms of Unix time. */
export interface Move {
  at: number
  balancer: string
  has: boolean
}

/** A server of a backend, as HAProxy's own statistics have it. */
export interface Server {
  name: string
  /** `UP`, `UP 1/2` after a failed check, `DOWN` … */
  status: string
  /** How the last check ended: `L7OK`, `L4CON` (refused), `L4TOUT` (nobody there), `L6RSP` (no TLS of the cluster's) … */
  check: string
  /** Checks that failed while it was up. */
  failedChecks: number
  /** Connections that were sent to it. */
  sessions: number
}

/** Something was done to the machines at one instant, and at another all was as it had to be then. */
export interface Disturbance {
  what: string
  at: number
  settledAt: number
  owner: string
}

/**
 * The eight machines of infra/machines as they would stand in a LAN, and a ninth that asks: HAProxy and keepalived are the real ones and
 * read the files of the repository, at the paths and in the words of production. API servers and Kourier are small servers that say
 * their name.
 */
export const onPremises = async () => {
  const client = { name: 'client', address: virtualIp.address.replace(/\d+$/, '200') }
  const machines = [...balancers, ...controlPlanes, ...workers, client]
  const room = await openMachineRoom({
    machines: Object.fromEntries(machines.map(({ name, address }) => [name, address])),
    prefix: Number(lan.subnet.split('/')[1]),
    own: ['/etc/haproxy', '/etc/keepalived'],
  })
  const working: Working = {
    haproxy: new Set(),
    keepalived: new Set(),
    apiServer: new Set(),
    cable: new Set(namesOf(machines)),
  }
  const programs = new Map<string, Running>()
  const moves: Move[] = []
  const asked: Asked[] = []
  const disturbances: Disturbance[] = []

  const start = async (machine: string, what: string, command: string[], line?: (text: string) => void) => {
    programs.set(`${machine} ${what}`, await room.start(machine, command, line))
  }
  const kill = async (machine: string, what: string) => {
    await programs.get(`${machine} ${what}`)!.kill()
    programs.delete(`${machine} ${what}`)
  }
  /** What a program wrote. */
  const said = (machine: string, what: string) => programs.get(`${machine} ${what}`)?.output() ?? ''

  const startApiServer = async (name: string, { certificate, key }: Certificate) => {
    await start(name, 'API server', [...script('machine'), name, String(apiPort), certificate, key])
    working.apiServer.add(name)
  }
  const killApiServer = async (name: string) => {
    await kill(name, 'API server')
    working.apiServer.delete(name)
  }
  const startHaproxy = async (name: string) => {
    await start(name, 'haproxy', ['haproxy', '-db', '-f', '/etc/haproxy/haproxy.cfg'])
    working.haproxy.add(name)
  }
  const killHaproxy = async (name: string) => {
    await kill(name, 'haproxy')
    working.haproxy.delete(name)
  }
  const startKeepalived = async (name: string) => {
    await start(name, 'keepalived', ['keepalived', '--dont-fork', '--log-console'])
    working.keepalived.add(name)
  }
  const killKeepalived = async (name: string) => {
    await kill(name, 'keepalived')
    working.keepalived.delete(name)
  }
  const cable = async (name: string, plugged: boolean) => {
    await room.cable(name, plugged)
    if (plugged) working.cable.add(name)
    else working.cable.delete(name)
  }

  const prepareBalancer = async (name: string, clusterAuthority: string) => {
    const haproxy = room.folder(name, '/etc/haproxy')
    await mkdir(join(room.folder(name, '/run'), 'haproxy'))
    await copyFile(join(folder, 'haproxy/haproxy.cfg'), join(haproxy, 'haproxy.cfg'))
    await copyFile(clusterAuthority, join(haproxy, 'kubernetes-ca.crt'))
    const config = join(room.folder(name, '/etc/keepalived'), 'keepalived.conf')
    await copyFile(join(folder, `keepalived/${name}.conf`), config)
    await chmod(config, 0o644)
    await start(name, 'monitor', ['ip', '-o', '-4', 'monitor', 'address'], text => {
      if (text.includes(`inet ${virtualIp.address}/`))
        moves.push({ at: Date.now(), balancer: name, has: !text.startsWith('Deleted') })
    })
  }

  /** Who has the virtual IP now. */
  const owners = () => {
    const has = new Map(moves.map(move => [move.balancer, move.has]))
    return namesOf(balancers).filter(name => has.get(name))
  }

  /** The priority a balancer's keepalived has come to, as it says itself. */
  const priority = ({ name, priority }: (typeof balancers)[number]) => {
    const changes = [...said(name, 'keepalived').matchAll(/effective priority from \d+ to (\d+)/g)]
    return Number(changes.at(-1)?.[1] ?? priority)
  }

  /** Waits until balancers and address are what they must be with what works now; the name of who has the address. */
  const settled = async (): Promise<string> => {
    const { owner, standing } = whoServes(inventory, working)
    const wanted = standing.map(one => `${one.name} at ${one.priority}`).toSorted()
    const found = () =>
      balancers
        .filter(one => standing.some(({ name }) => name === one.name))
        .map(one => `${one.name} at ${priority(one)}`)
    await until(() => owners().join() === owner && found().toSorted().join() === wanted.join(), {
      timeoutMs: 45_000,
      what: `${virtualIp.address} on ${owner || 'nobody'} alone, with ${wanted.join(', ')}`,
    }).catch(error => {
      throw new Error(`${error.message}: it is on ${owners().join(' and ') || 'nobody'}, with ${found().join(', ')}`)
    })
    return owners().join()
  }

  /** Every request that was sent from one instant to another, once the last of them has ended. */
  const requests = async (from: number, to: number): Promise<Asked[]> => {
    const next = await until(() => asked.find(({ at }) => at >= to), { what: 'a request after the last one' })
    const earlier = () => asked.filter(({ nth }) => nth < next.nth)
    await until(() => earlier().length === next.nth, { timeoutMs: 60_000, what: 'the end of every request' })
    return earlier().filter(({ at }) => at >= from)
  }

  /** What curl says on a machine; '' where it gets no answer. */
  const curl = async (machine: string, ...options: string[]): Promise<string> =>
    (await room.run(machine, ['curl', '-s', '-m', '15', ...options])).output

  /** The control planes, as a balancer's statistics have them. */
  const servers = async (balancer: string): Promise<Server[]> => {
    const [names = [], ...rows] = (await curl(balancer, 'http://127.0.0.1:8404/;csv'))
      .split('\n')
      .map(line => line.split(','))
    const field = (row: string[], name: string) => row[names.indexOf(name)]!
    return rows
      .filter(row => field(row, '# pxname') === 'control-planes' && field(row, 'svname') !== 'BACKEND')
      .map(row => ({
        name: field(row, 'svname'),
        status: field(row, 'status'),
        check: field(row, 'check_status').replace('* ', ''),
        failedChecks: Number(field(row, 'chkfail')),
        sessions: Number(field(row, 'stot')),
      }))
  }

  try {
    const cluster = await authority(room.home, 'cluster-ca')
    const certificates = new Map<string, Certificate>()
    for (const { name, address } of controlPlanes)
      certificates.set(name, await cluster.signed(name, ['DNS:kubernetes', `DNS:${name}`, `IP:${address}`]))
    await Promise.all(balancers.map(({ name }) => prepareBalancer(name, cluster.certificate)))
    await Promise.all(controlPlanes.map(({ name }) => startApiServer(name, certificates.get(name)!)))
    for (const { name } of workers)
      for (const [door, port] of Object.entries(ingress))
        await start(name, door, [...script('machine'), `${name} ${door}`, String(port)])
    await Promise.all(balancers.map(({ name }) => startHaproxy(name)))
    await Promise.all(balancers.map(({ name }) => startKeepalived(name)))
    await settled()
    const url = `https://${virtualIp.address}:${apiPort}`
    await start('client', 'client', [...script('client'), url, cluster.certificate, '100'], text =>
      asked.push(JSON.parse(text)),
    )

    return {
      room,
      moves,
      asked,
      disturbances,
      working,
      owners,
      settled,
      requests,
      said,
      cluster,
      /** An authority that is not the cluster's. */
      otherAuthority: () => authority(room.home, 'other-ca'),
      startApiServer: (name: string, certificate = certificates.get(name)!) => startApiServer(name, certificate),
      killApiServer,
      startHaproxy,
      killHaproxy,
      startKeepalived,
      killKeepalived,
      cable,
      /** Does something to the machines and waits until all is as it must be then; the name of who has the address. */
      disturb: async (what: string, how: () => Promise<void>): Promise<string> => {
        const at = Date.now()
        await how()
        const owner = await settled()
        disturbances.push({ what, at, settledAt: Date.now(), owner })
        return owner
      },
      curl,
      servers,
      /** The names of the control planes that a balancer sends requests to, by its own statistics. */
      upstream: async (balancer: string): Promise<string[]> =>
        (await servers(balancer)).filter(({ status }) => status === 'UP').map(({ name }) => name),
      close: room.close,
    }
  } catch (error) {
    await room.close()
    throw error
  }
}

export type OnPremises = Awaited<ReturnType<typeof onPremises>>
