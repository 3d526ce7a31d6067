import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '#functions/host/clock.ts'
import { type CronSchedule, cron } from './cron.ts'

/** A PingSource of a manifest. */
export interface PingSource {
  name: string
  namespace: string
  /** Cron with five or six fields. */
  schedule: string
  /** The IANA name of the time zone. */
  timeZone: string
  contentType: string | null
  /** The bytes of the body; null when the event has no body. */
  data: Buffer | null
  /** CloudEvents extensions, names in lower case. */
  extensions: Record<string, string>
}

/** A CloudEvent in binary mode, as it is sent to the broker. */
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
  /** Sends a tick now, outside the schedule; resolves with the event's id when the broker has accepted it. */
  fire(name: string): Promise<string>
  stop(): void
}

export interface PingSourcesStart {
  sources: readonly PingSource[]
  /** Sends an event to the source's sink and resolves with the HTTP status. */
  send(source: PingSource, ping: Ping): Promise<number>
  clock: Clock
  /** Called with a message when the sink did not accept a tick. */
  onLostTick(message: string): void
  /** The timer, which tests replace: runs `work` after `ms` milliseconds and returns a function that cancels it. */
  after?(ms: number, work: () => void): () => void
}

/** The statuses after which Knative's adapter sends an event again. 500 is not among them. */
const retriedStatuses = [404, 413, 425, 429, 502, 503, 504]
/** The pauses of Knative's adapter before it sends the event again. */
const retryPausesMs = [100, 200, 400, 800, 1600]

/**
 * The longest wait between two checks of the clock. A single long timer would be late, because timers stop while the
 * machine sleeps, and because the system clock may be set.
 */
const maxWaitMs = 60_000

interface State {
  readonly source: PingSource
  lastAt: Date | null
  nextAt: Date | null
  /** Cancels the timer. */
  cancel(): void
}

/**
 * Runs the PingSources of the manifests. As on Knative, missed ticks are not replayed. After the machine has slept, an
 * overdue source fires once, and functions catch up by their cursors. Knative's adapter delays a tick by a random 0 to
 * 500 ms, because a cluster may have thousands of sources; here a tick is sent without a delay.
 */
export const startPingSources = (options: PingSourcesStart): PingSources => {
  const { sources, send, clock, onLostTick, after = timer } = options
  const stopping = new AbortController()

  const start = (source: PingSource): State => {
    const schedule = cron(source.schedule) as CronSchedule
    const state: State = {
      source,
      lastAt: null,
      nextAt: schedule.next(clock(), source.timeZone),
      cancel: () => {},
    }
    const wait = () => {
      const startedAt = clock()
      const waitMs = state.nextAt ? state.nextAt.getTime() - startedAt.getTime() : maxWaitMs
      state.cancel = after(Math.max(1, Math.min(waitMs, maxWaitMs)), () => {
        check(startedAt)
        wait()
      })
    }
    const check = (startedAt: Date) => {
      const now = clock()
      // If the clock was set back, the next tick may be due earlier than `nextAt`.
      if (now < startedAt) state.nextAt = schedule.next(now, source.timeZone)
      if (!state.nextAt || now < state.nextAt) return
      state.nextAt = schedule.next(now, source.timeZone)
      void tick(state).catch(error => {
        if (!stopping.signal.aborted) onLostTick(`${source.name}: a tick was lost: ${(error as Error).message}`)
      })
    }
    wait()
    return state
  }

  const tick = async (state: State): Promise<string> => {
    state.lastAt = clock()
    const ping = pingEvent(state.source, state.lastAt)
    for (const pauseMs of [...retryPausesMs, null]) {
      const status = await send(state.source, ping)
      if (status < 300) return ping.headers['ce-id']!
      if (pauseMs === null || !retriedStatuses.includes(status)) throw new Error(`the sink answered ${status}`)
      await pause(pauseMs, undefined, { signal: stopping.signal })
    }
    return stopping.signal.throwIfAborted() as never
  }

  const running = new Map(sources.map(source => [source.name, start(source)]))
  return {
    report: () => [...running.values()].map(reportOf),
    has: name => running.has(name),
    fire: name => tick(running.get(name)!),
    stop: () => {
      stopping.abort(new Error('the runtime stops'))
      for (const state of running.values()) state.cancel()
    },
  }
}

const timer = (ms: number, work: () => void) => {
  const timeout = setTimeout(work, ms)
  return () => clearTimeout(timeout)
}

const reportOf = ({ source: { name, schedule, timeZone }, nextAt, lastAt }: State): SourceReport => ({
  name,
  schedule,
  timeZone,
  nextAt: nextAt?.toISOString() ?? null,
  lastAt: lastAt?.toISOString() ?? null,
})

/** The event of a tick, as measured on Knative: with a random id and the time of sending, without a subject. */
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
