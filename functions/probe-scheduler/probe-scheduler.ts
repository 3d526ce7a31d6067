import { createHash } from 'node:crypto'
import type { Postgres } from '#database/connect.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { monitorsIn, type Shard, type Slot } from '#database/uptime/monitors.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import type { Cause, EventOf, VigiaEvent } from '#events/event.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { ShardDue } from '#events/shard-due.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Publish } from '#functions/host/publish.ts'
import { nextStep, noticedAt, type TimeRange } from './windows.ts'

const job = 'probe-scheduler'
const mostChecks = 50
const mostShards = 64

export interface SchedulerTools {
  db: Postgres
  clock: Clock
  /** The cursor moves when the broker has what lies before it; so the rule publishes by itself. */
  publish: Publish
  /** More monitors, more shards; any replica may do any of them. */
  monitorsAShard?: number
}

interface Detail {
  /** Into how many parts the next windows go. Kept with the cursor: a window that is told again goes into as many, or slots fall between. */
  shards: number
  /** A gap whose newest slots are still to be announced. */
  late?: { from: string; to: string }
}

/** What one shard has to look through. */
interface ShardWindow extends Shard {
  stretch: TimeRange
  /** The stretch is a gap of ours. */
  late: boolean
}

/**
 * A tick: announces every window from the cursor to the horizon, one event a shard. A lost tick is not replayed, the next one starts
 * at the cursor; one that comes twice, or dies half-way, is told again under the same ids.
 */
export const probeScheduler = async (
  tick: Cause,
  { db, clock, publish, monitorsAShard = 5_000 }: SchedulerTools,
): Promise<void> => {
  const now = clock()
  for (;;) {
    const cursor = await cursorsIn(db).reached<Detail>(job)
    const step = nextStep(cursor?.reached ?? null, now)
    if (step === null) return
    const { shards = 1, late } = cursor?.detail ?? {}
    const parts = [
      ...(late ? partsOf({ from: new Date(late.from), to: new Date(late.to) }, shards, true) : []),
      ...step.windows.flatMap(window => partsOf(window, shards, false)),
    ]
    // A single shard is done here: an event to ourselves would cost more than the work it stands for.
    await publish(
      shards === 1
        ? (await Promise.all(parts.map(part => probesOf(tick, part, db)))).flat()
        : parts.map(part => shardDue(tick, part)),
    )
    // The clock went back: the cursor stays ahead until time catches up.
    if (cursor && step.reached <= cursor.reached) return
    const next = Math.ceil((await monitorsIn(db).countWatched()) / monitorsAShard)
    const detail: Detail = { shards: Math.min(mostShards, Math.max(1, next)) }
    if (step.gap === null) await cursorsIn(db).advance(job, step.reached, detail)
    else await countGap(db, cursor?.reached ?? null, step.gap, detail)
    if (nextStep(step.reached, now) === null) return
  }
}

const partsOf = (stretch: TimeRange, shards: number, late: boolean): ShardWindow[] =>
  Array.from({ length: shards }, (_, shard) => ({ shard, shards, stretch, late }))

const nameOfPart = ({ shard, stretch, late }: ShardWindow) =>
  `shard/${shard}@${stretch.from.toISOString()}${late ? '/late' : ''}`

const shardDue = (tick: Cause, part: ShardWindow): VigiaEvent => {
  const { shard, shards, stretch, late } = part
  return ShardDue.from(tick, {
    id: nameOfPart(part),
    subject: `shard/${shard}`,
    data: { shard, shards, from: stretch.from.toISOString(), to: stretch.to.toISOString(), ...(late && { late }) },
  })
}

/** Counts the gap as missed and moves the cursor behind it, both or neither; of two ticks at once only one does. */
const countGap = (db: Postgres, seen: Date | null, gap: TimeRange, detail: Detail): Promise<void> =>
  db.transaction(async tx => {
    const cursors = cursorsIn(tx)
    await cursors.lock(job)
    if ((await cursors.reached(job))?.reached.getTime() !== seen?.getTime()) return
    await probeHoursIn(tx).countMissed(gap.from, gap.to, noticedAt(gap))
    const late = { from: gap.from.toISOString(), to: gap.to.toISOString() }
    await cursors.advance(job, gap.to, { ...detail, late })
  })

/** A shard: the slots of its window, in batches, each due soon after the other. */
export const requestProbes = (event: EventOf<typeof ShardDue>, { db }: { db: Postgres }): Promise<VigiaEvent[]> => {
  const { shard, shards, from, to, late = false } = event.data
  return probesOf(event, { shard, shards, stretch: { from: new Date(from), to: new Date(to) }, late }, db)
}

const probesOf = async (cause: Cause, part: ShardWindow, db: Postgres): Promise<VigiaEvent[]> => {
  const { shard, shards, stretch, late } = part
  const monitors = monitorsIn(db)
  const slots = late
    ? await monitors.newestSlots({ shard, shards }, stretch.from, stretch.to, noticedAt(stretch))
    : await monitors.slotsDue({ shard, shards }, stretch.from, stretch.to)
  const batches: Slot[][] = []
  for (let start = 0; start < slots.length; start += mostChecks) batches.push(slots.slice(start, start + mostChecks))
  return batches.map(batch =>
    ProbeRequested.from(cause, {
      // Named after its part whoever asks for it: two ticks that tell a window say the same.
      id: `${nameOfPart(part)}/${ProbeRequested.name}/${nameOf(batch)}`,
      subject: `shard/${shard}`,
      data: {
        reason: 'slot',
        checks: batch.map(({ id, dueAt, down, ...check }) => ({
          monitorId: id,
          ...check,
          dueAt: dueAt.toISOString(),
          ...(down && { down }),
        })),
      },
    }),
  )
}

/**
 * Batches are named by what is in them: when a monitor goes between an event and its repeat, the others move up, and a number would
 * stand for two different batches.
 */
const nameOf = (batch: Slot[]) =>
  createHash('sha256')
    .update(batch.map(({ id, dueAt }) => `${id}@${dueAt.getTime()}`).join())
    .digest('base64url')
    .slice(0, 16)
