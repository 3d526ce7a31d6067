import type { Allowances } from '#database/chats/allowances.ts'
import type { ApiKeys } from '#database/chats/api-keys.ts'
import type { Chat, Chats } from '#database/chats/chats.ts'
import type { PersonalData } from '#database/chats/personal-data.ts'
import type { PageLogos } from '#database/pages/logos.ts'
import type { PageDoors } from '#database/pages/page-doors.ts'
import type { PostDrafts } from '#database/pages/post-drafts.ts'
import type { PagePosts } from '#database/pages/posts.ts'
import type { StatusPages } from '#database/pages/status-pages.ts'
import type { Subscribers } from '#database/pages/subscribers.ts'
import type { ReportSettings } from '#database/reports/report-settings.ts'
import type { Catalogue } from '#database/series/catalogue.ts'
import type { EpisodeCalendars } from '#database/series/episode-calendars.ts'
import type { Follows } from '#database/series/follows.ts'
import type { Imports } from '#database/series/imports.ts'
import type { NoticeSettings } from '#database/series/notice-settings.ts'
import type { Searches } from '#database/series/searches.ts'
import type { Seen } from '#database/series/seen.ts'
import type { SeriesNames } from '#database/series/series-names.ts'
import type { WaitingNotices } from '#database/series/waiting-notices.ts'
import type { Heartbeats } from '#database/uptime/heartbeats.ts'
import type { IncidentAnswers } from '#database/uptime/incident-answers.ts'
import type { MaintenanceTables } from '#database/uptime/maintenance.ts'
import type { MonitorChanges } from '#database/uptime/monitor-changes.ts'
import type { MonitorDrafts } from '#database/uptime/monitor-drafts.ts'
import type { MonitorHistory } from '#database/uptime/monitor-history.ts'
import type { Monitors } from '#database/uptime/monitors.ts'
import type { ProbeHours } from '#database/uptime/probe-hours.ts'
import type { RemovedMonitors } from '#database/uptime/removed-monitors.ts'
import type { Silences } from '#database/uptime/silences.ts'
import type { Uptime } from '#database/uptime/uptime.ts'
import type { Webhooks } from '#database/webhooks/webhooks.ts'
import type { Cause } from '#events/event.ts'
import type { Clock } from '#functions/host/clock.ts'
import { withTimeout } from '#functions/host/timeout.ts'
import type { Limits } from '#functions/monitors/limits.ts'
import type { Tvmaze } from '#functions/tvmaze/client.ts'
import type { BotMessages } from './messages/messages.ts'
import type { Origin } from './request.ts'

/** What the conversation reads, writes and calls. */
export interface Dependencies {
  chats: Chats
  follows: Follows
  searches: Searches
  personalData: PersonalData
  episodeCalendars: Pick<EpisodeCalendars, 'make' | 'revoke' | 'secretOf'>
  seen: Pick<Seen, 'mark' | 'of' | 'unmark'>
  seriesNames: Pick<SeriesNames, 'similarTo'>
  waitingNotices: Pick<WaitingNotices, 'keep' | 'known'>
  imports: Pick<
    Imports,
    'add' | 'apply' | 'choose' | 'counts' | 'find' | 'firstUnsure' | 'move' | 'toFetch' | 'undo' | 'unknownTitles'
  >
  noticeSettings: Pick<NoticeSettings, 'change' | 'forgetShow' | 'of' | 'setQuiet' | 'setSchedule' | 'showsWithChoices'>
  monitors: Monitors
  heartbeats: Pick<Heartbeats, 'ensure' | 'keyOf' | 'lastPings' | 'of'>
  monitorChanges: MonitorChanges
  monitorDrafts: MonitorDrafts
  monitorHistory: MonitorHistory
  maintenance: Pick<MaintenanceTables, 'addOnce' | 'addWindow' | 'beginNow' | 'endNow' | 'of' | 'remove'>
  statusPages: Pick<StatusPages, 'addWithin' | 'edit' | 'find' | 'of' | 'remove'>
  subscribers: Pick<Subscribers, 'componentName' | 'end' | 'of' | 'pageAt' | 'subscribe'>
  pageDoors: Pick<PageDoors, 'forMembers'>
  pageLogos: PageLogos
  pagePosts: PagePosts
  postDrafts: PostDrafts
  removedMonitors: RemovedMonitors
  silences: Silences
  allowances: Allowances
  apiKeys: Pick<ApiKeys, 'create' | 'of' | 'revoke'>
  webhooks: Webhooks
  reportSettings: Pick<ReportSettings, 'of' | 'set'>
  probeHours: Pick<ProbeHours, 'byHour'>
  uptime: Pick<Uptime, 'uptimeOf'>
  incidentAnswers: IncidentAnswers
  catalogue: Pick<Catalogue, 'show' | 'shows'>
  tvmaze: Pick<Tvmaze, 'search' | 'card'>
  /** Whether a monitor may watch this IP address. Private addresses are refused. */
  mayDial(address: string): Promise<boolean>
  /** An IP address of a host; null if the host has none or the name server does not answer soon. */
  addressOf(host: string): Promise<string | null>
  /** The address of the function `heartbeat` on the internet: `https://vigia.example.org/ping`; null if unknown. */
  pingUrl: string | null
  /** The address of the function `status-page`: `https://vigia.example.org/status`; null if unknown. */
  pagesUrl: string | null
  /** The address of the function `api` on the internet: `https://vigia.example.org/api/v1`; null if unknown. */
  apiUrl: string | null
  limits: Limits
  clock: Clock
  /** Logs a problem that did not stop the reply, such as an unavailable catalogue. */
  warn(message: string, error: unknown): void
}

/** What a request asks of Telegram before the reply. */
export interface AskTelegram {
  /** Whether the person administers a group; by default the group of the request. */
  administers(chatId?: number): Promise<boolean>
  /** Whether the person is a member of a chat now. */
  isMember(chatId: number): Promise<boolean>
  /** The bot's user name. */
  botName(): Promise<string>
  /** Deletes the person's message. False if Telegram does not permit it. */
  deleteMessage(): Promise<boolean>
  /** The bytes of a file that the person sent, at most `maxBytes` of them. */
  readFile(fileId: string, maxBytes: number): Promise<Buffer>
}

/** One request in its chat. */
export interface ChatContext {
  deps: Dependencies
  chat: Chat
  origin: Origin
  /** The bot's messages in the chat's language. */
  messages: BotMessages
  /** The cause of the events that the request leads to. */
  cause: Cause
  telegram: AskTelegram
  /**
   * Whether the person may change settings and monitors: in a private chat, as an administrator of the group, or as a
   * member of a group where everybody may.
   */
  mayChange(): Promise<boolean>
  /** Deletes the person's message. False if Telegram does not permit it. */
  deleteMessage(): Promise<boolean>
  /** The bytes of a file that the person sent, at most `maxBytes` of them. */
  readFile(fileId: string, maxBytes: number): Promise<Buffer>
}

/** The timeouts of services that a reply needs. They are short, because a person waits for the reply. */
export const replyTimeoutsMs = { tvmaze: 7_500, catalogue: 3_000 }

/**
 * The result of a query to the catalogue, or null if MongoDB is unavailable. The reply then leaves out the data of the
 * catalogue. It still has the chat's follows and monitors, because they are in PostgreSQL.
 */
export const queryCatalogue = async <T>(
  deps: Dependencies,
  query: (catalogue: Dependencies['catalogue']) => Promise<T>,
): Promise<{ found: T } | null> => {
  try {
    return { found: await withTimeout(replyTimeoutsMs.catalogue, 'the query to the catalogue', query(deps.catalogue)) }
  } catch (error) {
    deps.warn('the catalogue is unavailable; the reply does without it', error)
    return null
  }
}
