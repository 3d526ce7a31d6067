import type { Postgres } from './connect.ts'

/** What became of a monitor's slots. Uptime is ok ÷ (ok + failed): what nobody looked at says nothing. */
export interface Tally {
  ok: number
  failed: number
  /** Nobody looked, through a fault of ours. */
  missed: number
  /** Of the good ones, whole requests, milliseconds; null without any. */
  averageMs: number | null
}

/** The table `probe_hour`: one row a monitor and hour. */
export const probeHoursIn = (db: Postgres) => ({
  /** By monitor, since the beginning of the hour of `since`. A monitor without any slot since then is not in it. */
  uptime: async (monitorIds: number[], since: Date): Promise<Map<number, Tally>> => {
    const { rows } = await db.query<Tally & { monitorId: number }>(
      `select monitor_id as "monitorId", sum(ok) as ok, sum(failed) as failed, sum(missed) as missed,
         sum(total_ms) / nullif(sum(ok), 0) as "averageMs"
       from probe_hour where monitor_id = any ($1) and hour >= date_trunc('hour', $2::timestamptz, 'UTC')
       group by monitor_id`,
      [monitorIds, since],
    )
    return new Map(rows.map(({ monitorId, ...tally }) => [monitorId, tally]))
  },
})

export type ProbeHours = ReturnType<typeof probeHoursIn>
