import { postgres } from '#database/connect.ts'
import { isTransient } from '#database/unavailable.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { HeartbeatsDue } from '#events/heartbeats-due.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { asError } from '#functions/host/errors.ts'
import { floodGuard } from '#functions/host/flood-guard.ts'
import { on, serve } from '#functions/host/serve.ts'
import { tellChanges } from './changes.ts'
import { checkDeadlines, excuse } from './deadlines.ts'
import { heartbeat, type PingDependencies } from './heartbeat.ts'
import { maxLogBytes } from './ping-request.ts'
import { pingWriter } from './ping-writer.ts'
import { storePings } from './store-pings.ts'

const name = 'heartbeat'
const db = postgres(env('DATABASE_URL'), { max: 3, applicationName: name, prepare: true, statementTimeoutMs: 10_000 })
const heartbeats = heartbeatsIn(db)
const monitorsPerChat = Number(env('LIMIT_MONITORS_PER_CHAT', '50'))

const writer = pingWriter({
  store: storePings(db, { monitorsPerChat }),
  isTransient,
  now: systemClock,
  recovered: gap => excuse(db, gap),
})

/** The events that are being published after the answers to their pings. */
const publishing = new Set<Promise<void>>()

const tell: PingDependencies['tell'] = (changed, { publish, log }) => {
  // The broker of a cluster may answer only when all functions have handled the event. A job must not wait for that.
  const published = tellChanges(changed, heartbeats, publish)
    .catch(error => log.warn({ error: asError(error) }, 'the change of a heartbeat is published again in a moment'))
    .finally(() => publishing.delete(published))
  publishing.add(published)
}

const isFlood = floodGuard(systemClock)

serve({
  name,
  http: {
    // One byte more than a log keeps, so that a longer body is known to be cut.
    keptBodyBytes: maxLogBytes + 1,
    direct: true,
    handle: (request, context) => heartbeat(request, context, { writer, clock: systemClock, tell, isFlood }),
  },
  events: [
    on(HeartbeatsDue, async (_, { publish }) => {
      await writer.settle()
      await tellChanges(await checkDeadlines({ db, clock: systemClock }), heartbeats, publish)
    }),
  ],
  close: [
    async () => {
      await writer.close()
      await Promise.allSettled(publishing)
      await db.end()
    },
  ],
})
