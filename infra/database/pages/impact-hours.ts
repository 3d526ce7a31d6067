import type { Postgres } from '../connect.ts'
import { cursorsIn } from '../operations/cursors.ts'
import { isOk } from '../uptime/packed-result.ts'
import { impactLevels } from './impacts.ts'
import { postUntil } from './posts.ts'

const hourMs = 3_600_000
/** The cursor of the sums: the first hour that has none yet. */
export const impactHoursJob = 'impact-hours'
/** Nearly all results that come late are of these hours. */
const recentHours = 6
/** The single results are kept for 14 days. */
const keptHours = 13 * 24
/** How many hours one statement sums up. */
const hoursAtOnce = 48

/** SQL: the number of a level of impact. */
const rank = `case level ${impactLevels.map((level, at) => `when '${level}' then ${at}`).join(' ')} end`
const columns = ['degraded_s', 'partial_s', 'down_s'] as const
const sums = columns.map(
  (column, at) => `coalesce(sum(seconds) filter (where level = ${at + 1}), 0)::integer as ${column}`,
)

/**
 * SQL: for each service and hour in [from, to), the seconds of its good checks while posts of the page called it
 * affected. If several matters do so at once, the greatest impact counts. A heartbeat has no checks, so that its good
 * time of an hour is taken as spread evenly. `posts` is a condition on the row `page_post`, `monitors` one on the row
 * `monitor`.
 */
export const impactSums = (from: string, to: string, posts: string, monitors = 'true'): string => `
  with said as materialized (
    select page_id, monitor.id as monitor_id, monitor.kind, ${rank} as level, greatest(post.at, ${from}) as since,
      least(post.until, ${to}) as until
    from (select page_post.*, ${postUntil} as until from page_post where impacts <> '{}' and ${posts}) post
    cross join jsonb_each_text(impacts) as affected (id, level)
    join monitor on monitor.id = affected.id::bigint and ${monitors}
    where post.at < ${to} and (post.until is null or post.until > greatest(post.at, ${from}))
  ), good as (
    select page_id, said.monitor_id, due_at as at, weight_s::float8 as seconds, max(level) as level
    from said join probe_slot on probe_slot.monitor_id = said.monitor_id
      and due_at >= since and due_at < until and due_at >= ${from} and due_at < ${to}
    where ${isOk} and weight_s > 0
    group by 1, 2, 3, 4
    union all
    select page_id, said.monitor_id, hour, coalesce(ok_s, 0)
      * extract(epoch from least(until, hour + interval '1 hour') - greatest(since, hour)) / 3600, level
    from said join probe_hour on probe_hour.monitor_id = said.monitor_id
      and hour > since - interval '1 hour' and hour < until
    where kind = 'heartbeat'
  )
  select page_id, monitor_id, date_trunc('hour', at, 'UTC') as hour, ${sums.join(', ')} from good group by 1, 2, 3`

/** SQL: the first hour without sums. Single results before it are not needed. */
export const firstHourWithoutImpacts = (now: string): string =>
  `greatest(${now}::timestamptz - interval '${keptHours} hours',
    coalesce((select reached from cursor where job = '${impactHoursJob}'), '-infinity'))`

/** The table `page_impact_hour`. */
export const impactHoursIn = (db: Postgres) => ({
  /**
   * Sums up the hours that are over. Each sum replaces an earlier one, so that an hour may be summed up any number of
   * times; every run does it for the last hours again, because results may come late.
   */
  sumUp: async (now: Date): Promise<void> => {
    const end = Math.floor(now.getTime() / hourMs) * hourMs
    const cursors = cursorsIn(db)
    await cursors.correct(impactHoursJob, new Date(end))
    const reached = (await cursors.reached(impactHoursJob))?.reached.getTime() ?? 0
    let from = Math.max(end - keptHours * hourMs, Math.min(reached, end - recentHours * hourMs))
    while (from < end) {
      const to = Math.min(end, from + hoursAtOnce * hourMs)
      await db.query(
        `insert into page_impact_hour (page_id, monitor_id, hour, ${columns.join(', ')})
         ${impactSums('$1::timestamptz', '$2::timestamptz', 'true')} order by 1, 2, 3
         on conflict (page_id, monitor_id, hour) do update set ${columns.map(column => `${column} = excluded.${column}`).join(', ')}`,
        [new Date(from), new Date(to)],
      )
      from = to
      await cursors.advance(impactHoursJob, new Date(to))
    }
  },
})
