import type { Policy } from './policies.ts'
import { chance } from './random.ts'
import type { Workload } from './workload.ts'

/** A prober's pod, as its manifest and its code have it. */
export interface PodShape {
  /** Events at once; more wait in front (containerConcurrency). */
  events: number
  /** Sockets open at once; more checks wait inside (functions/uptime-prober/main.ts). */
  sockets: number
  /** Milliseconds of one core that an attempt costs: one that is answered, one that waits in vain. */
  cpuMs: { answered: number; hanging: number }
  /** From the decision until it takes events, milliseconds. */
  startMs: number
}

/** One stretch of ten seconds. */
export interface Stretch {
  /** Its first second. */
  from: number
  /** Ready, on average. */
  pods: number
  /** Checks due in it, and how many of them began more than a second late or were missed. */
  checks: number
  late: number
}

export interface Outcome {
  checks: number
  /** Began more than 1 s, more than 10 s after their due second. */
  late1: number
  late10: number
  /** Given up, as functions/uptime-prober/fate.ts has it: more than 30 s late, with the next slot already due. */
  missed: number
  /** The longest delay of a check that was done, milliseconds. */
  worstMs: number
  mostPods: number
  /** Of every pod from its decision until it is gone: the bill. */
  podSeconds: number
  stretches: Stretch[]
}

interface Pod {
  readyMs: number
  leaving: boolean
  events: number
  sockets: number
  /** Checks that wait for a socket; the first `taken` have had theirs. */
  waiting: number[]
  taken: number
  /** When its core is through with what it was given. */
  freeMs: number
}

const second = 1_000
const stretchS = 10
/** Ends of checks are looked at every 10 ms; the wheel turns in 82 s, and no check lasts longer than 33. */
const stepMs = 10
const steps = 8_192
/** How long an event is under way from the tick through scheduler and broker. */
const underWayMs = [300, 1_200] as const
const pausesMs = [1_000, 2_000]
const toleratedMs = 30_000
const timeoutOf = (intervalS: number) => Math.min(10_000, intervalS * 500)

/** Whether a slot that comes so late is given up: the rule of functions/uptime-prober/fate.ts, in plain numbers. */
export const givenUp = (lateMs: number, intervalS: number): boolean =>
  lateMs > toleratedMs && lateMs >= intervalS * second

/**
 * Plays the workload against pods that the policy starts and ends, until the last check is done. What is due before `counted.from` lets
 * it settle, what is due after `counted.to` keeps it busy; seconds. The same arguments give the same outcome.
 */
export const simulate = (
  { world, monitor, due, firstOf, batchesFrom, interval, site }: Workload,
  policy: Policy,
  shape: PodShape,
  counted = { from: 0, to: world.seconds },
): Outcome => {
  const { seed, outage } = world
  const pods: Pod[] = []
  const podOf: Pod[] = new Array(firstOf.length - 1)
  const leftIn = new Int32Array(firstOf.length - 1)
  const batchOf = new Int32Array(due.length)
  /** What the planner knew when it announced the slot. */
  const knownDown = new Uint8Array(due.length)
  const down = Uint8Array.from(site, one => (one === 1 ? 1 : 0))
  /** How a running check will have found its site: 0 up, 1 down for sure, 2 down as before. */
  const verdict = new Uint8Array(due.length)

  const wheel = new Int32Array(steps).fill(-1)
  const next = new Int32Array(due.length)
  const arrivals = new Map<number, number[]>()
  const queue: number[] = []
  let queued = 0
  const startsAt = new Map<number, number[]>()
  const cursor = Int32Array.from(firstOf.subarray(0, -1))
  const coresIn = new Float64Array(world.seconds + 600)

  const found = { checks: 0, late1: 0, late10: 0, missed: 0, worstMs: 0, mostPods: 0, podSeconds: 0 }
  const stretches: Stretch[] = []
  for (let from = counted.from; from < counted.to; from += stretchS)
    stretches.push({ from, pods: 0, checks: 0, late: 0 })
  /** Undefined for what is not counted. */
  const stretchOf = (atS: number): Stretch | undefined => stretches[Math.floor((atS - counted.from) / stretchS)]

  let nowMs = 0
  let unanswered = 0
  let open = due.length
  let turn = 0

  const answers = (id: number, atMs: number) =>
    site[id] === 0 || (site[id] === 2 && (atMs < outage.from * second || atMs >= outage.to * second))

  const begin = (pod: Pod, check: number) => {
    pod.sockets++
    const id = monitor[check]!
    const startMs = Math.max(nowMs, pod.freeMs)
    pod.freeMs = startMs + (answers(id, startMs) ? shape.cpuMs.answered : shape.cpuMs.hanging)
    const lateMs = startMs - due[check]! * second
    const stretch = stretchOf(due[check]!)
    if (stretch) {
      if (lateMs > second) {
        found.late1++
        stretch.late++
      }
      if (lateMs > 10 * second) found.late10++
      found.worstMs = Math.max(found.worstMs, lateMs)
    }
    const timeoutMs = timeoutOf(interval[id]!)
    let endMs = startMs
    let attempts = 0
    for (;;) {
      attempts++
      const ok = answers(id, endMs)
      coresIn[Math.floor(endMs / second)]! += (ok ? shape.cpuMs.answered : shape.cpuMs.hanging) / second
      // Most answer in a quarter of a second, few take long.
      endMs += ok ? Math.min(timeoutMs, 50 - 200 * Math.log(1 - chance(seed, id, due[check]!, attempts))) : timeoutMs
      verdict[check] = ok ? 0 : knownDown[check] ? 2 : 1
      if (ok || knownDown[check] || attempts > pausesMs.length) break
      endMs += pausesMs[attempts - 1]!
    }
    const slot = Math.ceil(Math.max(endMs, nowMs + stepMs) / stepMs) % steps
    next[check] = wheel[slot]!
    wheel[slot] = check
  }

  const finished = (check: number) => {
    open--
    const batch = batchOf[check]!
    if (--leftIn[batch]! > 0) return
    unanswered--
    podOf[batch]!.events--
    handOut()
  }

  const end = (check: number) => {
    const pod = podOf[batchOf[check]!]!
    if (verdict[check] !== 2) down[monitor[check]!] = verdict[check]!
    pod.sockets--
    if (pod.taken < pod.waiting.length) begin(pod, pod.waiting[pod.taken++]!)
    if (pod.taken === pod.waiting.length && pod.taken > 0) {
      pod.waiting = []
      pod.taken = 0
    }
    finished(check)
  }

  /** The checks of a batch that are due by now; the others come when their second does. */
  const goOn = (batch: number) => {
    const pod = podOf[batch]!
    const last = firstOf[batch + 1]!
    for (;;) {
      const check = cursor[batch]!
      if (check === last) return
      const atS = due[check]!
      if (atS * second > nowMs) {
        const others = startsAt.get(atS)
        if (others) others.push(batch)
        else startsAt.set(atS, [batch])
        return
      }
      cursor[batch]!++
      if (givenUp(nowMs - atS * second, interval[monitor[check]!]!)) {
        const stretch = stretchOf(atS)
        if (stretch) {
          found.missed++
          stretch.late++
        }
        finished(check)
      } else if (pod.sockets < shape.sockets) begin(pod, check)
      else pod.waiting.push(check)
    }
  }

  /** Events go round the ready pods; who has as many as it may is passed over. */
  const handOut = () => {
    while (queued < queue.length) {
      let pod: Pod | undefined
      for (let tried = 0; tried < pods.length && !pod; tried++) {
        const one = pods[turn++ % pods.length]!
        if (!one.leaving && one.readyMs <= nowMs && one.events < shape.events) pod = one
      }
      if (!pod) return
      const batch = queue[queued++]!
      podOf[batch] = pod
      pod.events++
      goOn(batch)
    }
    queue.length = queued = 0
  }

  const announce = (tick: number) => {
    for (let batch = batchesFrom[tick]!; batch < batchesFrom[tick + 1]!; batch++) {
      leftIn[batch] = firstOf[batch + 1]! - firstOf[batch]!
      for (let check = firstOf[batch]!; check < firstOf[batch + 1]!; check++) {
        batchOf[check] = batch
        knownDown[check] = down[monitor[check]!]!
      }
      const [least, most] = underWayMs
      const arrivesMs = nowMs + least + chance(seed, batch, 5) * (most - least)
      const slot = Math.ceil(arrivesMs / stepMs) * stepMs
      const others = arrivals.get(slot)
      if (others) others.push(batch)
      else arrivals.set(slot, [batch])
    }
  }

  const scaleTo = (wanted: number) => {
    const staying = pods.filter(({ leaving }) => !leaving)
    for (let more = staying.length; more < wanted; more++) {
      const readyMs = nowMs + shape.startMs
      pods.push({ readyMs, leaving: false, events: 0, sockets: 0, waiting: [], taken: 0, freeMs: 0 })
    }
    // The youngest go; each finishes what it has.
    for (const pod of staying.slice(wanted)) pod.leaving = true
    for (let at = pods.length - 1; at >= 0; at--) if (pods[at]!.leaving && pods[at]!.events === 0) pods.splice(at, 1)
  }

  const everySecond = (atS: number) => {
    const ready = pods.filter(({ leaving, readyMs }) => !leaving && readyMs <= nowMs).length
    const stretch = stretchOf(atS)
    if (stretch) {
      stretch.pods += ready / stretchS
      found.podSeconds += pods.length
      found.mostPods = Math.max(found.mostPods, ready)
    }
    const staying = pods.filter(({ leaving }) => !leaving).length
    scaleTo(policy({ second: atS, unanswered, cores: coresIn[Math.max(0, atS - 1)]!, ready, pods: staying }))
  }

  for (const atS of due) {
    const stretch = stretchOf(atS)
    if (!stretch) continue
    found.checks++
    stretch.checks++
  }
  for (let step = 0; open > 0; step++) {
    nowMs = step * stepMs
    const slot = step % steps
    let check = wheel[slot]!
    wheel[slot] = -1
    while (check !== -1) {
      const after = next[check]!
      end(check)
      check = after
    }
    const arrived = arrivals.get(nowMs)
    if (arrived) {
      arrivals.delete(nowMs)
      unanswered += arrived.length
      queue.push(...arrived)
      handOut()
    }
    if (nowMs % second !== 0) continue
    const atS = nowMs / second
    const starting = startsAt.get(atS)
    startsAt.delete(atS)
    for (const batch of starting ?? []) goOn(batch)
    if (atS % 10 === 0 && atS / 10 < batchesFrom.length - 1) announce(atS / 10)
    everySecond(atS)
    handOut()
  }
  return { ...found, stretches }
}
