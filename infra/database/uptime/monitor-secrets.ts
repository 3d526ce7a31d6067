import type { Postgres } from '../connect.ts'

/** The table `monitor_secret`: passwords and tokens. They are in no event, log, export or message. */
export const monitorSecretsIn = (db: Postgres) => ({
  /** Replaces the secrets of a monitor. */
  replace: (monitorId: number, secrets: Readonly<Record<string, string>>): Promise<void> =>
    db.transaction(async tx => {
      const names = Object.keys(secrets)
      await tx.query('delete from monitor_secret where monitor_id = $1 and not name = any ($2)', [monitorId, names])
      await tx.query(
        `insert into monitor_secret (monitor_id, name, value) select $1, * from unnest($2::text[], $3::text[])
         on conflict (monitor_id, name) do update set value = excluded.value`,
        [monitorId, names, Object.values(secrets)],
      )
    }),

  /** The secrets of monitors by their ids. A monitor without secrets is not in the map. */
  of: async (monitorIds: readonly number[]): Promise<Map<number, Record<string, string>>> => {
    const { rows } = await db.query<{ id: number; secrets: Record<string, string> }>(
      `select monitor_id as id, json_object_agg(name, value) as secrets from monitor_secret
       where monitor_id = any ($1) group by 1`,
      [monitorIds],
    )
    return new Map(rows.map(({ id, secrets }) => [id, secrets]))
  },
})
