import { postgres } from '#database/connect.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { systemClock } from '../clock.ts'
import { env, envOptional } from '../env.ts'
import { publisher } from '../publish.ts'
import { addressGuard, safeDialler } from '../safe-dial.ts'
import { on, serve } from '../serve.ts'
import { atMost } from './at-most.ts'
import { ledgerOf } from './ledger.ts'
import { measureWith } from './measure.ts'
import { sleep } from './sleep.ts'
import { uptimeProber } from './uptime-prober.ts'
import { vantageOf } from './vantage.ts'

const name = 'uptime-prober'
const db = postgres(env('DATABASE_URL'), { applicationName: name, prepare: true })

const everywhere = '0.0.0.0/0,::/0'
const anywhere = safeDialler({ guard: addressGuard(everywhere) })
/** Somebody who is always there: where our messages go. Who cannot reach that cannot say who else is down. */
const referenceUrl = env('PROBE_REFERENCE', 'tcp://api.telegram.org:443')
const reference = async () => (await anywhere.knock(referenceUrl, { timeoutMs: 5_000 })).contact

const dialler = safeDialler({ guard: addressGuard(envOptional('PROBE_ALLOW')) })
const vantage = vantageOf(addressGuard(), reference)
const measure = measureWith({ dialler, vantage, clock: systemClock, sleep })
/** Sockets open at once; beyond that a check waits, and its row shows how long. */
const inTurn = atMost(2_000)
const publish = publisher(envOptional('K_SINK'), name)
const ledger = ledgerOf({ db, clock: systemClock, sleep })

// A request lasts until its last check is done. At the end those that are not due yet go back to the broker at once.
const ending = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort())

serve({
  name,
  events: [
    on(ProbeRequested, (event, { signal }) =>
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
