import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'

/**
 * The deadlines of the heartbeats have to be checked. Published at every tick of probe-scheduler while a heartbeat
 * exists that is not paused. From a gap between these events, the function `heartbeat` knows that it was not running.
 * Subject `heartbeats`, id `heartbeats@<at>`.
 */
export const HeartbeatsDue = defineEvent(
  'heartbeats.due',
  1,
  Type.Object({
    /** The start of the ten seconds to which the tick belongs, UTC. */
    at: Instant,
  }),
)
