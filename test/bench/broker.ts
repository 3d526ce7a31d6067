import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '#local/databases/postgres.ts'
import type { Bench } from './bench.ts'
import { cpuUs, processTree } from './support/processes.ts'

const script = fileURLToPath(new URL('broker.process.ts', import.meta.url))

/** CPU time of a process and its descendants, in microseconds. */
const cpuOfTree = (pid: number): number => processTree([pid]).reduce((sum, one) => sum + cpuUs(one), 0)

/** The messages that the processes send by IPC. Each message has one of these keys. */
interface Report {
  url: string
  sent: { since: number; count: number; cpuMicros: number }
  done: number
  count: number
  latencyMs: number
}

/** The next value that a process reports for `key`; throws if the process ends before it reports. */
const nextReport = <Key extends keyof Report>(child: ChildProcess, key: Key): Promise<Report[Key]> =>
  new Promise((resolve, reject) => {
    const onMessage = (message: unknown) => {
      const value = (message as Report)[key]
      if (value === undefined) return
      child.off('message', onMessage).off('exit', onExit)
      resolve(value)
    }
    const onExit = () => reject(new Error(`a process of the benchmark ended before it reported ${key}`))
    child.on('message', onMessage).on('exit', onExit)
  })

const startProcess = (part: string, options: object): ChildProcess => fork(script, [part, JSON.stringify(options)])

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

interface Case {
  name: string
  part: 'broker' | 'forwarder'
  concurrency: number
  triggers: number
}

const cases: Case[] = [
  { name: 'HTTP alone, nothing stored, 16 senders', part: 'forwarder', concurrency: 16, triggers: 1 },
  { name: 'broker, 1 sender', part: 'broker', concurrency: 1, triggers: 1 },
  { name: 'broker, 16 senders', part: 'broker', concurrency: 16, triggers: 1 },
  { name: 'broker, 64 senders', part: 'broker', concurrency: 64, triggers: 1 },
  { name: 'broker, 16 senders, 10 Triggers, one matches', part: 'broker', concurrency: 16, triggers: 10 },
]

/**
 * Measures a broker that stores, delivers and acknowledges events. Sender, broker and subscriber are separate
 * processes, and PostgreSQL syncs to disk.
 */
export const bench: Bench = {
  title: 'the durable broker compared with a server that only forwards events',
  run: async log => {
    const dataDir = await mkdtemp(join(tmpdir(), 'vigia-bench-'))
    // If this runs as root, PostgreSQL runs as another user, which must be able to enter the folder.
    await chmod(dataDir, 0o755)
    const server = await startPostgres({ dataDir })
    const onInterrupt = () => void server.stop().then(() => process.exit(130))
    process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt)
    const rows: (string | number)[][] = []
    const latenciesMs: number[] = []
    const subscriber = startProcess('subscriber', {})
    try {
      const subscriberUrl = await nextReport(subscriber, 'url')
      for (const one of cases) {
        log(one.name)
        rows.push(await measure(one, server.url, server.pid!, subscriber, subscriberUrl))
      }
      log('one event at a time')
      latenciesMs.push(...(await measureIdleLatencies(server.url, subscriber, subscriberUrl)))
    } finally {
      process.off('SIGINT', onInterrupt).off('SIGTERM', onInterrupt)
      await kill(subscriber)
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
    const at = (share: number) => latenciesMs[Math.floor(share * latenciesMs.length)]!.toFixed(1)
    return {
      columns: ['case', 'events/s', 'broker µs', 'PostgreSQL µs', 'sum µs', 'subscriber µs', 'sender µs'],
      rows,
      notes: [
        `one event at a time, from the producer's write to the subscriber's read: p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`,
        "Knative's in-memory broker, which stores nothing, measured on two cores: 2,100 events/s, 762 µs of CPU time for an event with one Trigger, and 310 µs more for each further Trigger",
      ],
    }
  },
}

const measure = async (
  { name, part, concurrency, triggers }: Case,
  databaseUrl: string,
  postgresPid: number,
  subscriber: ChildProcess,
  subscriberUrl: string,
): Promise<(string | number)[]> => {
  const receiver = startProcess(part, { databaseUrl, subscriberUrl, triggers })
  try {
    const url = await nextReport(receiver, 'url')
    const allDone = async (wanted: number) => {
      for (;;) {
        receiver.send('?')
        if ((await nextReport(receiver, 'done')) >= wanted) return
        await setTimeout(5)
      }
    }
    const warmUp = startProcess('sender', { url, durationMs: 1_000, concurrency })
    const { count: warmUpCount } = await nextReport(warmUp, 'sent')
    await allDone(warmUpCount)
    const before = {
      receiver: cpuUs(receiver.pid!),
      postgres: cpuOfTree(postgresPid),
      subscriber: cpuUs(subscriber.pid!),
    }
    const sender = startProcess('sender', { url, durationMs: 3_000, concurrency })
    const { since, count, cpuMicros } = await nextReport(sender, 'sent')
    await allDone(warmUpCount + count)
    const seconds = (performance.timeOrigin + performance.now() - since) / 1000
    const micros = (after: number, from: number) => Math.round((after - from) / count)
    const broker = micros(cpuUs(receiver.pid!), before.receiver)
    const database = micros(cpuOfTree(postgresPid), before.postgres)
    const subscribed = micros(cpuUs(subscriber.pid!), before.subscriber)
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
    await kill(receiver)
  }
}

const measureIdleLatencies = async (
  databaseUrl: string,
  subscriber: ChildProcess,
  subscriberUrl: string,
): Promise<number[]> => {
  const receiver = startProcess('broker', { databaseUrl, subscriberUrl, triggers: 1 })
  try {
    const url = await nextReport(receiver, 'url')
    const latenciesMs: number[] = []
    const listener = ({ latencyMs }: Report) => latencyMs !== undefined && latenciesMs.push(latencyMs)
    subscriber.on('message', listener)
    const sender = startProcess('sender', { url, durationMs: 2_000, concurrency: 1, pauseMs: 10 })
    const { count } = await nextReport(sender, 'sent')
    while (latenciesMs.length < count) await setTimeout(5)
    subscriber.off('message', listener)
    return latenciesMs.sort((a, b) => a - b)
  } finally {
    await kill(receiver)
  }
}
