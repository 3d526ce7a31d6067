import type { ProbeResult } from '#database/uptime/probe-results.ts'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import type { Check } from '#events/probe-requested.ts'
import type { Dialled, Dialler } from '#functions/dial/dial.ts'
import type { Clock } from '#functions/host/clock.ts'
import { checkHttp } from './checks/http.ts'
import { checkTcp } from './checks/tcp.ts'
import type { Vantage } from './connectivity.ts'
import type { Sleep } from './sleep.ts'

/** What a check found, and whether a failure was looked at again. */
export interface Measured {
  result: ProbeResult
  confirmed: boolean
}

export type Measure = (check: Check) => Promise<Measured>

/** Pauses before a failure is looked at again. */
const pausesMs = [1_000, 2_000]

/** The URL itself is at fault: looking again shows the same. */
const lasting: ReadonlySet<ProbeErrorCode> = new Set([
  'bad-url',
  'bad-scheme',
  'credentials',
  'missing-port',
  'blocked-port',
])

export interface MeasureTools {
  dialler: Dialler
  vantage: Vantage
  clock: Clock
  sleep: Sleep
}

const checks = { http: checkHttp, tcp: checkTcp } as const

/** All attempts of a check together, so that they end within the timeout of the Service (300 s), which counts from up to 32 s before. */
const longestMs = 250_000

/** How often a failure is looked at before it is believed: three times, or twice where the time limit is long. */
const attemptsFor = ({ timeoutMs }: Check) => {
  const fitting = pausesMs.filter((_, at) => (at + 2) * timeoutMs + pausesMs.slice(0, at + 1).reduce(sum) <= longestMs)
  return 1 + fitting.length
}
const sum = (one: number, other: number) => one + other

/**
 * Runs a check. A failure is looked at twice more, each time at the next address of the name; it is confirmed when all fail. What was
 * down when the slot was planned is looked at once at each address that accepts connections, up to three, because one good address
 * would have kept it up.
 */
export const measureWith =
  ({ dialler, vantage, clock, sleep }: MeasureTools): Measure =>
  async check => {
    const startedAt = clock()
    const started = performance.now()
    const look = checks[check.kind]
    const most = attemptsFor(check)
    let dialled = await look(dialler, check, 0)
    vantage.note(dialled)
    let attempts = 1
    while (attempts < most && dialled.error !== null && !lasting.has(dialled.error)) {
      if (!check.down) await sleep(pausesMs[attempts - 1]!)
      else if (!hasOtherAddresses(dialled, attempts)) break
      dialled = await look(dialler, check, attempts)
      vantage.note(dialled)
      attempts++
    }
    const isLasting = dialled.error !== null && lasting.has(dialled.error)
    const confirmed = isLasting || (!check.down && attempts === most)
    const known = dialled.error === null || (await vantage.believes(dialled, started))
    return { result: resultOf(check, startedAt, attempts, dialled, known), confirmed: confirmed && known }
  }

/** Where no address accepted a connection, all of them have been tried. */
const hasOtherAddresses = ({ contact, error, addresses = 1 }: Dialled, attempts: number) =>
  contact && error !== 'refused' && attempts < addresses

const resultOf = (check: Check, startedAt: Date, attempts: number, dialled: Dialled, known: boolean): ProbeResult => ({
  monitorId: check.monitorId,
  dueAt: new Date(check.dueAt),
  startedAt,
  ok: known ? dialled.error === null : null,
  status: dialled.status,
  error: known ? dialled.error : 'not-checked',
  attempts,
  dnsMs: tenth(dialled.dnsMs),
  connectMs: tenth(dialled.connectMs),
  tlsMs: tenth(dialled.tlsMs),
  firstByteMs: tenth(dialled.firstByteMs),
  totalMs: tenth(dialled.totalMs),
  ...(dialled.error === null && dialled.warning !== undefined && { warning: dialled.warning }),
})

/** A tenth of a millisecond is finer than any network. */
const tenth = <T extends number | null>(ms: T): T => (ms === null ? ms : Math.round(ms * 10) / 10) as T

/** The result of a slot that nobody looked at. */
export const missed = (check: Check): Measured => ({
  result: {
    monitorId: check.monitorId,
    dueAt: new Date(check.dueAt),
    startedAt: null,
    ok: null,
    status: null,
    error: 'not-checked',
    attempts: 0,
    dnsMs: null,
    connectMs: null,
    tlsMs: null,
    firstByteMs: null,
    totalMs: null,
  },
  confirmed: false,
})
