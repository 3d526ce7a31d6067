import { postgres } from '#database/connect.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { addressGuard, safeDialler } from '#functions/dial/dial.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env, envOptional } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { atMost } from './at-most.ts'
import { askReferences, referencesIn, vantageOf } from './connectivity.ts'
import { measureWith } from './measure.ts'
import { ledgerOf } from './result-writer.ts'
import { sleep } from './sleep.ts'
import { uptimeProber } from './uptime-prober.ts'

const name = 'uptime-prober'
const db = postgres(env('DATABASE_URL'), { applicationName: name, prepare: true })

const everywhere = '0.0.0.0/0,::/0'
const anywhere = safeDialler({ guard: addressGuard(everywhere) })
/** Where our messages go, unless the operator names others: without a way there we cannot say which sites are down. */
const references = referencesIn(envOptional('PROBE_REFERENCE'), envOptional('TELEGRAM_API_ROOT'))
const reference = () => askReferences(references, url => anywhere.knock(url, { timeoutMs: 5_000 }))

const dialler = safeDialler({ guard: addressGuard(envOptional('PROBE_ALLOW')) })
const vantage = vantageOf(addressGuard(), reference)
const measure = measureWith({ dialler, vantage, clock: systemClock, sleep })
/** Sockets open at once; beyond that a check waits, and its row shows how long. */
const inTurn = atMost(2_000)
const ledger = ledgerOf({ db, clock: systemClock, sleep })

// A request lasts until its last check is done. At the end those that are not due yet go back to the broker at once.
const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())

serve({
  name,
  events: [
    on(ProbeRequested, (event, { signal, publish }) =>
      uptimeProber(event, {
        db,
        clock: systemClock,
        sleep,
        measure: check => inTurn(() => measure(check)),
        ledger,
        publish,
        ending: AbortSignal.any([ending.signal, signal]),
      }),
    ),
  ],
  close: [() => db.end()],
})
