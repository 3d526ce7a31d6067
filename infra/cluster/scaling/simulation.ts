import type { Policy } from './policies.ts'
import { chance } from './random.ts'
import { type Counted, type Outcome, tallyOf } from './tally.ts'
import { visit } from './visit.ts'
import { stepMs, wheelFor } from './wheel.ts'
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
const tickS = 10
/** How long an event is under way from the tick through scheduler and broker. */
const underWayMs = { least: 300, most: 1_200 }
const toleratedMs = 30_000

/** Whether a slot that comes so late is given up: the rule of functions/uptime-prober/slot-disposition.ts, in plain numbers. */
export const givenUp = (lateMs: number, intervalS: number): boolean =>
  lateMs > toleratedMs && lateMs >= intervalS * second

/** Adds to the list that a map has for a key. */
const append = (lists: Map<number, number[]>, key: number, value: number) => {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}

/**
 * Plays the workload against pods that the policy starts and ends, until the last check is done. What is due before `counted.from` lets
 * it settle, what is due after `counted.to` keeps it busy. The same arguments give the same outcome.
 */
export const simulate = (
  { world, monitor, due, firstOf, batchesFrom, interval, site }: Workload,
  policy: Policy,
  shape: PodShape,
  counted: Counted = { from: 0, to: world.seconds },
): Outcome => {
  const tally = tallyOf(counted)
  for (const atS of due) tally.due(atS)

  const pods: Pod[] = []
  const batches = firstOf.length - 1
  const podOf: Pod[] = new Array(batches)
  const leftIn = Int32Array.from({ length: batches }, (_, batch) => firstOf[batch + 1]! - firstOf[batch]!)
  /** The next check of each batch that has not begun. */
  const cursor = firstOf.slice(0, -1)
  const batchOf = new Int32Array(due.length)
  /** By monitor: what the prober has found so far. By check: what of that was known when the slot was announced. */
  const down = site.map(kind => (kind === 1 ? 1 : 0))
  const knownDown = new Uint8Array(due.length)
  /** By check: 1 where its end is news of a site that is down, 2 of one that is up. */
  const news = new Uint8Array(due.length)

  const ends = wheelFor(due.length)
  /** Batches by the millisecond when they arrive, by the second when their next checks are due, and those that wait for a pod. */
  const arrivals = new Map<number, number[]>()
  const startsAt = new Map<number, number[]>()
  let queue: number[] = []
  const coresIn = new Float64Array(world.seconds + 600)

  let nowMs = 0
  let unanswered = 0
  let open = due.length
  let turn = 0

  const begin = (pod: Pod, check: number) => {
    const id = monitor[check]!
    const startMs = Math.max(nowMs, pod.freeMs)
    tally.began(due[check]!, startMs - due[check]! * second)
    const target = { monitor: id, intervalS: interval[id]!, kind: site[id]! }
    const { endMs, found, attempts } = visit(target, world, due[check]!, startMs, knownDown[check] === 1)
    const costOf = (answered: boolean) => (answered ? shape.cpuMs.answered : shape.cpuMs.hanging)
    for (const { atMs, answered } of attempts) coresIn[Math.floor(atMs / second)]! += costOf(answered) / second
    pod.freeMs = startMs + costOf(attempts[0]!.answered)
    pod.sockets++
    news[check] = { up: 2, down: 1, 'still down': 0 }[found]
    ends.put(check, endMs, nowMs)
  }

  const end = (check: number) => {
    const pod = podOf[batchOf[check]!]!
    if (news[check] !== 0) down[monitor[check]!] = news[check] === 1 ? 1 : 0
    pod.sockets--
    if (pod.taken < pod.waiting.length) begin(pod, pod.waiting[pod.taken++]!)
    else if (pod.taken > 0) {
      pod.waiting = []
      pod.taken = 0
    }
    done(check)
  }

  const done = (check: number) => {
    open--
    const batch = batchOf[check]!
    if (--leftIn[batch]! > 0) return
    unanswered--
    podOf[batch]!.events--
  }

  /** The checks of a batch that are due by now; the others come when their second does. */
  const goOn = (batch: number) => {
    const pod = podOf[batch]!
    for (; cursor[batch]! < firstOf[batch + 1]!; cursor[batch]!++) {
      const check = cursor[batch]!
      const atS = due[check]!
      if (atS * second > nowMs) return append(startsAt, atS, batch)
      if (givenUp(nowMs - atS * second, interval[monitor[check]!]!)) {
        tally.missed(atS)
        done(check)
      } else if (pod.sockets < shape.sockets) begin(pod, check)
      else pod.waiting.push(check)
    }
  }

  const takesEvents = (pod: Pod) => !pod.leaving && pod.readyMs <= nowMs && pod.events < shape.events

  /** Events go round the ready pods; who has as many as it may is passed over. */
  const handOut = () => {
    let handed = 0
    for (; handed < queue.length; handed++) {
      let tried = 0
      while (tried < pods.length && !takesEvents(pods[(turn + tried) % pods.length]!)) tried++
      if (tried === pods.length) break
      const pod = pods[(turn + tried) % pods.length]!
      turn += tried + 1
      const batch = queue[handed]!
      podOf[batch] = pod
      pod.events++
      goOn(batch)
    }
    if (handed > 0) queue = queue.slice(handed)
  }

  const announce = (tick: number) => {
    for (let batch = batchesFrom[tick]!; batch < batchesFrom[tick + 1]!; batch++) {
      for (let check = firstOf[batch]!; check < firstOf[batch + 1]!; check++) {
        batchOf[check] = batch
        knownDown[check] = down[monitor[check]!]!
      }
      const { least, most } = underWayMs
      const arrivesMs = nowMs + least + chance(world.seed, batch, 5) * (most - least)
      append(arrivals, Math.ceil(arrivesMs / stepMs) * stepMs, batch)
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
    const starting = startsAt.get(atS) ?? []
    startsAt.delete(atS)
    for (const batch of starting) goOn(batch)
    if (atS % tickS === 0 && atS / tickS < batchesFrom.length - 1) announce(atS / tickS)
    const staying = pods.filter(({ leaving }) => !leaving)
    const ready = staying.filter(({ readyMs }) => readyMs <= nowMs).length
    tally.pods(atS, ready, pods.length)
    scaleTo(policy({ second: atS, unanswered, cores: coresIn[atS - 1] ?? 0, ready, pods: staying.length }))
  }

  for (let step = 0; open > 0; step++) {
    nowMs = step * stepMs
    ends.take(step, end)
    const arrived = arrivals.get(nowMs) ?? []
    arrivals.delete(nowMs)
    unanswered += arrived.length
    for (const batch of arrived) queue.push(batch)
    if (nowMs % second === 0) everySecond(nowMs / second)
    if (queue.length > 0) handOut()
  }
  return tally.outcome
}
