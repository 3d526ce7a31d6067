import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '#functions/host/clock.ts'
import { type CronSchedule, cron } from './cron.ts'

/** What a PingSource manifest says. */
export interface PingSource {
  name: string
  namespace: string
  /** Cron, five or six fields. */
  schedule: string
  /** IANA name. */
  timeZone: string
  contentType: string | null
  /** The bytes of the body; null: no body. */
  data: Buffer | null
  /** CloudEvents extensions, names in lower case. */
  extensions: Record<string, string>
}

/** A CloudEvent in binary mode, as it goes to the broker. */
export interface Ping {
  headers: Record<string, string>
  body: Buffer
}

export interface SourceReport {
  name: string
  schedule: string
  timeZone: string
  nextAt: string | null
  lastAt: string | null
}

export interface PingSources {
  report(): SourceReport[]
  has(name: string): boolean
  /** Sends a tick now, whatever the schedule says; resolves with the event's id when the broker has it. */
  fire(name: string): Promise<string>
  stop(): void
}

export interface PingSourcesStart {
  sources: readonly PingSource[]
  /** Hands an event to the source's sink and resolves with its status. */
  send(source: PingSource, ping: Ping): Promise<number>
  clock: Clock
  /** Told about a tick that nobody took. */
  onLostTick(words: string): void
  /** For tests: runs `work` after `ms` and returns how to call that off. */
  after?(ms: number, work: () => void): () => void
}

/** The statuses for which Knative's adapter sends again, and its pauses. A plain 500 is not among them. */
const sentAgain = [404, 413, 425, 429, 502, 503, 504]
const pausesMs = [100, 200, 400, 800, 1600]

/** Timers run on a clock that stands still while the machine sleeps, and the wall clock may be set: look again at least this often. */
const LOOK_AGAIN_MS = 60_000

/**
 * The PingSources of the manifests. As on Knative a tick that was missed is not replayed: after a sleep of the machine an
 * overdue source fires once, and functions catch up by their cursors. Unlike Knative, whose adapter waits a random 0 to 500 ms
 * to spare clusters with thousands of sources, a tick leaves at its second.
 */
export const startPingSources = ({
  sources,
  send,
  clock,
  onLostTick,
  after = later,
}: PingSourcesStart): PingSources => {
  const stopping = new AbortController()
  const running = new Map(
    sources.map(source => {
      const schedule = cron(source.schedule) as CronSchedule
      const state = { source, lastAt: null as Date | null, nextAt: null as Date | null, cancel: () => {} }

      const arm = () => {
        const armedAt = clock()
        const waitMs = state.nextAt ? state.nextAt.getTime() - armedAt.getTime() : LOOK_AGAIN_MS
        state.cancel = after(Math.max(1, Math.min(waitMs, LOOK_AGAIN_MS)), () => look(armedAt))
      }
      const look = (armedAt: Date) => {
        const now = clock()
        // Set back: what was to come in an hour may be due in a second.
        if (now < armedAt) state.nextAt = schedule.next(now, source.timeZone)
        if (state.nextAt && now >= state.nextAt) {
          state.nextAt = schedule.next(now, source.timeZone)
          void tick(source, state).catch(error => {
            if (!stopping.signal.aborted) onLostTick(`${source.name}: a tick was lost: ${(error as Error).message}`)
          })
        }
        arm()
      }
      state.nextAt = schedule.next(clock(), source.timeZone)
      arm()
      return [source.name, state] as const
    }),
  )

  const tick = async (source: PingSource, state: { lastAt: Date | null }) => {
    state.lastAt = clock()
    const ping = pingEvent(source, state.lastAt)
    for (const waitMs of [...pausesMs, null]) {
      const status = await send(source, ping)
      if (status < 300) return ping.headers['ce-id']!
      if (waitMs === null || !sentAgain.includes(status)) throw new Error(`the sink answered ${status}`)
      await pause(waitMs, undefined, { signal: stopping.signal })
    }
    return stopping.signal.throwIfAborted() as never
  }

  return {
    report: () =>
      [...running.values()].map(({ source: { name, schedule, timeZone }, nextAt, lastAt }) => ({
        name,
        schedule,
        timeZone,
        nextAt: nextAt?.toISOString() ?? null,
        lastAt: lastAt?.toISOString() ?? null,
      })),
    has: name => running.has(name),
    fire: name => {
      const state = running.get(name)!
      return tick(state.source, state)
    },
    stop: () => {
      stopping.abort(new Error('the runtime stops'))
      for (const { cancel } of running.values()) cancel()
    },
  }
}

const later = (ms: number, work: () => void) => {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

/** The event of a tick, as measured on Knative: a random id, the time of sending, no subject. */
export const pingEvent = ({ namespace, name, data, contentType, extensions }: PingSource, at: Date): Ping => ({
  headers: {
    'ce-specversion': '1.0',
    'ce-type': 'dev.knative.sources.ping',
    'ce-source': `/apis/v1/namespaces/${namespace}/pingsources/${name}`,
    'ce-id': randomUUID(),
    'ce-time': at.toISOString(),
    ...Object.fromEntries(Object.entries(extensions).map(([key, value]) => [`ce-${key}`, value])),
    ...(contentType === null ? {} : { 'content-type': contentType }),
  },
  body: data ?? Buffer.alloc(0),
})
