/**
 * Measures Vigia on the cluster while the number of monitors changes: 2,000, then 20,000, then 2,000 again, each
 * checked once a minute. Writes the run into infra/cluster/scaling/load.json.
 *
 * With VIGIA_KNATIVE_KEDA=1 the prober's Trigger delivers to a queue of RabbitMQ, and KEDA scales the dispatchers that
 * read it. The file has one run of each kind.
 *
 * `PHASES=500:60,5000:300,500:240` (monitors and seconds) chooses other phases.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { latenessS } from '#database/uptime/packed-result.ts'
import type { CpuSeconds, LoadRun, LoadRuns, LoadSample, Phase } from '#infra/cluster/scaling/load-run.ts'
import { root } from '#infra/repository.ts'
import type { KubeObject } from '#test/cluster/support/cluster-client.ts'
import { podUsage, type Usage } from './cluster/cgroups.ts'
import startClusterOnce from './cluster/global-setup.ts'
import { handledEvents } from './cluster/handled-events.ts'
import { deadLettersSince, knativeTarget, query } from './cluster/journey-target.ts'
import { apply, list } from './cluster/kubectl.ts'
import { inCluster } from './cluster/layout.ts'
import { addManyMonitors, type ManyMonitors } from './cluster/monitors.ts'
import type { Parts } from './cluster/parts.ts'
import { podsOf } from './cluster/pods.ts'
import { dispatcher, onprem, type Queue, startQueue, trigger } from './cluster/queue.ts'
import { installKeda, wantsKeda } from './cluster/queue-scaling.ts'
import { until } from './cluster/until.ts'

const phases: Phase[] = (process.env.PHASES ?? '2000:120,20000:300,2000:240').split(',').map(text => {
  const [monitors, seconds] = text.split(':').map(Number)
  return { monitors: monitors!, seconds: seconds! }
})
const intervalS = 60
const hangingShare = 0.1
const sampleS = 5
/**
 * The monitors of the first phase are watched for this long before the phase begins, so that the first sample is not
 * one of a cold start.
 */
const warmUpS = 60

/** What is read at the time of a sample. The rest of the sample comes from the database and the logs. */
interface Reading {
  atMs: number
  pods: number
  usageByUid: ReadonlyMap<string, Usage>
  machineS: number
  groupOf: Map<string, keyof CpuSeconds>
  queue: LoadSample['queue']
}

const measure = async (monitors: ManyMonitors, queue?: Queue): Promise<{ startMs: number; readings: Reading[] }> => {
  const { cgroup } = JSON.parse(await readFile(inCluster('parts.json'), 'utf8')) as Parts
  await monitors.watch(phases[0]!.monitors)
  await until(async () => (await podsOf('uptime-prober')).length > 0, {
    what: 'a pod of the prober',
    timeoutMs: 120_000,
  })
  await setTimeout(warmUpS * 1_000)
  const startMs = Date.now()
  const readings: Reading[] = []
  let endS = 0
  for (const { monitors: count, seconds } of phases) {
    if (endS > 0) await monitors.watch(count)
    endS += seconds
    while (Date.now() - startMs < endS * 1_000) {
      const reading = await read(cgroup, queue)
      readings.push(reading)
      log(startMs, count, reading)
      const nextMs = startMs + readings.length * sampleS * 1_000
      await setTimeout(Math.max(0, nextMs - Date.now()))
    }
  }
  readings.push(await read(cgroup, queue))
  return { startMs, readings }
}

const log = (startMs: number, monitors: number, { atMs, pods, queue }: Reading) => {
  const inQueue = queue ? `, ${queue.depth} events in the queue or unanswered, ${queue.dispatchers} dispatchers` : ''
  process.stdout.write(`${Math.round((atMs - startMs) / 1_000)} s: ${monitors} monitors, ${pods} pods${inQueue}\n`)
}

const read = async (cgroup: string, queue?: Queue): Promise<Reading> => {
  const [pods, depth] = await Promise.all([list('pods'), queue?.depth()])
  return {
    atMs: Date.now(),
    pods: pods.filter(pod => groupOfPod(pod) === 'prober' && isReady(pod)).length,
    usageByUid: (await podUsage(cgroup)).byPod,
    machineS: await machineSeconds(),
    groupOf: new Map(pods.flatMap(pod => [[pod.metadata.uid!, groupOfPod(pod)] as const]).filter(isGrouped)),
    queue: depth === undefined ? undefined : { depth, dispatchers: pods.filter(isDispatcher).filter(isReady).length },
  }
}

const isGrouped = (entry: readonly [string, keyof CpuSeconds | undefined]): entry is [string, keyof CpuSeconds] =>
  entry[1] !== undefined

const isReady = ({ metadata, status }: KubeObject) =>
  !metadata.deletionTimestamp &&
  status.conditions?.some((one: { type: string; status: string }) => one.type === 'Ready' && one.status === 'True')

const isDispatcher = ({ metadata }: KubeObject) => metadata.name.startsWith(`${dispatcher}-`)

const groupOfPod = ({ metadata: { name, namespace, labels = {} } }: KubeObject): keyof CpuSeconds | undefined => {
  if (namespace === 'knative-eventing') return 'broker'
  if (namespace === 'knative-serving') return 'serving'
  if (namespace !== 'vigia') return undefined
  const service = labels['serving.knative.dev/service']
  if (labels['eventing.knative.dev/brokerRole'] || name.startsWith('vigia-rabbitmq-')) return 'broker'
  if (service === undefined) return /^(postgres|mongodb)-/.test(name) ? 'databases' : undefined
  return service === 'uptime-prober' ? 'prober' : 'functions'
}

/** The CPU time that this machine has used since its start, in seconds. */
const machineSeconds = async (): Promise<number> => {
  const [line] = (await readFile('/proc/stat', 'utf8')).split('\n')
  const [user, nice, system, , , irq, softirq] = line!.trim().split(/\s+/).slice(1).map(Number)
  // The kernel counts in hundredths of a second.
  return (user! + nice! + system! + irq! + softirq!) / 100
}

/** The CPU time between two readings. What a pod uses between its last reading and its end is not counted. */
const cpuBetween = (before: Reading, after: Reading): CpuSeconds => {
  const used: CpuSeconds = { prober: 0, functions: 0, databases: 0, broker: 0, serving: 0, machine: 0 }
  for (const [uid, { cpuMs }] of after.usageByUid) {
    const group = after.groupOf.get(uid) ?? before.groupOf.get(uid)
    if (group) used[group] += (cpuMs - (before.usageByUid.get(uid)?.cpuMs ?? 0)) / 1_000
  }
  used.machine = after.machineS - before.machineS
  for (const group of Object.keys(used) as (keyof CpuSeconds)[]) used[group] = Number(used[group].toFixed(2))
  return used
}

/** By number of the sample: the checks that were due, as the table of results has them. */
const checksBySample = async (startMs: number) => {
  const text = await query(`
    with result as (
      select floor((extract(epoch from due_at) - ${startMs / 1_000}) / ${sampleS}) as sample,
        ${latenessS} * 1000 as late_ms
      from probe_slot join monitor on monitor.id = monitor_id where monitor.name like 'load %'
    )
    select sample, count(*), count(*) filter (where late_ms > 1000), count(*) filter (where late_ms is null),
      round(coalesce(max(late_ms), 0))
    from result group by sample`)
  const rows = text.split('\n').map(line => line.split('|').map(Number))
  return new Map(
    rows.map(([sample, checks, late, missed, worstMs]) => [
      sample!,
      { checks: checks!, late: late!, missed: missed!, worstMs: worstMs! },
    ]),
  )
}

const samplesOf = async (startMs: number, readings: Reading[]): Promise<LoadSample[]> => {
  const checks = await checksBySample(startMs)
  const events = (await handledEvents())
    .filter(({ type }) => type === 'dev.vigia.probe.requested')
    .map(({ time, ms }) => ({ fromMs: Date.parse(time) - ms, toMs: Date.parse(time) }))
  return readings.slice(0, -1).map((reading, at) => ({
    atS: at * sampleS,
    pods: reading.pods,
    unanswered: events.filter(({ fromMs, toMs }) => fromMs <= reading.atMs && reading.atMs < toMs).length,
    ...(checks.get(at) ?? { checks: 0, late: 0, missed: 0, worstMs: 0 }),
    cpu: cpuBetween(reading, readings[at + 1]!),
    ...(reading.queue && { queue: reading.queue }),
  }))
}

const machine = () =>
  `${cpus().length} cores (${cpus()[0]!.model.trim()}), ${Math.round(totalmem() / 1024 ** 3)} GiB of memory`

/** Lets the prober's Trigger deliver to RabbitMQ, with the dispatchers and the scaling of the overlay onprem. */
const queueBeforeProber = async (): Promise<Queue> => {
  await installKeda()
  const queue = await startQueue()
  await apply(onprem('scaling.yaml'))
  await queue.deliver()
  return queue
}

await startClusterOnce()
const target = await knativeTarget()
const start = new Date().toISOString()
const monitors = await addManyMonitors(target, Math.max(...phases.map(phase => phase.monitors)), intervalS)
const queue = wantsKeda ? await queueBeforeProber() : undefined
const { startMs, readings } = await measure(monitors, queue)
await monitors.watch(0)
await until(async () => (await podsOf('uptime-prober')).length === 0, {
  what: 'no pod of the prober, after its last check',
  timeoutMs: 240_000,
})
const samples = await samplesOf(startMs, readings)
const deadLetters = (await deadLettersSince(start)).split('\n').filter(line => line !== '')
const undelivered = deadLetters.filter(line => line.startsWith(`${trigger}|`)).length
const run: LoadRun = { date: start, machine: machine(), phases, intervalS, hangingShare, undelivered, samples }
const file = join(root, 'infra/cluster/scaling/load.json')
const runs = JSON.parse(await readFile(file, 'utf8')) as LoadRuns
await writeFile(file, `${JSON.stringify({ ...runs, [queue ? 'queue' : 'broker']: run }, null, 2)}\n`)
process.stdout.write(`Dead letters:\n${deadLetters.join('\n') || 'none'}\nWritten: ${file}\n`)
process.exit()
