import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '#local/databases/postgres.ts'
import type { Bench } from './bench.ts'

const script = fileURLToPath(new URL('broker.process.ts', import.meta.url))

/** Microseconds of CPU a process has used, by /proc, with those of its children that have ended. */
const cpuOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // After the name, which may hold anything: state is field 3, utime stime cutime cstime are 14 to 17, in ticks of 10 ms.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0) * 10_000
}

const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(name => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent
      } catch {
        return false
      }
    })
    .map(Number)

const treeCpu = (pid: number): number => [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuOf(one), 0)

interface Said {
  url: string
  sent: { since: number; count: number; cpuMicros: number }
  done: number
  count: number
  hopMs: number
}

/** The next thing a part says about `key`; throws when it ends without a word. */
const says = <Key extends keyof Said>(child: ChildProcess, key: Key): Promise<Said[Key]> =>
  new Promise((resolve, reject) => {
    const hear = (message: unknown) => {
      const said = (message as Said)[key]
      if (said === undefined) return
      child.off('message', hear).off('exit', ended)
      resolve(said)
    }
    const ended = () => reject(new Error('a part of the benchmark ended early'))
    child.on('message', hear).on('exit', ended)
  })

const start = (part: string, given: object): ChildProcess => fork(script, [part, JSON.stringify(given)])

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

interface Case {
  name: string
  part: 'broker' | 'forwarder'
  atOnce: number
  triggers: number
}

const cases: Case[] = [
  { name: 'HTTP alone, nothing stored, 16 senders', part: 'forwarder', atOnce: 16, triggers: 1 },
  { name: 'broker, 1 sender', part: 'broker', atOnce: 1, triggers: 1 },
  { name: 'broker, 16 senders', part: 'broker', atOnce: 16, triggers: 1 },
  { name: 'broker, 64 senders', part: 'broker', atOnce: 64, triggers: 1 },
  { name: 'broker, 16 senders, 10 Triggers, one matches', part: 'broker', atOnce: 16, triggers: 10 },
]

/** Stored, handled and acked through HTTP: senders, broker and subscriber are processes of their own, PostgreSQL syncs to the disk. */
export const bench: Bench = {
  title: 'the durable broker beside a hop that stores nothing',
  run: async log => {
    const dataDir = await mkdtemp(join(tmpdir(), 'vigia-bench-'))
    // As root, PostgreSQL runs as somebody else.
    await chmod(dataDir, 0o755)
    const server = await startPostgres({ dataDir })
    const interrupted = () => void server.stop().then(() => process.exit(130))
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
    const rows: (string | number)[][] = []
    const hops: number[] = []
    const subscriber = start('subscriber', {})
    try {
      const subscriberUrl = await says(subscriber, 'url')
      for (const one of cases) {
        log(one.name)
        rows.push(await measure(one, server.url, server.pid!, subscriber, subscriberUrl))
      }
      log('idle hop')
      hops.push(...(await idleHops(server.url, subscriber, subscriberUrl)))
    } finally {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      await end(subscriber)
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
    const at = (share: number) => hops[Math.floor(share * hops.length)]!.toFixed(1)
    return {
      columns: ['case', 'events/s', 'broker µs', 'PostgreSQL µs', 'together µs', 'subscriber µs', 'sender µs'],
      rows,
      notes: [
        `idle hop, written by the producer to read by the subscriber: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`,
        "Knative's in-memory broker, which stores nothing, measured on two cores: 2,100 events/s, 762 µs, 310 µs more for each further Trigger",
      ],
    }
  },
}

const measure = async (
  { name, part, atOnce, triggers }: Case,
  databaseUrl: string,
  postgresPid: number,
  subscriber: ChildProcess,
  subscriberUrl: string,
): Promise<(string | number)[]> => {
  const hop = start(part, { databaseUrl, subscriberUrl, triggers })
  try {
    const url = await says(hop, 'url')
    const allDone = async (wanted: number) => {
      for (;;) {
        hop.send('?')
        if ((await says(hop, 'done')) >= wanted) return
        await setTimeout(5)
      }
    }
    const warming = start('sender', { url, forMs: 1_000, atOnce })
    const { count: warm } = await says(warming, 'sent')
    await allDone(warm)
    const before = { hop: cpuOf(hop.pid!), postgres: treeCpu(postgresPid), subscriber: cpuOf(subscriber.pid!) }
    const sender = start('sender', { url, forMs: 3_000, atOnce })
    const { since, count, cpuMicros } = await says(sender, 'sent')
    await allDone(warm + count)
    const seconds = (performance.timeOrigin + performance.now() - since) / 1000
    const micros = (after: number, from: number) => Math.round((after - from) / count)
    const broker = micros(cpuOf(hop.pid!), before.hop)
    const database = micros(treeCpu(postgresPid), before.postgres)
    const subscribed = micros(cpuOf(subscriber.pid!), before.subscriber)
    return [
      name,
      Math.round(count / seconds),
      broker,
      database,
      broker + database,
      subscribed,
      Math.round(cpuMicros / count),
    ]
  } finally {
    await end(hop)
  }
}

const idleHops = async (databaseUrl: string, subscriber: ChildProcess, subscriberUrl: string): Promise<number[]> => {
  const hop = start('broker', { databaseUrl, subscriberUrl, triggers: 1 })
  try {
    const url = await says(hop, 'url')
    const hops: number[] = []
    const listener = ({ hopMs }: Said) => hopMs !== undefined && hops.push(hopMs)
    subscriber.on('message', listener)
    const sender = start('sender', { url, forMs: 2_000, atOnce: 1, pauseMs: 10 })
    const { count } = await says(sender, 'sent')
    while (hops.length < count) await setTimeout(5)
    subscriber.off('message', listener)
    return hops.sort((a, b) => a - b)
  } finally {
    await end(hop)
  }
}
