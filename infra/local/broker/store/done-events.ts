import type { Connection, Statement } from './connection.ts'

const deleteStatement: Statement = {
  name: 'delete done events',
  text: `
    with oldest as (
      select seq, accepted_at < now() - $1 * interval '1 millisecond' as old
      from broker.event where seq > $2 order by seq limit $3
    ), done as (
      select seq from oldest
      where old and not exists (select from broker.delivery where event_seq = seq and state <> 'done')
    ), deliveries as (
      delete from broker.delivery using done where event_seq = done.seq
    ), attempts as (
      delete from broker.attempt using done where event_seq = done.seq
    ), events as (
      delete from broker.event using done where event.seq = done.seq returning event.seq
    )
    select (select count(*)::int4 from events) as deleted, (select max(seq) from oldest where old) as "upTo"`,
}

/**
 * Looks at the `limit` oldest events whose `seq` is above `after`, and deletes those that are older than `ageMs` and
 * whose deliveries are all done. Returns how many it deleted, and the highest `seq` that was old enough. The caller
 * continues behind that `seq`, because an old event that is kept (it has a dead delivery) must not be read again and
 * again.
 */
export const deleteDoneEvents = async (
  connection: Connection,
  ageMs: number,
  after: number,
  limit: number,
): Promise<{ deleted: number; upTo: number | null }> => {
  const [row] = await connection.run<{ deleted: number; upTo: string | null }>(deleteStatement, [ageMs, after, limit])
  return { deleted: row!.deleted, upTo: row!.upTo === null ? null : Number(row!.upTo) }
}
