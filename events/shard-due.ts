import Type from 'typebox'
import { defineEvent } from './event.ts'
import { Instant } from './fields.ts'

/** One shard of the monitors should be looked through for slots in [from, to). Subject `shard/3`, id `shard/3@<from>`. */
export const ShardDue = defineEvent(
  'shard.due',
  1,
  Type.Object({
    shard: Type.Integer({ minimum: 0, maximum: 1023 }),
    shards: Type.Integer({ minimum: 1, maximum: 1024 }),
    /** Instants, UTC. */
    from: Instant,
    to: Instant,
    /** The stretch is a gap of ours: only the newest slot of each monitor, where none was due since. Id `shard/3@<from>/late`. */
    late: Type.Optional(Type.Boolean()),
  }),
)
