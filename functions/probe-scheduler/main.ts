import { postgres } from '#database/connect.ts'
import { ShardDue } from '#events/shard-due.ts'
import { Tick } from '#events/tick.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { dueEvents } from './due-events.ts'
import { housekeeping } from './housekeeping.ts'
import { importsDue } from './imports-due.ts'
import { probeScheduler, requestProbes } from './probe-scheduler.ts'
import { tellEverything, waitingWorkAt } from './tell-everything.ts'
import { unannouncedEvents } from './unannounced-events.ts'

const name = 'probe-scheduler'
const db = postgres(env('DATABASE_URL'), { applicationName: name, prepare: true })
const runHousekeeping = housekeeping(db)
const unannounced = unannouncedEvents(db)
const imports = importsDue(db)

serve({
  name,
  events: [
    on(Tick, async (tick, { publish }) => {
      await probeScheduler(tick, { db, clock: systemClock, publish })
      await runHousekeeping(systemClock())
      const now = systemClock()
      const work = await waitingWorkAt(now, db)
      return [
        ...dueEvents(tick, work, now),
        ...(await tellEverything(tick, work, { db, now })),
        ...(await unannounced(tick, now)),
        ...(await imports(tick, now)),
      ]
    }),
    on(ShardDue, event => requestProbes(event, { db })),
  ],
  close: [() => db.end()],
})
