import { postgres } from '#database/connect.ts'
import { HeartbeatChanged } from '#events/heartbeat-changed.ts'
import { ProbeRequested } from '#events/probe-requested.ts'
import { addressGuard, safeDialler } from '#functions/dial/dial.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env, envOptional } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { checkRunner, limitChecks } from './check-runner.ts'
import { checkReferences, connectivityTracker, referencesIn } from './connectivity.ts'
import { heartbeatChanged } from './heartbeat-changed.ts'
import { resultWriter } from './result-writer.ts'
import { sleep } from './sleep.ts'
import { uptimeProber } from './uptime-prober.ts'

const name = 'uptime-prober'
const db = postgres(env('DATABASE_URL'), { applicationName: name, prepare: true })

/**
 * Connects to the references: hosts that show whether our own network works. The operator chooses them, so they may
 * have any address.
 */
const referenceDialler = safeDialler({ guard: addressGuard('0.0.0.0/0,::/0') })
const references = referencesIn(envOptional('PROBE_REFERENCE'), envOptional('TELEGRAM_API_ROOT'))
const reference = () => checkReferences(references, url => referenceDialler.tcpConnect(url, { timeoutMs: 5_000 }))

const dialler = safeDialler({ guard: addressGuard(envOptional('PROBE_ALLOW')) })
const connectivity = connectivityTracker(addressGuard(), reference)
/**
 * Limits the open sockets. A check beyond the limit waits; the time from `dueAt` to `startedAt` in its result shows how
 * long.
 */
const maxRunningChecks = 2_000
const runCheck = limitChecks(checkRunner({ dialler, connectivity, clock: systemClock, sleep }), maxRunningChecks)
const results = resultWriter({ db, clock: systemClock, sleep })

// A request lasts until its last check is done. After SIGTERM or SIGINT, the checks that are not due yet return to the
// broker at once.
const shutdown = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => shutdown.abort())

serve({
  name,
  events: [
    on(ProbeRequested, (event, { signal, publish }) =>
      uptimeProber(event, {
        db,
        clock: systemClock,
        sleep,
        runCheck,
        results,
        publish,
        stop: AbortSignal.any([shutdown.signal, signal]),
      }),
    ),
    on(HeartbeatChanged, event => heartbeatChanged(event, { results })),
  ],
  close: [() => db.end()],
})
