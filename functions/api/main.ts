import { postgres } from '#database/connect.ts'
import { addressGuard } from '#functions/dial/address.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env, envOptional } from '#functions/host/env.ts'
import { serve } from '#functions/host/serve.ts'
import { addressOf } from '#functions/monitors/address-of.ts'
import { limitsIn } from '#functions/monitors/limits.ts'
import { api } from './api.ts'

const name = 'api'
const db = postgres(env('DATABASE_URL'), { max: 3, applicationName: name, statementTimeoutMs: 10_000 })

serve({
  name,
  http: api({
    db,
    mayDial: addressGuard(envOptional('PROBE_ALLOW')),
    addressOf,
    pingUrl: envOptional('PING_URL')?.replace(/\/+$/, '') ?? null,
    limits: limitsIn(process.env),
    clock: systemClock,
  }),
  close: [() => db.end()],
})
