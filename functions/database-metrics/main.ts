import { setTimeout } from 'node:timers/promises'
import { postgres } from '#database/connect.ts'
import { readFigures } from '#database/operations/figures.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { serve } from '#functions/host/serve.ts'
import { databaseMetrics } from './database-metrics.ts'

const name = 'database-metrics'
const db = postgres(env('DATABASE_URL'), { max: 1, applicationName: name, statementTimeoutMs: 5_000 })

serve({
  name,
  metrics: log =>
    databaseMetrics({
      figures: now => readFigures(db, now, { withBroker: false }),
      clock: systemClock,
      pause: ms => setTimeout(ms, undefined, { ref: false }),
      failed: error => log.warn({ error }, '/metrics has no metrics from PostgreSQL'),
    }),
  close: [() => db.end()],
})
