import type { Postgres } from '#database/connect.ts'
import { type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { type Check, ProbeRequested } from '#events/probe-requested.ts'
import { addressGuard, type Dialler, type DialOptions, type DialResult } from '#functions/dial/dial.ts'
import type { HttpRequest } from '#functions/dial/http-request.ts'
import { checkRunner } from '#functions/uptime-prober/check-runner.ts'
import { connectivityTracker, type ReferenceState } from '#functions/uptime-prober/connectivity.ts'
import { resultWriter } from '#functions/uptime-prober/result-writer.ts'
import { uptimeProber } from '#functions/uptime-prober/uptime-prober.ts'
import { virtualTime } from '#test/support/virtual-time.ts'
import { chatId, noon } from './database.ts'

export const second = 1_000

export const connected: DialResult = {
  error: null,
  status: null,
  address: '203.0.114.1',
  contact: true,
  dnsMs: 1,
  connectMs: 1,
  tlsMs: null,
  firstByteMs: 1,
  totalMs: 12,
}
export const responded = (status: number): DialResult => ({ ...connected, status })
export const timedOut: DialResult = {
  ...connected,
  error: 'timeout',
  contact: false,
  firstByteMs: null,
  connectMs: null,
}

type FakeOptions = DialOptions & { request?: HttpRequest }

/** A dialler whose attempts of every kind have the result of `dial`. */
export const fakeDialler = (dial: (url: string, options: FakeOptions) => Promise<DialResult>): Dialler => ({
  ...{ get: dial, request: dial, tcpConnect: dial, mayDial: () => true },
  attempt: options => dial('', options),
})

/**
 * A prober on virtual time. `dialled` returns the result of an attempt from its URL, its time (in milliseconds after
 * noon) and its number. `reference` returns the state of the references; it is null for a prober without references.
 */
export const startProber = (
  db: Postgres,
  dialled: (url: string, atMs: number, attemptIndex: number) => DialResult | Promise<DialResult>,
  { from = noon, reference = (async () => true) as (() => Promise<ReferenceState>) | null } = {},
) => {
  const time = virtualTime(new Date(from))
  const attempts: { url: string; at: number; attempt: number; authorization?: string }[] = []
  const published: VigiaEvent[] = []
  const shutdown = new AbortController()
  let isDatabaseDown = false
  let isBrokerDown = false
  const terminated = () => Promise.reject(new Error('Connection terminated unexpectedly'))
  const flakyDb = time.watched({
    query: (sql, values) => (isDatabaseDown ? terminated() : db.query(sql, values)),
    transaction: work => (isDatabaseDown ? terminated() : db.transaction(work)),
    end: () => db.end(),
  })
  const dial = async (url: string, { attemptIndex = 0, request: { authorization } = {} }: FakeOptions) => {
    const at = time.clock().getTime() - noon
    attempts.push({ url, at, attempt: attemptIndex, ...(authorization !== undefined && { authorization }) })
    return dialled(url, at, attemptIndex)
  }
  const runCheck = checkRunner({
    dialler: fakeDialler(dial),
    connectivity: connectivityTracker(addressGuard(), reference),
    clock: time.clock,
    sleep: time.sleep,
  })
  const results = resultWriter({ db: flakyDb, clock: time.clock, sleep: time.sleep })
  const start = (event: EventOf<typeof ProbeRequested>) =>
    uptimeProber(event, {
      db: flakyDb,
      clock: time.clock,
      sleep: time.sleep,
      runCheck,
      results,
      publish: async events => {
        if (isBrokerDown) throw new Error('the broker answered 503')
        published.push(...events)
      },
      stop: shutdown.signal,
    })
  return {
    time,
    attempts,
    published,
    shutDown: () => shutdown.abort(),
    setDatabaseDown: (value: boolean) => {
      isDatabaseDown = value
    },
    setBrokerDown: (value: boolean) => {
      isBrokerDown = value
    },
    start,
    run: (event: EventOf<typeof ProbeRequested>) => time.until(start(event)),
  }
}

export const checkOf = (
  monitor: { id: number; url: string; intervalS: number },
  dueAt: number,
  more: Partial<Check> = {},
): Check => ({
  monitorId: monitor.id,
  kind: 'http',
  url: monitor.url,
  timeoutMs: 5_000,
  intervalS: monitor.intervalS,
  dueAt: new Date(dueAt).toISOString(),
  ...more,
})

export const request = (checks: Check[], reason: 'slot' | 'now' | 'first' = 'slot') =>
  ProbeRequested.from(rootCause('shard/0@x'), {
    key: String(checks[0]?.monitorId),
    subject: 'shard/0',
    data: { reason, checks, ...(reason !== 'slot' && { chatId }) },
  })

export const ids = (events: readonly VigiaEvent[]) => events.map(({ id }) => id)
