import Type from 'typebox'
import { defineEvent } from './event.ts'

/** One shard of the monitors should be looked through for slots in [from, to). Subject `shard/3`, id `shard/3@<from>`. */
export const ShardDue = defineEvent(
  'shard.due',
  1,
  Type.Object({
    shard: Type.Integer({ minimum: 0 }),
    shards: Type.Integer({ minimum: 1 }),
    /** Instants, UTC. */
    from: Type.String(),
    to: Type.String(),
    /** The stretch is a gap of ours: only the newest slot of each monitor, where none was due since. Id `shard/3@<from>/late`. */
    late: Type.Optional(Type.Boolean()),
  }),
)
