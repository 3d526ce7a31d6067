import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '#test/support/until.ts'
import type { Asked } from './support/client.process.ts'
import { whyNoMachineRoom } from './support/machine-room.ts'
import { inventory, type OnPremises, onPremises } from './support/on-premises.ts'
import { whoServes } from './support/who-serves.ts'

const reason = await whyNoMachineRoom(
  ['haproxy', 'keepalived', 'curl', 'openssl'],
  'haproxy keepalived iproute2 curl openssl',
)
// A machine that is there to run these tests must not skip them.
if (reason !== undefined && process.env.VIGIA_MACHINE_ROOM === 'required') throw new Error(reason)
if (reason !== undefined) process.stderr.write(`skipped: ${reason}\n`)

const { virtualIp, balancers, controlPlanes, workers } = inventory
const names = (machines: { name: string }[]) => machines.map(({ name }) => name)
const failed = (requests: Asked[]) => requests.filter(({ answer }) => answer === null)

// In order: each test leaves everything running and the address on the first balancer, and begins from there.
describe.skipIf(reason !== undefined)(`the virtual IP${reason === undefined ? '' : ` (${reason})`}`, () => {
  let house: OnPremises
  beforeAll(async () => {
    house = await onPremises()
  }, 120_000)
  afterAll(async () => {
    if (!house) return
    process.stdout.write(await table(house).finally(house.close))
  }, 60_000)

  const everybodyUp = () =>
    until(async () => (await Promise.all(names(balancers).map(house.upstream))).every(up => up.length === 3), {
      what: 'three control planes behind both balancers',
    })
  /** Some requests that are sent from now on. */
  const nextRequests = async (count = 30) => {
    const from = Date.now()
    const last = await until(() => house.asked.filter(({ at }) => at >= from)[count - 1], {
      timeoutMs: 60_000,
      what: 'requests',
    })
    return await house.requests(from, last.at + 1)
  }
  /** A control plane as the balancer that has the address sees it. */
  const seen = async (name: string) => (await house.servers('lb1')).find(one => one.name === name)!
  /** The same, once HAProxy has decided that it is down. */
  const markedDown = (name: string) =>
    until(
      async () => {
        const server = await seen(name)
        return server.status.startsWith('DOWN') ? server : undefined
      },
      { what: `HAProxy's decision that ${name} is down` },
    )
  const nobodyAnswers = async () => {
    const requests = await nextRequests(5)
    expect(failed(requests)).toEqual(requests)
  }
  const answersAgain = () =>
    until(
      () => {
        const latest = house.asked.toSorted((a, b) => a.nth - b.nth).slice(-10)
        return latest.every(({ at, answer }) => answer !== null && at > house.disturbances.at(-1)!.at)
      },
      { timeoutMs: 60_000, what: 'ten answers in a row' },
    )

  test('HAProxy and keepalived take the files as they are, and refuse broken ones by line', async () => {
    const haproxy = (file: string) => house.room.run('lb1', ['haproxy', '-c', '-f', file])
    const keepalived = (file: string) => house.room.run('lb1', ['keepalived', '-t', '-f', file])
    const broken = async (file: string, from: string, to: string) => {
      const text = await readFile(file, 'utf8')
      expect(text).toContain(from)
      await writeFile(`${file}.broken`, text.replace(from, to), { mode: 0o644 })
      return `${file}.broken`
    }
    const cfg = join(house.room.folder('lb1', '/etc/haproxy'), 'haproxy.cfg')
    expect(await haproxy(cfg)).toEqual({ code: 0, output: 'Configuration file is valid\n' })
    expect(await haproxy(await broken(cfg, 'verify required', 'verify maybe'))).toMatchObject({ code: 1 })
    expect(
      await haproxy(await broken(cfg, 'default_backend control-planes', 'default_backend contro-planes')),
    ).toMatchObject({
      code: 1,
      output: expect.stringContaining("unable to find required default_backend: 'contro-planes'"),
    })

    for (const name of names(balancers)) {
      const conf = join(house.room.folder(name, '/etc/keepalived'), 'keepalived.conf')
      // With a script_user that is not root keepalived 2.2.7 ends a test of its files by a SIGTERM to itself: its words count.
      expect((await keepalived(conf)).output.replace('Terminated\n', '')).toBe('')
      const asRoot = await broken(conf, 'script_user nobody nogroup', 'script_user root')
      expect(await keepalived(asRoot)).toEqual({ code: 0, output: '' })
      for (const [from, to, words] of [
        ['advert_int', 'advert_interval', "Unknown keyword 'advert_interval'"],
        ['/usr/bin/curl', '/usr/bin/curll', 'Disabling track script haproxy'],
        [`weight -${virtualIp.checkWeight}`, 'weight -600', 'weight -600 must be in [-253, 253]'],
      ] as const)
        expect(await keepalived(await broken(asRoot, from, to))).toMatchObject({
          code: 5,
          output: expect.stringContaining(words),
        })
    }
  })

  test('is on the balancer with the higher priority, and the control planes take turns behind it', async () => {
    await everybodyUp()
    expect(await house.settled()).toBe('lb1')
    const answers = (await nextRequests(30)).map(({ answer }) => answer)
    for (const name of names(controlPlanes))
      expect(answers.filter(answer => answer === name).length).toBeGreaterThanOrEqual(answers.length / 3 - 2)
  })

  test('leads to every worker by the ports of the ingress', async () => {
    for (const [door, port] of [
      ['http', 80],
      ['https', 443],
    ] as const) {
      const found = new Set<string>()
      for (let tries = 0; tries < 30 && found.size < workers.length; tries++)
        found.add(await house.curl('client', `http://${virtualIp.address}:${port}/`))
      expect([...found].toSorted()).toEqual(names(workers).map(name => `${name} ${door}`))
    }
  })

  test('tells Prometheus in the LAN how many control planes are up, and shows statistics to nobody but the machine itself', async () => {
    const [{ address }] = balancers as [(typeof balancers)[number]]
    expect(await house.curl('client', `http://${address}:8405/metrics`)).toMatch(
      /^haproxy_backend_active_servers\{proxy="control-planes"\} 3$/m,
    )
    expect(await house.curl('client', `http://${address}:8405/;csv`)).not.toContain('control-planes')
    expect(await house.curl('client', `http://${address}:8404/healthz`)).toBe('')
    expect(await house.curl('lb1', 'http://127.0.0.1:8404/healthz')).toContain('Service ready')
  })

  test('moves to the other balancer when HAProxy dies, and back when it lives again', async () => {
    expect(await house.disturb('HAProxy of lb1 dies', () => house.killHaproxy('lb1'))).toBe('lb2')
    await answersAgain()
    expect(failed(await nextRequests())).toEqual([])

    expect(await house.disturb('HAProxy of lb1 is back', () => house.startHaproxy('lb1'))).toBe('lb1')
    await answersAgain()
    expect(failed(await nextRequests())).toEqual([])
  })

  test('gives a dead server two checks, half a second apart', async () => {
    const text = await readFile(join(house.room.folder('lb1', '/etc/haproxy'), 'haproxy.cfg'), 'utf8')
    expect(text).toMatch(/^ {4}default-server check .* inter 500ms fall 2 rise 2 on-marked-down shutdown-sessions$/m)
    expect(text).toMatch(/^ {4}timeout connect 500ms$/m)
  })

  test('loses no request once two checks of a control plane whose API server has died were refused', async () => {
    for (const name of names(controlPlanes)) {
      const before = await seen(name)
      expect(await house.disturb(`API server of ${name} dies`, () => house.killApiServer(name))).toBe('lb1')
      const down = await markedDown(name)
      expect(down).toMatchObject({ check: 'L4CON', failedChecks: before.failedChecks + 2 })
      const later = await nextRequests()
      expect(failed(later)).toEqual([])
      expect(later.map(({ answer }) => answer)).not.toContain(name)
      expect((await seen(name)).sessions).toBe(down.sessions)
      await house.disturb(`API server of ${name} is back`, () => house.startApiServer(name))
      await everybodyUp()
    }
  })

  test('loses no request once two checks of a control plane without power went unanswered, and ends connections to it', async () => {
    const url = `https://kubernetes:6443/watch`
    const to = `kubernetes:6443:${virtualIp.address}:6443`
    const watch = await house.room.start('client', [
      ...['curl', '-sN', '--cacert', house.cluster.certificate, '--connect-to', to, url],
    ])
    const name = await until(() => watch.output().trim(), { what: 'a watch' })
    expect(names(controlPlanes)).toContain(name)

    const before = await seen(name)
    await house.disturb(`${name} loses its power`, () => house.cable(name, false))
    const down = await markedDown(name)
    expect(down).toMatchObject({ check: 'L4TOUT', failedChecks: before.failedChecks + 2 })
    await until(() => watch.hasEnded(), { what: 'the end of the watch' })
    const later = await nextRequests()
    expect(failed(later)).toEqual([])
    expect(later.map(({ answer }) => answer)).not.toContain(name)
    expect((await seen(name)).sessions).toBe(down.sessions)

    await house.disturb(`${name} is back`, () => house.cable(name, true))
    await everybodyUp()
  })

  test('moves when keepalived itself dies, which takes the address away from its machine, and back', async () => {
    expect(await house.disturb('keepalived of lb1 dies', () => house.killKeepalived('lb1'))).toBe('lb2')
    await answersAgain()
    expect(await house.disturb('keepalived of lb1 is back', () => house.startKeepalived('lb1'))).toBe('lb1')
    await answersAgain()
  })

  test('moves when the balancer loses its network, and back', async () => {
    expect(await house.disturb('lb1 loses its network', () => house.cable('lb1', false))).toBe('lb2')
    await answersAgain()
    expect(failed(await nextRequests())).toEqual([])
    expect(await house.disturb('lb1 has its network back', () => house.cable('lb1', true))).toBe('lb1')
    await answersAgain()
  })

  test('stays where it is with no control plane left, both balancers say so, and one that returns is enough', async () => {
    const health = (name: string) =>
      house.curl(name, '-o', '/dev/null', '-w', '%{http_code}', 'http://127.0.0.1:8404/healthz')
    const owner = await house.disturb('no control plane left', async () => {
      for (const name of names(controlPlanes)) await house.killApiServer(name)
    })
    expect(owner).toBe('lb1')
    for (const name of names(balancers)) expect(await health(name)).toBe('503')
    await nobodyAnswers()

    expect(await house.disturb('one control plane is back', () => house.startApiServer('cp2'))).toBe('lb1')
    await answersAgain()
    for (const name of names(balancers)) expect(await health(name)).toBe('200')
    expect(new Set((await nextRequests(5)).map(({ answer }) => answer))).toEqual(new Set(['cp2']))

    for (const name of ['cp1', 'cp3']) await house.startApiServer(name)
    await everybodyUp()
  })

  test('leads to no server that another authority vouches for, nor to one of the cluster that is no API server', async () => {
    const other = await house.otherAuthority()
    const impostors = [
      await other.signed('impostor', ['DNS:kubernetes', 'DNS:cp3']),
      await house.cluster.signed('kubelet', ['DNS:w1']),
    ]
    for (const certificate of impostors) {
      await house.killApiServer('cp3')
      await until(async () => !(await house.upstream('lb1')).includes('cp3'), { what: 'cp3 marked down' })
      await house.startApiServer('cp3', certificate)
      expect((await nextRequests()).map(({ answer }) => answer)).not.toContain('cp3')
      expect(await house.upstream('lb1')).toEqual(['cp1', 'cp2'])
    }
    await house.killApiServer('cp3')
    await house.startApiServer('cp3')
    await everybodyUp()
  })

  test('is where it must be whatever fails and returns in whichever order', async () => {
    const seed = Number(process.env.FAILOVER_SEED ?? Date.now() % 1_000_000)
    process.stdout.write(`FAILOVER_SEED=${seed}\n`)
    const random = numbers(seed)
    const { haproxy, keepalived, cable, apiServer } = house.working
    const switches = [
      ...names(balancers).flatMap(name => [
        {
          what: `HAProxy of ${name}`,
          flip: () => (haproxy.has(name) ? house.killHaproxy(name) : house.startHaproxy(name)),
        },
        {
          what: `keepalived of ${name}`,
          flip: () => (keepalived.has(name) ? house.killKeepalived(name) : house.startKeepalived(name)),
        },
        { what: `network of ${name}`, flip: () => house.cable(name, !cable.has(name)) },
      ]),
      ...names(controlPlanes).map(name => ({
        what: `API server of ${name}`,
        flip: () => (apiServer.has(name) ? house.killApiServer(name) : house.startApiServer(name)),
      })),
    ]
    const done: string[] = []
    try {
      for (let step = 0; step < 8; step++) {
        const { what, flip } = switches[Math.floor(random() * switches.length)]!
        done.push(what)
        await house.disturb(`chaos: ${what}`, flip)
        if (whoServes(inventory, house.working).answers) await answersAgain()
        else await nobodyAnswers()
      }
    } catch (error) {
      throw new Error(`FAILOVER_SEED=${seed}: after switching ${done.join(', ')}`, { cause: error })
    }
    await house.disturb('everything is back', async () => {
      for (const name of names(balancers)) {
        if (!cable.has(name)) await house.cable(name, true)
        if (!haproxy.has(name)) await house.startHaproxy(name)
        if (!keepalived.has(name)) await house.startKeepalived(name)
      }
      for (const name of names(controlPlanes)) if (!apiServer.has(name)) await house.startApiServer(name)
    })
    await answersAgain()
    expect(house.owners()).toEqual(['lb1'])
  })

  test('was never on two balancers but while it moved', () => {
    for (const { from, to } of overlaps(house)) {
      const during = house.disturbances.some(({ at, settledAt }) => at <= from && to <= settledAt)
      // How long keepalived takes to settle a move is its own clock's, and it has settled one when its priorities and the address agree.
      expect(during, `on both for ${to - from} ms from ${new Date(from).toISOString()}`).toBe(true)
    }
  })
})

/** When both balancers had the address. */
const overlaps = ({ moves }: OnPremises) => {
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

/** What each disturbance cost, in seconds, for a person. */
const table = async ({ disturbances, moves, asked }: OnPremises): Promise<string> => {
  const seconds = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1000).toFixed(1))
  const rows = disturbances.map(({ what, at, owner }, index) => {
    const end = disturbances[index + 1]?.at ?? Number.POSITIVE_INFINITY
    const during = <T extends { at: number }>(all: T[]) => all.filter(one => one.at >= at && one.at < end)
    const lost = failed(during(asked))
    const lastLost = Math.max(...lost.map(one => one.at))
    const answered = asked.toSorted((a, b) => a.nth - b.nth).find(one => one.at > lastLost && one.answer !== null)
    const again = lost.length === 0 || answered === undefined ? undefined : answered.at - at
    const moved = during(moves).findLast(({ has }) => has)
    const slowest = Math.max(0, ...during(asked).flatMap(({ answer, ms }) => (answer === null ? [] : [ms])))
    return [
      what,
      owner || 'nobody',
      seconds(moved && moved.at - at),
      seconds(again),
      String(lost.length),
      seconds(slowest),
    ]
  })
  const all = [['', 'address on', 'moved after s', 'answers after s', 'requests lost', 'slowest answer s'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map(row => row[column]!.length)))
  const lines = all.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  return `\n${lines.join('\n')}\n`
}

/** The same numbers from 0 to 1 for the same seed (mulberry32). */
const numbers = (seed: number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
