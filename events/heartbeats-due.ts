import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'

/**
 * The deadlines of the heartbeats have to be checked. Published at every tick of the scheduler while there is a
 * heartbeat, so that the function `heartbeat` notices by missing events that it was not running. Subject `heartbeats`,
 * id `heartbeats@<at>`.
 */
export const HeartbeatsDue = defineEvent(
  'heartbeats.due',
  1,
  Type.Object({
    /** The ten seconds of the tick, UTC. */
    at: Instant,
  }),
)
