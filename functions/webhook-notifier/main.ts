import { postgres } from '#database/connect.ts'
import { webhookDeliveriesIn } from '#database/webhooks/deliveries.ts'
import { WebhookRequested } from '#events/webhook-requested.ts'
import { WebhooksDue } from '#events/webhooks-due.ts'
import { addressGuard, safeDialler } from '#functions/dial/dial.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env, envOptional } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { retryWebhooks, webhookNotifier } from './webhook-notifier.ts'

const name = 'webhook-notifier'
const db = postgres(env('DATABASE_URL'), { max: 2, applicationName: name })
const dependencies = {
  deliveries: webhookDeliveriesIn(db),
  dialler: safeDialler({ guard: addressGuard(envOptional('PROBE_ALLOW')) }),
  clock: systemClock,
}

serve({
  name,
  events: [
    on(WebhookRequested, (event, { publish }) => webhookNotifier(event, { ...dependencies, publish })),
    on(WebhooksDue, (event, { publish }) => retryWebhooks(event, { ...dependencies, publish })),
  ],
  close: [() => db.end()],
})
