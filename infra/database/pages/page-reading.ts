import type { Language } from '../chats/language.ts'
import type { MonitorKind, MonitorState } from '../uptime/monitors.ts'
import type { Impact, Impacts } from './impacts.ts'
import type { PageLogo } from './logos.ts'
import type { PostStatus } from './posts.ts'
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
  /** When it was planned. */
  plannedAt: number
  /** The schedule to which it belongs; null if it happens once. */
  repetition: { planId: number; cron: string; zone: string; durationS: number } | null
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

/** Everything that a page shows. */
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
  /** The sums of all components together, if they were asked for: of hours and of days in UTC. Else empty. */
  sums: PageSums[]
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
  /**
   * Only these components have sums: one monitor, or those from `first` on, at most `count`. `together`: none, but the
   * page has their sums.
   */
  history: { monitorId: number } | { first: number; count: number } | 'together'
  /** Outages that went on after this time are read. */
  outagesSince: Date
}
