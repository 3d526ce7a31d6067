import type { Postgres } from '../connect.ts'

/** `needed`: the names of the secrets that stay or are set. `given`: the new ones. */
export interface SecretChanges {
  needed: readonly string[]
  given: Readonly<Record<string, string>>
}

/** The secrets of a monitor, and the URL of the monitor. */
export interface SecretsAtUrl {
  url: string
  secrets: Record<string, string>
}

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

  /** Stores new secrets and removes those that are not needed. Returns whether the monitor has any. */
  change: async (monitorId: number, { needed, given }: SecretChanges): Promise<boolean> => {
    const known = (await monitorSecretsIn(db).of([monitorId])).get(monitorId) ?? {}
    const kept = Object.entries({ ...known, ...given }).filter(([name]) => needed.includes(name))
    await monitorSecretsIn(db).replace(monitorId, Object.fromEntries(kept))
    return kept.length > 0
  },

  /** The secrets of monitors by their ids. A monitor without secrets is not in the map. */
  of: async (monitorIds: readonly number[]): Promise<Map<number, Record<string, string>>> => {
    const { rows } = await db.query<{ id: number; secrets: Record<string, string> }>(
      `select monitor_id as id, json_object_agg(name, value) as secrets from monitor_secret
       where monitor_id = any ($1) group by 1`,
      [monitorIds],
    )
    return new Map(rows.map(({ id, secrets }) => [id, secrets]))
  },

  /** The secrets of monitors with the URLs that they belong to, both of the same moment, by monitor. */
  withUrls: async (monitorIds: readonly number[]): Promise<Map<number, SecretsAtUrl>> => {
    const { rows } = await db.query<SecretsAtUrl & { id: number }>(
      `select id, url, json_object_agg(monitor_secret.name, value) as secrets
       from monitor join monitor_secret on monitor_id = id where id = any ($1) group by id`,
      [monitorIds],
    )
    return new Map(rows.map(({ id, url, secrets }) => [id, { url, secrets }]))
  },
})
