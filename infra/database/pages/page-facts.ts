import type { Postgres } from '../connect.ts'
import { firstHourWithoutImpacts, impactSums } from './impact-hours.ts'
import { logoOfPage } from './logos.ts'
import type { ReadComponent, ReadPage } from './page-reading.ts'
import { type ImpactRow, impactRows } from './page-sums.ts'
import { postUntil } from './posts.ts'

/** What a page shows besides its history: sums of checks, their lateness, and impacts in hours that are over. */
export interface PageFacts extends Omit<ReadPage, 'components' | 'sums'> {
  components: Omit<ReadComponent, 'sums' | 'lateness' | 'impacts' | 'impact'>[]
  /** What posts change in the hours that have no sums of impacts yet. */
  recentImpacts: ImpactRow[]
}

const epoch = (column: string) => `extract(epoch from ${column})::bigint`

/** At most this many outages, windows and posts are read for one page: the newest. */
const mostOutages = 100
const mostWindows = 50
const mostPosts = 100

/** Nothing that ended earlier is read: the longest period that a visitor can choose, and a day for its time zone. */
const longestDays = 366

/**
 * SQL: one row with the facts of the page `$1` at the time `$2`, as JSON, and until when they hold without a change.
 * Changes of each table that is read here must mark the page in `page_change`, as migrations/0030_page_snapshots.sql
 * does it.
 */
export const factsSql = `
  with page as (
    select status_page.*, chat.zone, $2::timestamptz - interval '${longestDays} days' as oldest
    from status_page join chat on chat.id = chat_id where status_page.id = $1
  ), component as (
    select monitor.*, coalesce(shown.name, monitor.name) as shown_name,
      coalesce(shown.group_name, monitor.group_name) as shown_group,
      row_number() over (order by position, monitor.id) as place
    from page join status_page_component shown on shown.page_id = page.id join monitor on monitor.id = shown.monitor_id
  ), active as materialized (
    select plan.monitor_id, plan.group_name from page join maintenance plan on plan.chat_id = page.chat_id
    join maintenance_window on maintenance_id = plan.id and starts_at <= $2 and ends_at > $2
  ), fact as (
    select id, slug, title, language, access, secret, domain, zone, ${logoOfPage} as logo,
      coalesce((
        select json_agg(json_build_object('id', component.id, 'name', shown_name, 'group', shown_group, 'kind', kind,
          'intervalS', interval_s, 'state', state, 'isPaused', paused_at is not null, 'isSlow', slow_since is not null,
          'inMaintenance', exists (
            select from active where (active.monitor_id is null or active.monitor_id = component.id)
              and (active.group_name is null or active.group_name = component.group_name)),
          'stateSince', ${epoch('state_since')}, 'judgedAt', ${epoch('judged_at')},
          'certificateExpiresAt', ${epoch('certificate_expires_at')}) order by place)
        from component
      ), '[]') as components,
      coalesce((
        select json_agg(json_build_object('id', outage.id, 'monitorId', outage.monitor_id, 'openedAt', ${epoch('opened_at')},
          'closedAt', ${epoch('closed_at')}) order by opened_at desc, outage.id desc)
        from (
          select incident.* from component join incident on monitor_id = component.id
          where closed_at is null or closed_at > page.oldest order by opened_at desc, incident.id desc limit ${mostOutages}
        ) outage
      ), '[]') as outages,
      coalesce((
        select json_agg(json_build_object('id', planned.id, 'title', title, 'monitorId', monitor_id,
          'group', (select string_agg(distinct shown_group, ', ') from component where component.group_name = planned.group_name),
          'startsAt', ${epoch('starts_at')}, 'endsAt', ${epoch('ends_at')}, 'plannedAt', ${epoch('created_at')}, 'repetition',
          case when cron is not null then json_build_object('planId', plan_id, 'cron', cron, 'zone', zone, 'durationS', duration_s) end)
          order by starts_at, planned.id)
        from (
          select maintenance_window.id, plan.id as plan_id, plan.title, plan.monitor_id, plan.group_name, starts_at, ends_at,
            plan.created_at, plan.cron, plan.zone, plan.duration_s
          from maintenance_window join maintenance plan on plan.id = maintenance_id
          where plan.chat_id = page.chat_id and ends_at > page.oldest and exists (
            select from component where (plan.monitor_id is null or plan.monitor_id = component.id)
              and (plan.group_name is null or plan.group_name = component.group_name))
          order by starts_at desc limit ${mostWindows}
        ) planned
      ), '[]') as windows,
      coalesce((
        select json_agg(json_build_object('id', newest.id, 'threadId', coalesce(thread_id, newest.id), 'incidentId', incident_id,
          'status', status, 'text', text, 'impacts', impacts, 'at', ${epoch('at')}, 'until', ${epoch('until')})
          order by newest.id desc)
        from (
          select *, ${postUntil} as until from page_post where page_id = page.id and at > page.oldest
          order by page_post.id desc limit ${mostPosts}
        ) newest
      ), '[]') as posts,
      (select ${impactRows} from (${impactSums(firstHourWithoutImpacts('$2'), '$2::timestamptz', 'page_post.page_id = page.id')}
      ) impact) as "recentImpacts"
    from page
  )
  select page.id as page_id, row_to_json(fact) as facts, least(
    (date_trunc('day', $2::timestamptz at time zone page.zone) + interval '1 day') at time zone page.zone,
    (select min(edge) from maintenance plan join maintenance_window on maintenance_id = plan.id
      cross join unnest(array[starts_at, ends_at]) edge where plan.chat_id = page.chat_id and edge > $2)
  ) as valid_until
  from page join fact on true`

/** The facts of a page at this time, from the tables; null if there is no such page. */
export const factsOf = async (db: Postgres, pageId: number, now: Date): Promise<PageFacts | null> =>
  (await db.query<{ facts: PageFacts }>(`select facts from (${factsSql}) read`, [pageId, now])).rows[0]?.facts ?? null
