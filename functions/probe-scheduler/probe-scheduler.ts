import { createHash } from 'node:crypto'
import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { monitorsIn, type Shard, type Slot } from '#database/uptime/monitors.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import type { Cause, EventOf, VigiaEvent } from '#events/event.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { ShardDue } from '#events/shard-due.ts'
import { checkOf } from '#functions/checks/check-of.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Publish } from '#functions/host/publish.ts'
import { nextStep, noticedAt, type TimeRange } from './windows.ts'

const cursorName = 'probe-scheduler'
const maxChecksPerRequest = 50
const maxShards = 64

export interface SchedulerDependencies {
  db: Postgres
  clock: Clock
  /**
   * The rule publishes events itself, because the cursor may move past a window only after the broker has accepted the
   * events of that window.
   */
  publish: Publish
  /**
   * The number of monitors for which one shard is used, so the number of shards grows with the number of monitors. Any
   * replica may handle any shard.
   */
  monitorsPerShard?: number
}

/** The state that is stored with the cursor. */
interface CursorDetail {
  /**
   * The number of shards into which the next windows are split. A window that is announced again must be split into the
   * same number, because otherwise slots would be left out.
   */
  shards: number
  /**
   * The last gap. The next step announces the slots in it that are still checked (see `noticedAt`), and then removes
   * this field.
   */
  late?: { from: string; to: string }
}

/** A shard and the range of time in which to look for its slots. */
interface ShardWindow extends Shard {
  range: TimeRange
  /** The range is a gap in which the scheduler did not run. */
  late: boolean
}

/**
 * Handles a tick: announces every window from the cursor to the horizon, with one event for each shard if there are
 * several shards. After a lost tick, the next tick continues at the cursor. If a tick is delivered twice, or again
 * after a failure, the events for its windows have the same ids.
 */
export const probeScheduler = async (
  tick: Cause,
  { db, clock, publish, monitorsPerShard = 5_000 }: SchedulerDependencies,
): Promise<void> => {
  const now = clock()
  for (;;) {
    const cursor = await cursorsIn(db).reached<CursorDetail>(cursorName)
    const step = nextStep(cursor?.reached ?? null, now)
    if (step === null) return
    const { shards = 1, late } = cursor?.detail ?? {}
    const shardWindows = [
      ...(late ? splitIntoShards({ from: new Date(late.from), to: new Date(late.to) }, shards, true) : []),
      ...step.windows.flatMap(window => splitIntoShards(window, shards, false)),
    ]
    // A single shard is handled here, because an event from this function to itself would cost more than the work.
    await publish(
      shards === 1
        ? (await Promise.all(shardWindows.map(window => probeRequests(tick, window, db)))).flat()
        : shardWindows.map(window => shardDue(tick, window)),
    )
    // The clock went back: the cursor stays where it is until the clock reaches the cursor again.
    if (cursor && step.reached <= cursor.reached) return
    const nextShards = Math.ceil((await monitorsIn(db).countWatched()) / monitorsPerShard)
    const detail: CursorDetail = { shards: Math.min(maxShards, Math.max(1, nextShards)) }
    if (step.gap === null) await cursorsIn(db).advance(cursorName, step.reached, detail)
    else await countGap(db, cursor?.reached ?? null, step.gap, detail)
    if (nextStep(step.reached, now) === null) return
  }
}

const splitIntoShards = (range: TimeRange, shards: number, late: boolean): ShardWindow[] =>
  Array.from({ length: shards }, (_, shard) => ({ shard, shards, range, late }))

const idOf = ({ shard, range, late }: ShardWindow) => `shard/${shard}@${range.from.toISOString()}${late ? '/late' : ''}`

const shardDue = (tick: Cause, window: ShardWindow): VigiaEvent => {
  const { shard, shards, range, late } = window
  return ShardDue.from(tick, {
    id: idOf(window),
    subject: `shard/${shard}`,
    data: { shard, shards, from: range.from.toISOString(), to: range.to.toISOString(), ...(late && { late }) },
  })
}

/**
 * Counts the slots of the gap as missed and moves the cursor to the end of the gap, in one transaction. If two ticks
 * run at once, only one of them does this.
 */
const countGap = (db: Postgres, reachedBefore: Date | null, gap: TimeRange, detail: CursorDetail): Promise<void> =>
  db.transaction(async tx => {
    const cursors = cursorsIn(tx)
    await cursors.lock(cursorName)
    if ((await cursors.reached(cursorName))?.reached.getTime() !== reachedBefore?.getTime()) return
    await probeHoursIn(tx).countMissed(gap.from, gap.to, noticedAt(gap))
    const late = { from: gap.from.toISOString(), to: gap.to.toISOString() }
    await cursors.advance(cursorName, gap.to, { ...detail, late })
  })

/** Handles `shard.due`: returns the slots of the shard as probe.requested events, in the order of their due times. */
export const requestProbes = (event: EventOf<typeof ShardDue>, { db }: { db: Postgres }): Promise<VigiaEvent[]> => {
  const { shard, shards, from, to, late = false } = event.data
  return probeRequests(event, { shard, shards, range: { from: new Date(from), to: new Date(to) }, late }, db)
}

const probeRequests = async (cause: Cause, window: ShardWindow, db: Postgres): Promise<VigiaEvent[]> => {
  const { shard, shards, range, late } = window
  const monitors = monitorsIn(db)
  const slots = late
    ? await monitors.newestSlots({ shard, shards }, range.from, range.to, noticedAt(range))
    : await monitors.slotsDue({ shard, shards }, range.from, range.to)
  const batches: Slot[][] = []
  for (let start = 0; start < slots.length; start += maxChecksPerRequest)
    batches.push(slots.slice(start, start + maxChecksPerRequest))
  return batches.map(batch =>
    ProbeRequested.from(cause, {
      // The id does not depend on the cause, so two ticks that announce the same window publish the same ids.
      id: `${idOf(window)}/${ProbeRequested.name}/${hashOf(batch)}`,
      subject: `shard/${shard}`,
      data: {
        reason: 'slot',
        checks: batch.map(slot => checkOf(slot, slot.dueAt)),
      },
    }),
  )
}

/**
 * Identifies a batch by its content and not by its index: if a monitor is deleted before the same window is announced
 * again, the other slots move up, and the batch with the same index is a different batch.
 */
const hashOf = (batch: Slot[]) =>
  createHash('sha256')
    .update(batch.map(({ id, dueAt }) => `${id}@${dueAt.getTime()}`).join())
    .digest('base64url')
    .slice(0, 16)
