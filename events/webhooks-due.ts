import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'

/**
 * Deliveries to webhooks have to be tried again. Published at a tick of probe-scheduler while there are such
 * deliveries. Subject `webhooks`, id `webhooks@<at>`.
 */
export const WebhooksDue = defineEvent(
  'webhooks.due',
  1,
  Type.Object({
    /** The start of the ten seconds to which the tick belongs, UTC. */
    at: Instant,
  }),
)
