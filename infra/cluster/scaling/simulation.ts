import { runCheck } from './check.ts'
import type { Policy } from './policies.ts'
import { randomFrom } from './random.ts'
import { createTally, type MeasuredWindow, type Outcome } from './tally.ts'
import { createTimerWheel, stepMs } from './timer-wheel.ts'
import { siteKinds, tickS, type Workload } from './workload.ts'

/** The limits and costs of a pod of the prober, as its manifest and its code set them. */
export interface PodShape {
  /** Events that a pod handles at the same time (containerConcurrency); more wait in the queue. */
  events: number
  /**
   * Sockets that a pod has open at the same time (functions/uptime-prober/main.ts); more checks wait inside the pod.
   */
  sockets: number
  /** CPU time in milliseconds of a core: of an attempt that is answered, and of an attempt that times out. */
  cpuMs: { answered: number; hanging: number }
  /** From the decision to start a pod until it takes events. */
  startMs: number
}

interface Pod {
  readyMs: number
  leaving: boolean
  events: number
  sockets: number
  /** Checks that wait for a socket. The first `started` of them have begun already. */
  waiting: number[]
  started: number
  /** The time at which the core of the pod has finished all its present work. */
  coreFreeMs: number
}

const second = 1_000
/** How long an event takes from the tick through the scheduler and the broker. */
const deliveryMs = { min: 300, max: 1_200 }
const toleratedDelayMs = 30_000

/**
 * Whether the prober skips a slot that is this late: the rule of functions/uptime-prober/slot-disposition.ts, in plain
 * numbers.
 */
export const isMissed = (lateMs: number, intervalS: number): boolean =>
  lateMs > toleratedDelayMs && lateMs >= intervalS * second

/**
 * Runs the workload against pods that the policy starts and stops, until the last check is done. Checks that are due
 * before `window.from` let the pods settle, and checks that are due after `window.to` keep them busy; neither are
 * counted. The same arguments give the same outcome.
 */
export const simulate = (
  workload: Workload,
  policy: Policy,
  shape: PodShape,
  window: MeasuredWindow = { from: 0, to: workload.scenario.seconds },
): Outcome => new Simulation(workload, policy, shape, window).run()

/** The state of one run. Batches and checks are numbers: their index in the workload. */
class Simulation {
  readonly #workload: Workload
  readonly #policy: Policy
  readonly #shape: PodShape
  readonly #tally: ReturnType<typeof createTally>
  readonly #checkEnds: ReturnType<typeof createTimerWheel>

  #nowMs = 0
  readonly #pods: Pod[] = []
  /** Where the search for the next pod begins, so that events go round the pods. */
  #nextPod = 0
  readonly #coresInSecond: Float64Array

  // By batch.
  readonly #podOfBatch: Pod[]
  readonly #checksLeft: Int32Array
  /** The next check of each batch. The checks before it have begun, were missed, or wait for a socket. */
  readonly #nextCheck: Int32Array
  /** Batches by the millisecond at which they arrive. */
  readonly #arrivals = new Map<number, number[]>()
  /** Batches by the second at which their next check is due. */
  readonly #batchesDue = new Map<number, number[]>()
  /** Batches that wait for a pod. */
  #queue: number[] = []
  #unansweredBatches = 0

  // By check.
  readonly #batchOfCheck: Int32Array
  /** 1 if the prober already knew that the site was down when the slot was announced. */
  readonly #knownDown: Uint8Array
  readonly #found: ('up' | 'down' | 'still down')[]
  #checksOpen: number

  /** By monitor: 1 if the last check found the site down. */
  readonly #down: Uint8Array

  constructor(workload: Workload, policy: Policy, shape: PodShape, window: MeasuredWindow) {
    const { due, firstCheckOfBatch: first, siteKind, scenario } = workload
    const batches = first.length - 1
    this.#workload = workload
    this.#policy = policy
    this.#shape = shape
    this.#tally = createTally(window)
    this.#checkEnds = createTimerWheel(due.length)
    this.#coresInSecond = new Float64Array(scenario.seconds + 600)
    this.#podOfBatch = new Array(batches)
    this.#checksLeft = Int32Array.from({ length: batches }, (_, batch) => first[batch + 1]! - first[batch]!)
    this.#nextCheck = first.slice(0, -1)
    this.#batchOfCheck = new Int32Array(due.length)
    this.#knownDown = new Uint8Array(due.length)
    this.#found = new Array(due.length)
    this.#checksOpen = due.length
    this.#down = siteKind.map(kind => (kind === siteKinds.hangs ? 1 : 0))
  }

  run(): Outcome {
    for (const dueSecond of this.#workload.due) this.#tally.due(dueSecond)
    for (let step = 0; this.#checksOpen > 0; step++) {
      this.#nowMs = step * stepMs
      this.#checkEnds.take(step, check => this.#endCheck(check))
      this.#receiveArrivals()
      if (this.#nowMs % second === 0) this.#everySecond(this.#nowMs / second)
      if (this.#queue.length > 0) this.#dispatchQueue()
    }
    return this.#tally.outcome
  }

  #receiveArrivals() {
    const arrived = this.#arrivals.get(this.#nowMs) ?? []
    this.#arrivals.delete(this.#nowMs)
    this.#unansweredBatches += arrived.length
    for (const batch of arrived) this.#queue.push(batch)
  }

  #everySecond(atS: number) {
    const batchesDue = this.#batchesDue.get(atS) ?? []
    this.#batchesDue.delete(atS)
    for (const batch of batchesDue) this.#startDueChecks(batch)
    if (atS % tickS === 0 && atS / tickS < this.#workload.firstBatchOfTick.length - 1) this.#announce(atS / tickS)
    const staying = this.#pods.filter(({ leaving }) => !leaving)
    const ready = staying.filter(({ readyMs }) => readyMs <= this.#nowMs).length
    this.#tally.pods(atS, ready, this.#pods.length, this.#unansweredBatches)
    const cores = this.#coresInSecond[atS - 1] ?? 0
    this.#scaleTo(
      this.#policy({ second: atS, unanswered: this.#unansweredBatches, cores, ready, pods: staying.length }),
    )
  }

  /** The scheduler's tick: publishes its batches, which arrive after their way through the broker. */
  #announce(tick: number) {
    const { firstBatchOfTick, firstCheckOfBatch, monitor, scenario } = this.#workload
    for (let batch = firstBatchOfTick[tick]!; batch < firstBatchOfTick[tick + 1]!; batch++) {
      for (let check = firstCheckOfBatch[batch]!; check < firstCheckOfBatch[batch + 1]!; check++) {
        this.#batchOfCheck[check] = batch
        this.#knownDown[check] = this.#down[monitor[check]!]!
      }
      const { min, max } = deliveryMs
      const arrivesMs = this.#nowMs + min + randomFrom(scenario.seed, batch, 5) * (max - min)
      append(this.#arrivals, Math.ceil(arrivesMs / stepMs) * stepMs, batch)
    }
  }

  #scaleTo(wanted: number) {
    const staying = this.#pods.filter(({ leaving }) => !leaving)
    for (let count = staying.length; count < wanted; count++) {
      const readyMs = this.#nowMs + this.#shape.startMs
      this.#pods.push({ readyMs, leaving: false, events: 0, sockets: 0, waiting: [], started: 0, coreFreeMs: 0 })
    }
    // The youngest pods leave. Each finishes the events that it has.
    for (const pod of staying.slice(wanted)) pod.leaving = true
    for (let at = this.#pods.length - 1; at >= 0; at--)
      if (this.#pods[at]!.leaving && this.#pods[at]!.events === 0) this.#pods.splice(at, 1)
  }

  /** Gives the queued batches to the ready pods in turn. A pod that has its maximum of events is skipped. */
  #dispatchQueue() {
    const pods = this.#pods
    let dispatched = 0
    for (; dispatched < this.#queue.length; dispatched++) {
      let tried = 0
      while (tried < pods.length && !this.#takesEvents(pods[(this.#nextPod + tried) % pods.length]!)) tried++
      if (tried === pods.length) break
      const pod = pods[(this.#nextPod + tried) % pods.length]!
      this.#nextPod += tried + 1
      const batch = this.#queue[dispatched]!
      this.#podOfBatch[batch] = pod
      pod.events++
      this.#startDueChecks(batch)
    }
    if (dispatched > 0) this.#queue = this.#queue.slice(dispatched)
  }

  #takesEvents(pod: Pod) {
    return !pod.leaving && pod.readyMs <= this.#nowMs && pod.events < this.#shape.events
  }

  /** Starts the checks of a batch that are due by now. The others start when their second comes. */
  #startDueChecks(batch: number) {
    const { due, firstCheckOfBatch, interval, monitor } = this.#workload
    const pod = this.#podOfBatch[batch]!
    for (; this.#nextCheck[batch]! < firstCheckOfBatch[batch + 1]!; this.#nextCheck[batch]!++) {
      const check = this.#nextCheck[batch]!
      const dueSecond = due[check]!
      if (dueSecond * second > this.#nowMs) return append(this.#batchesDue, dueSecond, batch)
      if (isMissed(this.#nowMs - dueSecond * second, interval[monitor[check]!]!)) {
        this.#tally.missed(dueSecond)
        this.#finishCheck(check)
      } else if (pod.sockets < this.#shape.sockets) this.#startCheck(pod, check)
      else pod.waiting.push(check)
    }
  }

  #startCheck(pod: Pod, check: number) {
    const { due, interval, monitor, scenario, siteKind } = this.#workload
    const id = monitor[check]!
    const dueSecond = due[check]!
    const startMs = Math.max(this.#nowMs, pod.coreFreeMs)
    this.#tally.began(dueSecond, startMs - dueSecond * second)
    const site = { monitor: id, intervalS: interval[id]!, kind: siteKind[id]! }
    const { endMs, found, attempts } = runCheck(site, scenario, dueSecond, startMs, this.#knownDown[check] === 1)
    const costMs = (answered: boolean) => (answered ? this.#shape.cpuMs.answered : this.#shape.cpuMs.hanging)
    for (const { atMs, answered } of attempts)
      this.#coresInSecond[Math.floor(atMs / second)]! += costMs(answered) / second
    pod.coreFreeMs = startMs + costMs(attempts[0]!.answered)
    pod.sockets++
    this.#found[check] = found
    this.#checkEnds.put(check, endMs, this.#nowMs)
  }

  #endCheck(check: number) {
    const pod = this.#podOfBatch[this.#batchOfCheck[check]!]!
    const found = this.#found[check]!
    if (found !== 'still down') this.#down[this.#workload.monitor[check]!] = found === 'down' ? 1 : 0
    pod.sockets--
    if (pod.started < pod.waiting.length) this.#startCheck(pod, pod.waiting[pod.started++]!)
    else if (pod.started > 0) {
      pod.waiting = []
      pod.started = 0
    }
    this.#finishCheck(check)
  }

  /** The event is answered when the last check of its batch is finished. */
  #finishCheck(check: number) {
    this.#checksOpen--
    const batch = this.#batchOfCheck[check]!
    if (--this.#checksLeft[batch]! > 0) return
    this.#unansweredBatches--
    this.#podOfBatch[batch]!.events--
  }
}

const append = (lists: Map<number, number[]>, key: number, value: number) => {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}
