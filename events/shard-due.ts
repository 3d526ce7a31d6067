import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'

/**
 * The checks of one shard of the monitors whose slots are in [from, to) have to be requested now. Subject `shard/3`, id
 * `shard/3@<from>`.
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
     * The scheduler did not run in [from, to): request only the newest slot of each monitor, if no later slot of it was
     * due. Id `shard/3@<from>/late`.
     */
    late: Type.Optional(Type.Boolean()),
  }),
)
