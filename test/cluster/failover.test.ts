import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '#test/support/until.ts'
import { certificateAuthority } from './support/certificate-authority.ts'
import type { RequestRecord } from './support/client.process.ts'
import { expectedOwner } from './support/expected-owner.ts'
import { netnsLabSkipReason } from './support/netns-lab.ts'
import { inventory, type OnpremLab, startOnpremLab } from './support/onprem-lab.ts'

const reason = await netnsLabSkipReason(
  ['haproxy', 'keepalived', 'curl', 'openssl'],
  'haproxy keepalived iproute2 curl openssl',
)
// A CI machine sets the variable, so that it cannot skip these tests.
if (reason !== undefined && process.env.VIGIA_MACHINE_ROOM === 'required') throw new Error(reason)
if (reason !== undefined) process.stderr.write(`skipped: ${reason}\n`)

const { virtualIp, balancers, controlPlanes, workers } = inventory
const names = (machines: { name: string }[]) => machines.map(({ name }) => name)
const failed = (requests: RequestRecord[]) => requests.filter(({ answeredBy }) => answeredBy === null)

// The tests run in this order. Each leaves everything running and the virtual IP on the first load balancer.
describe.skipIf(reason !== undefined)(`the virtual IP${reason === undefined ? '' : ` (${reason})`}`, () => {
  let lab: OnpremLab
  beforeAll(async () => {
    lab = await startOnpremLab()
  }, 120_000)
  afterAll(async () => {
    if (!lab) return
    process.stdout.write(await table(lab).finally(() => lab.close()))
  }, 60_000)

  const allControlPlanesUp = () =>
    until(
      async () => (await Promise.all(names(balancers).map(name => lab.serversUp(name)))).every(up => up.length === 3),
      {
        what: 'three control planes behind both load balancers',
      },
    )
  /** The next requests, after they have ended. */
  const nextRequests = async (count = 30) => {
    const from = Date.now()
    const last = await until(() => lab.requests.filter(({ at }) => at >= from)[count - 1], {
      timeoutMs: 60_000,
      what: 'requests',
    })
    return await lab.requestsBetween(from, last.at + 1)
  }
  /** A control plane in the statistics of the load balancer that has the virtual IP. */
  const statisticsOf = async (name: string) => (await lab.servers('lb1')).find(one => one.name === name)!
  /** The statistics of a control plane, after HAProxy has marked it down. */
  const markedDown = (name: string) =>
    until(
      async () => {
        const server = await statisticsOf(name)
        return server.status.startsWith('DOWN') ? server : undefined
      },
      { what: `${name} marked down by HAProxy` },
    )
  const expectNoAnswers = async () => {
    const requests = await nextRequests(5)
    expect(failed(requests)).toEqual(requests)
  }
  const requestsSucceed = () =>
    until(
      () => {
        const latest = lab.requests.toSorted((a, b) => a.sequence - b.sequence).slice(-10)
        return latest.every(({ at, answeredBy }) => answeredBy !== null && at > lab.events.at(-1)!.at)
      },
      { timeoutMs: 60_000, what: 'ten answers in a row' },
    )

  test('HAProxy and keepalived accept the files, and refuse a broken file with a message that names the fault', async () => {
    const haproxy = (file: string) => lab.netns.run('lb1', ['haproxy', '-c', '-f', file])
    const keepalived = (file: string) => lab.netns.run('lb1', ['keepalived', '-t', '-f', file])
    const broken = async (file: string, from: string, to: string) => {
      const text = await readFile(file, 'utf8')
      expect(text).toContain(from)
      await writeFile(`${file}.broken`, text.replace(from, to), { mode: 0o644 })
      return `${file}.broken`
    }
    const cfg = join(lab.netns.folder('lb1', '/etc/haproxy'), 'haproxy.cfg')
    expect(await haproxy(cfg)).toEqual({ code: 0, output: 'Configuration file is valid\n' })
    expect(await haproxy(await broken(cfg, 'verify required', 'verify maybe'))).toMatchObject({ code: 1 })
    expect(
      await haproxy(await broken(cfg, 'default_backend control-planes', 'default_backend contro-planes')),
    ).toMatchObject({
      code: 1,
      output: expect.stringContaining("unable to find required default_backend: 'contro-planes'"),
    })

    for (const name of names(balancers)) {
      const conf = join(lab.netns.folder(name, '/etc/keepalived'), 'keepalived.conf')
      // With a script_user other than root keepalived 2.2.7 ends its own check with SIGTERM, so only the output counts.
      expect((await keepalived(conf)).output.replace('Terminated\n', '')).toBe('')
      const asRoot = await broken(conf, 'script_user nobody nogroup', 'script_user root')
      expect(await keepalived(asRoot)).toEqual({ code: 0, output: '' })
      for (const [from, to, message] of [
        ['advert_int', 'advert_interval', "Unknown keyword 'advert_interval'"],
        ['/usr/bin/curl', '/usr/bin/curll', 'Disabling track script haproxy'],
        [`weight -${virtualIp.checkWeight}`, 'weight -600', 'weight -600 must be in [-253, 253]'],
      ] as const)
        expect(await keepalived(await broken(asRoot, from, to))).toMatchObject({
          code: 5,
          output: expect.stringContaining(message),
        })
    }
  })

  test('is on the load balancer with the higher priority, which sends requests to the control planes in turn', async () => {
    await allControlPlanesUp()
    expect(await lab.settled()).toBe('lb1')
    const answers = (await nextRequests(30)).map(({ answeredBy }) => answeredBy)
    for (const name of names(controlPlanes))
      expect(answers.filter(answer => answer === name).length).toBeGreaterThanOrEqual(answers.length / 3 - 2)
  })

  test('forwards the ports of the ingress to every worker', async () => {
    for (const [protocol, port] of [
      ['http', 80],
      ['https', 443],
    ] as const) {
      const found = new Set<string>()
      for (let tries = 0; tries < 30 && found.size < workers.length; tries++)
        found.add(await lab.curl('client', `http://${virtualIp.address}:${port}/`))
      expect([...found].toSorted()).toEqual(names(workers).map(name => `${name} ${protocol}`))
    }
  })

  test('Prometheus in the LAN can read how many control planes are up; only the load balancer itself can read the statistics', async () => {
    const [{ address }] = balancers as [(typeof balancers)[number]]
    expect(await lab.curl('client', `http://${address}:8405/metrics`)).toMatch(
      /^haproxy_backend_active_servers\{proxy="control-planes"\} 3$/m,
    )
    expect(await lab.curl('client', `http://${address}:8405/;csv`)).not.toContain('control-planes')
    expect(await lab.curl('client', `http://${address}:8404/healthz`)).toBe('')
    expect(await lab.curl('lb1', 'http://127.0.0.1:8404/healthz')).toContain('Service ready')
  })

  test('moves to the other load balancer when HAProxy dies, and back when HAProxy runs again', async () => {
    expect(await lab.cause('HAProxy of lb1 dies', () => lab.killHaproxy('lb1'))).toBe('lb2')
    await requestsSucceed()
    expect(failed(await nextRequests())).toEqual([])

    expect(await lab.cause('HAProxy of lb1 is back', () => lab.startHaproxy('lb1'))).toBe('lb1')
    await requestsSucceed()
    expect(failed(await nextRequests())).toEqual([])
  })

  test('HAProxy is configured to mark a server down after two failed checks, half a second apart', async () => {
    const text = await readFile(join(lab.netns.folder('lb1', '/etc/haproxy'), 'haproxy.cfg'), 'utf8')
    expect(text).toMatch(/^ {4}default-server check .* inter 500ms fall 2 rise 2 on-marked-down shutdown-sessions$/m)
    expect(text).toMatch(/^ {4}timeout connect 500ms$/m)
  })

  test('when an API server dies, no request is lost after two refused checks', async () => {
    for (const name of names(controlPlanes)) {
      const before = await statisticsOf(name)
      expect(await lab.cause(`API server of ${name} dies`, () => lab.killApiServer(name))).toBe('lb1')
      const down = await markedDown(name)
      expect(down).toMatchObject({ check: 'L4CON', failedChecks: before.failedChecks + 2 })
      const later = await nextRequests()
      expect(failed(later)).toEqual([])
      expect(later.map(({ answeredBy }) => answeredBy)).not.toContain(name)
      expect((await statisticsOf(name)).sessions).toBe(down.sessions)
      await lab.cause(`API server of ${name} is back`, () => lab.startApiServer(name))
      await allControlPlanesUp()
    }
  })

  test('when a control plane loses power, no request is lost after two unanswered checks, and connections to it are closed', async () => {
    const url = `https://kubernetes:6443/watch`
    const to = `kubernetes:6443:${virtualIp.address}:6443`
    const watch = await lab.netns.start('client', [
      ...['curl', '-sN', '--cacert', lab.clusterCa.certificate, '--connect-to', to, url],
    ])
    const name = await until(() => watch.output().trim(), { what: 'a watch' })
    expect(names(controlPlanes)).toContain(name)

    const before = await statisticsOf(name)
    await lab.cause(`${name} loses its power`, () => lab.setCable(name, false))
    const down = await markedDown(name)
    expect(down).toMatchObject({ check: 'L4TOUT', failedChecks: before.failedChecks + 2 })
    await until(() => watch.hasEnded(), { what: 'the end of the watch' })
    const later = await nextRequests()
    expect(failed(later)).toEqual([])
    expect(later.map(({ answeredBy }) => answeredBy)).not.toContain(name)
    expect((await statisticsOf(name)).sessions).toBe(down.sessions)

    await lab.cause(`${name} is back`, () => lab.setCable(name, true))
    await allControlPlanesUp()
  })

  test('moves to the other load balancer when keepalived dies, and back when keepalived runs again', async () => {
    expect(await lab.cause('keepalived of lb1 dies', () => lab.killKeepalived('lb1'))).toBe('lb2')
    await requestsSucceed()
    expect(await lab.cause('keepalived of lb1 is back', () => lab.startKeepalived('lb1'))).toBe('lb1')
    await requestsSucceed()
  })

  test('moves to the other load balancer when the first one loses its network, and back when the network works again', async () => {
    expect(await lab.cause('lb1 loses its network', () => lab.setCable('lb1', false))).toBe('lb2')
    await requestsSucceed()
    expect(failed(await nextRequests())).toEqual([])
    expect(await lab.cause('lb1 has its network back', () => lab.setCable('lb1', true))).toBe('lb1')
    await requestsSucceed()
  })

  test('stays when all control planes are down and both load balancers answer 503; one control plane is enough to answer again', async () => {
    const health = (name: string) =>
      lab.curl(name, '-o', '/dev/null', '-w', '%{http_code}', 'http://127.0.0.1:8404/healthz')
    const owner = await lab.cause('no control plane left', async () => {
      for (const name of names(controlPlanes)) await lab.killApiServer(name)
    })
    expect(owner).toBe('lb1')
    for (const name of names(balancers)) expect(await health(name)).toBe('503')
    await expectNoAnswers()

    expect(await lab.cause('one control plane is back', () => lab.startApiServer('cp2'))).toBe('lb1')
    await requestsSucceed()
    for (const name of names(balancers)) expect(await health(name)).toBe('200')
    expect(new Set((await nextRequests(5)).map(({ answeredBy }) => answeredBy))).toEqual(new Set(['cp2']))

    for (const name of ['cp1', 'cp3']) await lab.startApiServer(name)
    await allControlPlanesUp()
  })

  test('forwards no request to a server whose certificate is from another CA or is not for an API server', async () => {
    const other = await certificateAuthority(lab.netns.home, 'other-ca')
    const impostors = [
      await other.signed('impostor', ['DNS:kubernetes', 'DNS:cp3']),
      await lab.clusterCa.signed('kubelet', ['DNS:w1']),
    ]
    for (const certificate of impostors) {
      await lab.killApiServer('cp3')
      await until(async () => !(await lab.serversUp('lb1')).includes('cp3'), { what: 'cp3 marked down' })
      await lab.startApiServer('cp3', certificate)
      expect((await nextRequests()).map(({ answeredBy }) => answeredBy)).not.toContain('cp3')
      expect(await lab.serversUp('lb1')).toEqual(['cp1', 'cp2'])
    }
    await lab.killApiServer('cp3')
    await lab.startApiServer('cp3')
    await allControlPlanesUp()
  })

  test('is on the expected load balancer after failures and recoveries in a random order', async () => {
    const seed = Number(process.env.FAILOVER_SEED ?? Date.now() % 1_000_000)
    process.stdout.write(`FAILOVER_SEED=${seed}\n`)
    const random = randomNumbers(seed)
    const { haproxy, keepalived, cable, apiServer } = lab.working
    const switches = [
      ...names(balancers).flatMap(name => [
        {
          what: `HAProxy of ${name}`,
          flip: () => (haproxy.has(name) ? lab.killHaproxy(name) : lab.startHaproxy(name)),
        },
        {
          what: `keepalived of ${name}`,
          flip: () => (keepalived.has(name) ? lab.killKeepalived(name) : lab.startKeepalived(name)),
        },
        { what: `network of ${name}`, flip: () => lab.setCable(name, !cable.has(name)) },
      ]),
      ...names(controlPlanes).map(name => ({
        what: `API server of ${name}`,
        flip: () => (apiServer.has(name) ? lab.killApiServer(name) : lab.startApiServer(name)),
      })),
    ]
    const done: string[] = []
    try {
      for (let step = 0; step < 8; step++) {
        const { what, flip } = switches[Math.floor(random() * switches.length)]!
        done.push(what)
        await lab.cause(`chaos: ${what}`, flip)
        if (expectedOwner(inventory, lab.working).answers) await requestsSucceed()
        else await expectNoAnswers()
      }
    } catch (error) {
      throw new Error(`FAILOVER_SEED=${seed} failed after these failures and recoveries: ${done.join(', ')}`, {
        cause: error,
      })
    }
    await lab.cause('everything is back', async () => {
      for (const name of names(balancers)) {
        if (!cable.has(name)) await lab.setCable(name, true)
        if (!haproxy.has(name)) await lab.startHaproxy(name)
        if (!keepalived.has(name)) await lab.startKeepalived(name)
      }
      for (const name of names(controlPlanes)) if (!apiServer.has(name)) await lab.startApiServer(name)
    })
    await requestsSucceed()
    expect(lab.owners()).toEqual(['lb1'])
  })

  test('was on two load balancers only while it moved', () => {
    for (const { from, to } of overlaps(lab)) {
      const during = lab.events.some(({ at, settledAt }) => at <= from && to <= settledAt)
      // A move is over when priorities and address agree. How long that takes depends on keepalived.
      expect(during, `on both for ${to - from} ms from ${new Date(from).toISOString()}`).toBe(true)
    }
  })
})

/** The periods in which both load balancers had the address. */
const overlaps = ({ moves }: OnpremLab) => {
  const has = new Set<string>()
  const found: { from: number; to: number }[] = []
  let both: number | undefined
  for (const move of moves) {
    if (move.has) has.add(move.balancer)
    else has.delete(move.balancer)
    if (has.size > 1) both ??= move.at
    else if (both !== undefined) {
      found.push({ from: both, to: move.at })
      both = undefined
    }
  }
  return both === undefined ? found : [...found, { from: both, to: Date.now() }]
}

/** A table for people: what each failure cost, in seconds. */
const table = async ({ events, moves, requests }: OnpremLab): Promise<string> => {
  const seconds = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1000).toFixed(1))
  const rows = events.map(({ what, at, owner }, index) => {
    const end = events[index + 1]?.at ?? Number.POSITIVE_INFINITY
    const during = <T extends { at: number }>(all: T[]) => all.filter(one => one.at >= at && one.at < end)
    const lost = failed(during(requests))
    const lastLost = Math.max(...lost.map(one => one.at))
    const answered = requests
      .toSorted((a, b) => a.sequence - b.sequence)
      .find(one => one.at > lastLost && one.answeredBy !== null)
    const again = lost.length === 0 || answered === undefined ? undefined : answered.at - at
    const moved = during(moves).findLast(({ has }) => has)
    const slowest = Math.max(0, ...during(requests).flatMap(({ answeredBy, ms }) => (answeredBy === null ? [] : [ms])))
    return [
      what,
      owner || 'none',
      seconds(moved && moved.at - at),
      seconds(again),
      String(lost.length),
      seconds(slowest),
    ]
  })
  const all = [
    ['', 'virtual IP on', 'moved after (s)', 'answers again after (s)', 'requests lost', 'slowest answer (s)'],
    ...rows,
  ]
  const widths = all[0]!.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  const lines = all.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  return `\n${lines.join('\n')}\n`
}

/** A generator of pseudo-random numbers in [0, 1), by mulberry32. The same seed gives the same numbers. */
const randomNumbers = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
