import type { Language } from '../chats/language.ts'
import type { Postgres } from '../connect.ts'
import type { MonitorKind, MonitorState } from '../uptime/monitors.ts'
import { hasStarted, latenessS } from '../uptime/packed-result.ts'
import { slotSums } from '../uptime/slot-sums.ts'
import { firstWithoutSums } from '../uptime/uptime.ts'
import { firstHourWithoutImpacts, impactSums } from './impact-hours.ts'
import { type Impact, type Impacts, worst } from './impacts.ts'
import { logoOfPage, type PageLogo } from './logos.ts'
import { type PostStatus, postUntil } from './posts.ts'
import type { PageAccess } from './status-pages.ts'

/**
 * Which page a visitor asks for: a public one by its slug, or one by its secret address. By its id, any page; then the
 * caller has checked that the visitor may see it.
 */
export type PageAddress = { slug: string } | { secret: string } | { id: number }

/** The unit of the sums. A day is one of the page's zone; days of UTC are read faster over a long time. */
export type SumUnit = 'hour' | 'day' | 'utc day'

/** The sums of one monitor and one hour or day. The times are the intervals of its slots, in seconds. */
export interface PageSums {
  /** The beginning of the hour or day: seconds since 1970. */
  at: number
  upS: number
  downS: number
  /** Slots that were not checked because of a failure on our side. */
  unknownS: number
  maintenanceS: number
  /** The good checks, and the sum of their total times in milliseconds. */
  ok: number
  totalMs: number
}

/** The good seconds of an hour while posts called the service affected. `at` is the hour, in seconds since 1970. */
export interface ImpactSums {
  at: number
  degradedS: number
  partialS: number
  downS: number
}

/** A monitor of a page as its visitors may know it: without its URL, its settings and the reasons of its failures. */
export interface ReadComponent {
  id: number
  name: string
  group: string | null
  kind: MonitorKind
  intervalS: number
  state: MonitorState
  isPaused: boolean
  isSlow: boolean
  inMaintenance: boolean
  /** Seconds since 1970. */
  stateSince: number | null
  judgedAt: number | null
  certificateExpiresAt: number | null
  /**
   * By how much half of the checks of the last 24 hours, and 99 % of them, began late at most. null without checks, and
   * for a component whose history was not asked for alone.
   */
  lateness: { halfMs: number; mostMs: number } | null
  /** The sums that were asked for, the oldest first. Empty for a component whose history was not asked for. */
  sums: PageSums[]
  /** What the posts change in these sums. */
  impacts: ImpactSums[]
  /** How much the posts say that it is affected now. */
  impact: Impact
}

/** A time of an outage. Times are seconds since 1970. */
export interface ReadOutage {
  id: number
  monitorId: number
  openedAt: number
  closedAt: number | null
}

/**
 * A window of maintenance. With neither a monitor nor a group it concerns all monitors. The group has the name that the
 * page gives it.
 */
export interface ReadWindow {
  id: number
  title: string
  monitorId: number | null
  group: string | null
  startsAt: number
  endsAt: number
}

/** A text that people told the visitors. Times are seconds since 1970. */
export interface ReadPost {
  id: number
  /** The first post about the same matter. */
  threadId: number
  /** The outage that the matter is about; null if people began it. */
  incidentId: number | null
  status: PostStatus
  text: string
  impacts: Impacts
  at: number
  /** Until when it holds: until the next post of the matter or the end of the outage. Null while it holds. */
  until: number | null
}

/** Everything that a page shows, as one query reads it. */
export interface ReadPage {
  id: number
  slug: string
  title: string
  language: Language
  access: PageAccess
  /** The secret part of the address of a page with the access `link`. */
  secret: string
  /** The host at whose root the page is shown. */
  domain: string | null
  logo: PageLogo | null
  /** The zone of the page's days. */
  zone: string
  components: ReadComponent[]
  outages: ReadOutage[]
  windows: ReadWindow[]
  /** The newest first. */
  posts: ReadPost[]
}

export interface PageQuery {
  address: PageAddress
  /** The sums since then, in this unit. */
  since: Date
  unit: SumUnit
  now: Date
  /** Only these components have sums: one monitor, or those from `first` on, at most `count`. */
  history: { monitorId: number } | { first: number; count: number }
  /** Outages that went on after this time are read. */
  outagesSince: Date
}

const epoch = (column: string) => `extract(epoch from ${column})::bigint`

/** At most this many outages, and this many windows, are read for one page. */
const mostOutages = 100
const mostWindows = 50
const mostPosts = 100

/** SQL: sums of slots as JSON, from rows with the columns of `probe_day`. */
const sumsOf = (rows: string) => `
  select json_agg(json_build_object('at', ${epoch('part.at')}, 'upS', ok_s, 'downS', failed_s, 'unknownS', missed_s,
    'maintenanceS', maintenance_s, 'ok', ok, 'totalMs', round(total_ms)) order by part.at) from (${rows}) part`

/** SQL: the sums of the hours of the row `component` as the uptime in the chat counts them. `at` begins its part. */
const ofHours = (at: string, condition: string) => `
  select ${at} as at, ${slotSums.map(({ column, ofHour, sum }) => `${sum}(${ofHour}) as ${column}`).join(', ')}
  from probe_hour join monitor on monitor.id = monitor_id
  where monitor_id = component.id and hour >= $4::timestamptz and hour <= $5 ${condition} group by 1`

/** SQL: the sums of the row `component` in the unit of the query. Days in UTC come from their own sums. */
const sums = `case $3 when 'utc day' then (${sumsOf(`
    select day::timestamp at time zone 'UTC' as at, ${slotSums.map(({ column }) => column).join(', ')} from probe_day
    where monitor_id = component.id and day >= ($4::timestamptz at time zone 'UTC')::date and day < (${firstWithoutSums} at time zone 'UTC')::date
    union all ${ofHours(`date_trunc('day', hour, 'UTC')`, `and hour >= ${firstWithoutSums}`)}`)})
  when 'day' then (${sumsOf(ofHours(`date_trunc('day', hour, component.zone)`, ''))})
  else (${sumsOf(ofHours('hour', ''))}) end`

/** SQL: how late the checks of the row `component` began. */
const lateness = `
  select json_build_object('halfMs', round(percentile_disc(0.5) within group (order by late.ms)),
    'mostMs', round(percentile_disc(0.99) within group (order by late.ms)))
  from (
    select 1000 * ${latenessS} as ms from probe_slot
    where monitor_id = component.id and due_at > $5::timestamptz - interval '1 day' and due_at <= $5 and ${hasStarted}
  ) late having count(*) > 0`

/** SQL: what the posts of the row `page` change in the sums of the row `component`. */
const impacts = `
  select json_agg(json_build_object('at', ${epoch('part.hour')}, 'degradedS', degraded_s, 'partialS', partial_s, 'downS', down_s)
    order by part.hour)
  from (
    select hour, degraded_s, partial_s, down_s from page_impact_hour
    where page_id = page.id and monitor_id = component.id and hour >= $4::timestamptz
      and hour < ${firstHourWithoutImpacts('$5')}
    union all
    select hour, degraded_s, partial_s, down_s from (
      ${impactSums(firstHourWithoutImpacts('$5'), '$5::timestamptz', 'page_post.page_id = page.id and impacts ? component.id::text', 'monitor.id = component.id')}
    ) recent
  ) part`

/** The page at an address with the history of its monitors, in one query; null if there is no such page. */
export const readPage = async (db: Postgres, query: PageQuery): Promise<ReadPage | null> => {
  const { address, history, now } = query
  const { rows } = await db.query<ReadPage>(
    `with page as (
       select status_page.*, chat.zone from status_page join chat on chat.id = chat_id
       where case when $10::bigint is not null then status_page.id = $10
         when $1::text is null then secret = $2 and access = 'link' else slug = $1 and access = 'public' end
     ), component as (
       select monitor.*, page.zone, coalesce(shown.name, monitor.name) as shown_name,
         coalesce(shown.group_name, monitor.group_name) as shown_group,
         row_number() over (order by position, monitor.id) as place
       from page join status_page_component shown on shown.page_id = page.id join monitor on monitor.id = shown.monitor_id
     ), active as materialized (
       select plan.monitor_id, plan.group_name from page join maintenance plan on plan.chat_id = page.chat_id
       join maintenance_window on maintenance_id = plan.id and starts_at <= $5 and ends_at > $5
     )
     select id, slug, title, language, access, secret, domain, zone, ${logoOfPage} as logo,
       coalesce((
         select json_agg(json_build_object('id', component.id, 'name', shown_name, 'group', shown_group, 'kind', kind,
           'intervalS', interval_s, 'state', state, 'isPaused', paused_at is not null, 'isSlow', slow_since is not null,
           'inMaintenance', exists (
             select from active where (active.monitor_id is null or active.monitor_id = component.id)
               and (active.group_name is null or active.group_name = component.group_name)),
           'stateSince', ${epoch('state_since')}, 'judgedAt', ${epoch('judged_at')},
           'certificateExpiresAt', ${epoch('certificate_expires_at')},
           'lateness', case when component.id = $6 then (${lateness}) end,
           'impact', 'none', 'impacts', coalesce(case when component.id = $6 or place > $7 and place <= $8 then (${impacts}) end, '[]'),
           'sums', coalesce(case when component.id = $6 or place > $7 and place <= $8 then ${sums} end, '[]')) order by place)
         from component
       ), '[]') as components,
       coalesce((
         select json_agg(json_build_object('id', outage.id, 'monitorId', outage.monitor_id, 'openedAt', ${epoch('opened_at')},
           'closedAt', ${epoch('closed_at')}) order by opened_at desc, outage.id desc)
         from (
           select incident.* from component join incident on monitor_id = component.id
           where closed_at is null or closed_at > $9 order by opened_at desc, incident.id desc limit ${mostOutages}
         ) outage
       ), '[]') as outages,
       coalesce((
         select json_agg(json_build_object('id', planned.id, 'title', title, 'monitorId', monitor_id,
           'group', (select string_agg(distinct shown_group, ', ') from component where component.group_name = planned.group_name),
           'startsAt', ${epoch('starts_at')}, 'endsAt', ${epoch('ends_at')}) order by starts_at, planned.id)
         from (
           select maintenance_window.id, plan.title, plan.monitor_id, plan.group_name, starts_at, ends_at
           from maintenance_window join maintenance plan on plan.id = maintenance_id
           where plan.chat_id = page.chat_id and ends_at > $9 and exists (
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
           select *, ${postUntil} as until from page_post where page_id = page.id and at > $9
           order by page_post.id desc limit ${mostPosts}
         ) newest
       ), '[]') as posts
     from page`,
    [
      'slug' in address ? address.slug : null,
      'secret' in address ? address.secret : null,
      query.unit,
      query.since,
      now,
      'monitorId' in history ? history.monitorId : null,
      'first' in history ? history.first : null,
      'first' in history ? history.first + history.count : null,
      query.outagesSince,
      'id' in address ? address.id : null,
    ],
  )
  const page = rows[0]
  return page === undefined ? null : { ...page, components: withImpacts(page) }
}

/** The components with the greatest impact that the posts which hold now say of each. */
const withImpacts = ({ components, posts }: ReadPage): ReadComponent[] => {
  const affected = new Map<string, Impact>()
  for (const { until, impacts: said } of posts)
    if (until === null)
      for (const [id, impact] of Object.entries(said)) affected.set(id, worst(affected.get(id), impact))
  return affected.size === 0
    ? components
    : components.map(component => ({ ...component, impact: affected.get(String(component.id)) ?? 'none' }))
}
