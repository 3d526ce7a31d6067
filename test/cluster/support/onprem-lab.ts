import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readInventory } from '#infra/machines/inventory.ts'
import { root } from '#infra/repository.ts'
import { until } from '#test/support/until.ts'
import { type CertificateAuthority, type CertificateFiles, certificateAuthority } from './certificate-authority.ts'
import type { RequestRecord } from './client.process.ts'
import { expectedOwner, type WorkingParts } from './expected-owner.ts'
import { type NetnsLab, openNetnsLab, type Running } from './netns-lab.ts'

const folder = join(root, 'infra/machines')

export const inventory = readInventory('inventory.yaml', await readFile(join(folder, 'inventory.yaml'), 'utf8'))

const { balancers, controlPlanes, workers, virtualIp, lan, ingress } = inventory
const apiPort = 6443
const clientIntervalMs = 100
const script = (name: string) => [process.execPath, join(import.meta.dirname, `${name}.process.ts`)]
const namesOf = (machines: { name: string }[]) => machines.map(({ name }) => name)

/** A load balancer got or lost the virtual IP, at an instant in ms of Unix time. */
export interface Move {
  at: number
  balancer: string
  has: boolean
}

/** A server of a backend, from HAProxy's statistics. */
export interface Server {
  name: string
  /** `UP`, `UP 1/2` after a failed check, `DOWN` … */
  status: string
  /**
   * The result of the last check: `L7OK`, `L4CON` (refused), `L4TOUT` (no answer), `L6RSP` (not the cluster's TLS) …
   */
  check: string
  /** Checks that failed while it was up. */
  failedChecks: number
  /** Connections that were sent to it. */
  sessions: number
}

/**
 * A part that failed or came back at `at`. At `settledAt` the virtual IP had reached the load balancer where it then
 * had to be.
 */
export interface FailureEvent {
  what: string
  at: number
  settledAt: number
  owner: string
}

/**
 * The eight machines of infra/machines in a LAN, and a ninth with a client. HAProxy and keepalived are the real
 * programs and read the repository's files at their production paths. API servers and Kourier are replaced by small
 * servers that answer with their name.
 */
export class OnpremLab {
  readonly moves: Move[] = []
  readonly requests: RequestRecord[] = []
  readonly events: FailureEvent[] = []
  readonly working: WorkingParts
  readonly netns: NetnsLab
  readonly clusterCa: CertificateAuthority
  readonly #certificates: Map<string, CertificateFiles>
  readonly #programs = new Map<string, Running>()

  constructor(
    netns: NetnsLab,
    clusterCa: CertificateAuthority,
    certificates: Map<string, CertificateFiles>,
    machines: string[],
  ) {
    this.netns = netns
    this.clusterCa = clusterCa
    this.#certificates = certificates
    this.working = { haproxy: new Set(), keepalived: new Set(), apiServer: new Set(), cable: new Set(machines) }
  }

  /** Starts everything, and waits until the virtual IP is on the first load balancer. */
  async start(): Promise<void> {
    await Promise.all(balancers.map(({ name }) => this.#prepareBalancer(name)))
    await Promise.all(controlPlanes.map(({ name }) => this.startApiServer(name)))
    for (const { name } of workers)
      for (const [protocol, port] of Object.entries(ingress))
        await this.#start(name, protocol, [...script('named-server'), `${name} ${protocol}`, String(port)])
    await Promise.all(balancers.map(({ name }) => this.startHaproxy(name)))
    await Promise.all(balancers.map(({ name }) => this.startKeepalived(name)))
    await this.settled()
    const url = `https://${virtualIp.address}:${apiPort}`
    const client = [...script('client'), url, this.clusterCa.certificate, String(clientIntervalMs)]
    await this.#start('client', 'client', client, text => this.requests.push(JSON.parse(text)))
  }

  close(): Promise<void> {
    return this.netns.close()
  }

  async #prepareBalancer(name: string) {
    const haproxy = this.netns.folder(name, '/etc/haproxy')
    await mkdir(join(this.netns.folder(name, '/run'), 'haproxy'))
    await copyFile(join(folder, 'haproxy/haproxy.cfg'), join(haproxy, 'haproxy.cfg'))
    await copyFile(this.clusterCa.certificate, join(haproxy, 'kubernetes-ca.crt'))
    const config = join(this.netns.folder(name, '/etc/keepalived'), 'keepalived.conf')
    await copyFile(join(folder, `keepalived/${name}.conf`), config)
    await chmod(config, 0o644)
    await this.#start(name, 'monitor', ['ip', '-o', '-4', 'monitor', 'address'], text => {
      if (text.includes(`inet ${virtualIp.address}/`))
        this.moves.push({ at: Date.now(), balancer: name, has: !text.startsWith('Deleted') })
    })
  }

  async #start(machine: string, what: string, command: string[], onLine?: (text: string) => void) {
    this.#programs.set(`${machine} ${what}`, await this.netns.start(machine, command, onLine))
  }

  async #kill(machine: string, what: string) {
    await this.#programs.get(`${machine} ${what}`)!.kill()
    this.#programs.delete(`${machine} ${what}`)
  }

  async startApiServer(name: string, { certificate, key } = this.#certificates.get(name)!) {
    await this.#start(name, 'API server', [...script('named-server'), name, String(apiPort), certificate, key])
    this.working.apiServer.add(name)
  }

  async killApiServer(name: string) {
    await this.#kill(name, 'API server')
    this.working.apiServer.delete(name)
  }

  async startHaproxy(name: string) {
    await this.#start(name, 'haproxy', ['haproxy', '-db', '-f', '/etc/haproxy/haproxy.cfg'])
    this.working.haproxy.add(name)
  }

  async killHaproxy(name: string) {
    await this.#kill(name, 'haproxy')
    this.working.haproxy.delete(name)
  }

  async startKeepalived(name: string) {
    await this.#start(name, 'keepalived', ['keepalived', '--dont-fork', '--log-console'])
    this.working.keepalived.add(name)
  }

  async killKeepalived(name: string) {
    await this.#kill(name, 'keepalived')
    this.working.keepalived.delete(name)
  }

  async setCable(name: string, plugged: boolean) {
    await this.netns.setCable(name, plugged)
    if (plugged) this.working.cable.add(name)
    else this.working.cable.delete(name)
  }

  /**
   * Makes a part fail or come back, waits until the virtual IP is where it then has to be, and returns the owner's
   * name.
   */
  async cause(what: string, change: () => Promise<void>): Promise<string> {
    const at = Date.now()
    await change()
    const owner = await this.settled()
    this.events.push({ what, at, settledAt: Date.now(), owner })
    return owner
  }

  /** The load balancers that have the virtual IP now. */
  owners(): string[] {
    const has = new Map(this.moves.map(move => [move.balancer, move.has]))
    return namesOf(balancers).filter(name => has.get(name))
  }

  /** Waits until owner and priorities are as expected for the parts that work, and returns the owner's name. */
  async settled(): Promise<string> {
    const { owner, candidates } = expectedOwner(inventory, this.working)
    const wanted = candidates.map(one => `${one.name} at ${one.priority}`).toSorted()
    const found = () =>
      balancers
        .filter(one => candidates.some(({ name }) => name === one.name))
        .map(one => `${one.name} at ${this.#priority(one)}`)
    await until(() => this.owners().join() === owner && found().toSorted().join() === wanted.join(), {
      timeoutMs: 45_000,
      what: `${virtualIp.address} on ${owner || 'no load balancer'} alone, with ${wanted.join(', ')}`,
    }).catch(error => {
      const owners = this.owners().join(' and ') || 'no load balancer'
      throw new Error(`${error.message}: it is on ${owners}, with ${found().join(', ')}`)
    })
    return this.owners().join()
  }

  /** The current priority of a load balancer, from the log of its keepalived. */
  #priority({ name, priority }: (typeof balancers)[number]) {
    const log = this.#programs.get(`${name} keepalived`)?.output() ?? ''
    const changes = [...log.matchAll(/effective priority from \d+ to (\d+)/g)]
    return Number(changes.at(-1)?.[1] ?? priority)
  }

  /** The requests that were sent in a period, after all of them have ended. */
  async requestsBetween(from: number, to: number): Promise<RequestRecord[]> {
    const next = await until(() => this.requests.find(({ at }) => at >= to), { what: 'a request after the last one' })
    const earlier = () => this.requests.filter(({ sequence }) => sequence < next.sequence)
    await until(() => earlier().length === next.sequence, { timeoutMs: 60_000, what: 'the end of every request' })
    return earlier().filter(({ at }) => at >= from)
  }

  /** The output of curl on a machine; '' when there is no answer. */
  async curl(machine: string, ...options: string[]): Promise<string> {
    return (await this.netns.run(machine, ['curl', '-s', '-m', '15', ...options])).output
  }

  /** The control planes in the statistics of a load balancer. */
  async servers(balancer: string): Promise<Server[]> {
    const [names = [], ...rows] = (await this.curl(balancer, 'http://127.0.0.1:8404/;csv'))
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

  /** The control planes to which a load balancer sends requests, from its statistics. */
  async serversUp(balancer: string): Promise<string[]> {
    return (await this.servers(balancer)).filter(({ status }) => status === 'UP').map(({ name }) => name)
  }
}

/** Makes the machines and the certificates, and starts everything on them. */
export const startOnpremLab = async (): Promise<OnpremLab> => {
  const client = { name: 'client', address: virtualIp.address.replace(/\d+$/, '200') }
  const machines = [...balancers, ...controlPlanes, ...workers, client]
  const netns = await openNetnsLab({
    machines: Object.fromEntries(machines.map(({ name, address }) => [name, address])),
    prefix: Number(lan.subnet.split('/')[1]),
    privateFolders: ['/etc/haproxy', '/etc/keepalived'],
  })
  try {
    const clusterCa = await certificateAuthority(netns.home, 'cluster-ca')
    const certificates = new Map<string, CertificateFiles>()
    for (const { name, address } of controlPlanes)
      certificates.set(name, await clusterCa.signed(name, ['DNS:kubernetes', `DNS:${name}`, `IP:${address}`]))
    const lab = new OnpremLab(netns, clusterCa, certificates, namesOf(machines))
    await lab.start()
    return lab
  } catch (error) {
    await netns.close()
    throw error
  }
}
