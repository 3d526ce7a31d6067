import { postgres } from '#database/connect.ts'
import { ShardDue } from '#events/shard-due.ts'
import { Tick } from '#events/tick.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { heartbeatsDue } from './heartbeats-due.ts'
import { housekeeping } from './housekeeping.ts'
import { probeScheduler, requestProbes } from './probe-scheduler.ts'
import { tellEverything } from './tell-everything.ts'
import { unannouncedEvents } from './unannounced-events.ts'
import { webhooksDue } from './webhooks-due.ts'

const name = 'probe-scheduler'
const db = postgres(env('DATABASE_URL'), { applicationName: name, prepare: true })
const runHousekeeping = housekeeping(db)
const unannounced = unannouncedEvents(db)

serve({
  name,
  events: [
    on(Tick, async (tick, { publish }) => {
      await probeScheduler(tick, { db, clock: systemClock, publish })
      await runHousekeeping(systemClock())
      return [
        ...(await heartbeatsDue(tick, { db, now: systemClock() })),
        ...(await webhooksDue(tick, { db, now: systemClock() })),
        ...(await tellEverything(tick, { db, clock: systemClock })),
        ...(await unannounced(tick, systemClock())),
      ]
    }),
    on(ShardDue, event => requestProbes(event, { db })),
  ],
  close: [() => db.end()],
})
