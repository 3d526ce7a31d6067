import type { Postgres } from '#database/connect.ts'
import { uptimeIn } from '#database/uptime/uptime.ts'

/**
 * Inserts many results with one statement, without sums. `rows` is SQL for their monitor_id, due_at, started_at (null:
 * not checked) and ok (null: unknown).
 */
export const insertResults = (db: Postgres, rows: string, values: unknown[]) =>
  db.query(
    `insert into probe_slot (monitor_id, due_at, weight_s, outcome, late, status, dns, connect, tls, first_byte, total)
     select monitor_id, due_at, 60, case when ok is null then -33 when ok then 1 else 65 end,
       case when started_at is null then -1 when late_s > 32 then -round(late_s) else round(1000 * late_s) end,
       0, -1, -1, -1, -1, -1
     from (${rows}) as result (monitor_id, due_at, started_at, ok)
     cross join lateral (select extract(epoch from started_at - due_at) as late_s) as lateness`,
    values,
  )

/** The sums of all slots of these monitors that were due since then. */
export const uptimeSince = (db: Postgres, monitorIds: readonly number[], since: Date) =>
  uptimeIn(db).uptimeOf(monitorIds, { from: since, to: new Date('2100-01-01T00:00:00Z') })
