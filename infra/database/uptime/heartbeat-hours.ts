import type { Postgres } from '../connect.ts'
import { windowsOf } from './maintenance.ts'
import { addedSeconds } from './probe-hours.ts'

/** A time in which a heartbeat had one state. `unknown`: Vigia could not take its ping. */
export interface HeartbeatSpan {
  monitorId: number
  state: 'up' | 'down' | 'unknown'
  from: Date
  to: Date
}

/** SQL: the Unix time in whole seconds, so that the sums of adjacent spans are exact. */
const seconds = (instant: string) => `floor(extract(epoch from ${instant}))::integer`

/** SQL: the seconds of maintenance between `first` and `past`. Windows may overlap. */
const inMaintenance = `
  select coalesce(sum(${seconds('upper(busy)')} - ${seconds('lower(busy)')}), 0)::integer as busy_s
  from (
    select unnest(range_agg(tstzrange(greatest(starts_at, first), least(ends_at, past)))) as busy
    from ${windowsOf('monitor')} and starts_at < past and ends_at > first
  ) windows`

/** SQL: the seconds outside of maintenance in a state. */
const inState = (state: HeartbeatSpan['state']) =>
  `coalesce(sum(${seconds('past')} - ${seconds('first')} - busy_s) filter (where span.state = '${state}'), 0)`

/** The hourly sums of heartbeats in the table `probe_hour`. A heartbeat has no checks, only seconds. */
export const heartbeatHoursIn = (db: Postgres) => ({
  /**
   * Adds the seconds of these spans to the sums. The caller stores in the same transaction up to when it has counted,
   * so that no time counts twice.
   */
  add: async (spans: readonly HeartbeatSpan[]): Promise<void> => {
    if (spans.length === 0) return
    await db.query(
      `insert into probe_hour as kept (monitor_id, hour, ok_s, failed_s, missed_s, maintenance_s)
       select monitor.id, hour, ${inState('up')}, ${inState('down')}, ${inState('unknown')}, sum(busy_s)
       from unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[]) as span (monitor_id, state, from_at, to_at)
       join monitor on monitor.id = span.monitor_id
       cross join generate_series(date_trunc('hour', from_at, 'UTC'), to_at, interval '1 hour') as hour
       cross join lateral (select greatest(from_at, hour) as first, least(to_at, hour + interval '1 hour') as past) edges
       cross join lateral (${inMaintenance}) maintenance
       where first < past
       group by monitor.id, hour order by monitor.id, hour
       on conflict (monitor_id, hour) do update set ${addedSeconds('ok')}, ${addedSeconds('failed')},
         ${addedSeconds('missed')}, ${addedSeconds('maintenance')}`,
      [
        spans.map(({ monitorId }) => monitorId),
        spans.map(({ state }) => state),
        spans.map(({ from }) => from),
        spans.map(({ to }) => to),
      ],
    )
  },
})
