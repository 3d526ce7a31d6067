import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'

/**
 * The checks of one shard have to be requested now: one check for each slot in [from, to) of the shard's monitors.
 * Subject `shard/3`, id `shard/3@<from>`.
 */
export const ShardDue = defineEvent(
  'shard.due',
  1,
  Type.Object({
    shard: Type.Integer({ minimum: 0, maximum: 1023 }),
    shards: Type.Integer({ minimum: 1, maximum: 1024 }),
    /** Instants, UTC. */
    from: Instant,
    to: Instant,
    /**
     * The scheduler did not run in [from, to). Request only the newest slot of each monitor, and none for a monitor
     * that had a slot between `to` and the tick that found the gap. Id `shard/3@<from>/late`.
     */
    late: Type.Optional(Type.Boolean()),
  }),
)
