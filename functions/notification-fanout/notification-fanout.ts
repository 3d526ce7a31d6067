import type { Chats } from '#database/chats/chats.ts'
import type { Subscriber, Subscribers } from '#database/pages/subscribers.ts'
import { type Follower, type Follows, showIdOf } from '#database/series/follows.ts'
import type { NoticeSetting, NoticeSettings } from '#database/series/notice-settings.ts'
import type { WaitingNotice, WaitingNotices } from '#database/series/waiting-notices.ts'
import type { WebhookListeners } from '#database/webhooks/webhooks.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import type { EventEpisode } from '#events/show.ts'
import type { Clock } from '#functions/host/clock.ts'
import { asError } from '#functions/host/errors.ts'
import { type Fate, fateOfNews } from '#functions/notices/news.ts'
import { skippedEvent } from '#functions/series/skipped-records.ts'
import { instantOf } from '#functions/wording/dates.ts'
import type { NotifiableData, NotifiableEvent } from './notifiable-event.ts'
import type { Recipient } from './shared-wording.ts'
import { type PageEvent, subscriberWording } from './subscriber-wording.ts'
import { webhookEvents } from './webhook-events.ts'
import { wording } from './wording.ts'

interface Dependencies {
  subscribers: Pick<Subscribers, 'ofMonitor' | 'ofPost' | 'ofWindow'>
  webhooks: WebhookListeners
  follows: Pick<Follows, 'followersOf' | 'followersOfAny' | 'threadOf'>
  chats: Pick<Chats, 'find'>
  noticeSettings: Pick<NoticeSettings, 'ofChats'>
  waitingNotices: Pick<WaitingNotices, 'keep' | 'known'>
  clock: Clock
  /** The user name of the bot without @, if it is known. */
  botName?: string | null
}

/** Makes one message.requested for each chat that is notified of the event, in the chat's language and time zone. */
export const notificationFanout = async (
  cause: Cause & { subject?: string },
  event: NotifiableEvent,
  dependencies: Dependencies,
): Promise<VigiaEvent[]> => {
  const now = dependencies.clock()
  const found = await notificationsFor(cause.subject ?? '', event, dependencies)
  const notifications = isNews(event) ? await withoutHeld(cause, found, dependencies, now) : found
  const messages = notifications.flatMap(({ recipient, event, threadId = null }) => {
    try {
      return MessageRequested.from(cause, {
        key: messageKeyOf({ recipient, event, threadId }),
        subject: `chat/${recipient.id}`,
        data: {
          chatId: recipient.id,
          ...wording(event, recipient, now, dependencies.botName),
          ...(threadId === null ? {} : { threadId }),
        },
      })
    } catch (error) {
      // A chat with unusable data is reported and skipped, so that the other chats are still notified.
      return skippedEvent(
        cause,
        { store: 'chat', key: String(recipient.id), reason: `${event.name}: ${asError(error).message}` },
        now,
      )
    }
  })
  return [
    ...messages,
    ...(await messagesToSubscribers(cause, event, dependencies, now)),
    ...(await webhookEvents(cause, event, dependencies.webhooks, now)),
  ]
}

/**
 * One message per chat and cause. Only missed episodes may need several messages, because a group may follow the shows
 * in several topics.
 */
const messageKeyOf = ({ recipient: { id }, event, threadId = null }: Notification): string =>
  event.name === 'episode.missed' && threadId !== null ? `${id}/${threadId}` : String(id)

/** Whether the chats may want the event later, or not at all. The other events about series are made at their time. */
const isNews = ({ name, data }: NotifiableEvent): boolean =>
  name === 'series.changed' || (name === 'episode.missed' && data.why === 'late')

/** The fate of news for a chat. A chat with unusable data is reported when its text is made. */
const fateFor = (recipient: Recipient, event: NotifiableEvent, setting: NoticeSetting, now: Date): Fate => {
  const movedEpisode =
    event.name === 'series.changed' && event.data.change === 'moved' ? (event.data.episode ?? null) : null
  try {
    return fateOfNews(setting, recipient.zone, now, { movedEpisode, schedules: schedulesIn(event) })
  } catch {
    return 'tell'
  }
}

/** The schedules of the series that the news is about. */
const schedulesIn = ({ name, data }: NotifiableEvent): readonly string[] => {
  if (name === 'series.changed') return data.show.schedules ?? []
  return name === 'episode.missed' ? (data.shows[0]!.show.schedules ?? []) : []
}

/** The notifications to make now. Those that come in the quiet hours of their chat are stored for later. */
const withoutHeld = async (
  cause: Cause & { subject?: string },
  found: readonly Notification[],
  { noticeSettings, waitingNotices }: Dependencies,
  now: Date,
): Promise<Notification[]> => {
  const subject = cause.subject ?? ''
  const settings = await noticeSettings.ofChats(
    found.map(({ recipient }) => recipient.id),
    showIdOf(subject) ?? 0,
  )
  const keyOf = ({ recipient, threadId = null }: Notification) =>
    `${cause.id}/${recipient.id}${threadId === null ? '' : `/${threadId}`}`
  // If the event is delivered again after the quiet hours, its notice was told with what else was held.
  const held = await waitingNotices.known(found.map(keyOf))
  const told: Notification[] = []
  const waiting: WaitingNotice[] = []
  for (const notification of found.filter(each => !held.has(keyOf(each)))) {
    const { recipient, event, threadId = null } = notification
    const fate = fateFor(recipient, event, settings.get(recipient.id)!, now)
    if (fate === 'tell') told.push(notification)
    if (typeof fate === 'string') continue
    const { name, data } = event
    const messageKey = MessageRequested.idFrom(cause.id, messageKeyOf(notification))
    const which = { key: keyOf(notification), messageKey, chatId: recipient.id, threadId } as const
    waiting.push({ ...which, kind: 'news', dueAt: fate.wait, name, subject, data })
  }
  await waitingNotices.keep(waiting, now)
  return told
}

/** The messages to the subscribers of the status pages that the event concerns. */
const messagesToSubscribers = async (
  cause: Cause,
  event: NotifiableEvent,
  { subscribers }: Dependencies,
  now: Date,
): Promise<VigiaEvent[]> => {
  if (!isPageEvent(event)) return []
  const found = await subscribersTo(event, subscribers)
  return found.map(subscriber =>
    MessageRequested.from(cause, {
      key: String(subscriber.id),
      subject: `chat/${subscriber.id}`,
      data: {
        chatId: subscriber.id,
        ...subscriberWording(event, subscriber, now),
        ...(subscriber.threadId !== null && { threadId: subscriber.threadId }),
      },
    }),
  )
}

const pageEvents = ['monitor.down', 'monitor.up', 'monitor.steady', 'page.posted', 'maintenance.changed']
const isPageEvent = (event: NotifiableEvent): event is PageEvent => pageEvents.includes(event.name)

const subscribersTo = async (event: PageEvent, subscribers: Dependencies['subscribers']): Promise<Subscriber[]> => {
  switch (event.name) {
    case 'page.posted':
      return subscribers.ofPost(event.data.pageId, event.data.monitors ?? null)
    case 'maintenance.changed':
      return subscribers.ofWindow(event.data.windowId)
    default:
      // Reminders are for the people who repair the service.
      return 'reminder' in event.data && event.data.reminder !== undefined
        ? []
        : subscribers.ofMonitor(event.data.monitorId)
  }
}

interface Notification {
  recipient: Recipient
  /** The event, or the part of it that concerns the recipient. */
  event: NotifiableEvent
  /** The topic of a forum to send the message to. */
  threadId?: number | null
}

const notify = (followers: Follower[], event: NotifiableEvent): Notification[] =>
  followers.map(follower => ({ recipient: follower, event, threadId: follower.threadId }))

/**
 * Finds the chats to notify of the event, and the part of the event for each chat: of a list of shows, a chat gets only
 * the shows that it follows.
 */
const notificationsFor = async (
  subject: string,
  event: NotifiableEvent,
  { follows, chats }: Dependencies,
): Promise<Notification[]> => {
  switch (event.name) {
    case 'episode.due': {
      const { chats, zone, followedBefore } = event.data
      const which = {
        ...(chats === undefined ? {} : { chats }),
        ...(zone === undefined ? {} : { zone }),
        ...(followedBefore === undefined ? {} : { before: new Date(followedBefore) }),
      }
      return notify(await follows.followersOf(subject, which), event)
    }
    case 'episode.digest': {
      const recipient = await reachable(event.data.chatId, chats)
      return recipient === null ? [] : [{ recipient, event, threadId: event.data.threadId ?? null }]
    }
    case 'episode.missed':
      return missedEpisodes(event.data, follows)
    case 'monitor.degraded':
    case 'monitor.down':
    case 'monitor.up':
    case 'monitor.steady':
      return notify(await follows.followersOf(subject), event)
    case 'series.changed':
      return notify(
        event.data.chats
          ? await followersAmong(event.data.chats, subject, { chats, follows })
          : await follows.followersOf(subject),
        event,
      )
    case 'page.posted':
      return []
    case 'maintenance.changed': {
      const recipient = await reachable(event.data.chatId, chats)
      return recipient === null ? [] : [{ recipient, event, threadId: event.data.threadId ?? null }]
    }
    case 'probe.finished': {
      const recipient = await reachable(event.data.chatId, chats)
      if (recipient === null) return []
      const { threadId = await follows.threadOf(recipient.id, `monitor/${event.data.monitorId}`) } = event.data
      return [{ recipient, event, threadId }]
    }
    default:
      return event satisfies never
  }
}

/** The chat with this id, if it can be reached. */
const reachable = async (id: number, chats: Dependencies['chats']) => {
  const chat = await chats.find(id)
  return chat === null || chat.unreachableSince !== null ? null : chat
}

/** The chats with these ids that can be reached, each with the topic where it follows the subject. */
const followersAmong = async (
  ids: number[],
  subject: string,
  { chats, follows }: Pick<Dependencies, 'chats' | 'follows'>,
): Promise<Follower[]> => {
  const found: Follower[] = []
  for (const id of ids) {
    const chat = await reachable(id, chats)
    if (chat !== null) found.push({ ...chat, threadId: await follows.threadOf(id, subject) })
  }
  return found
}

/**
 * Finds the missed episodes for each chat and topic. An episode counts only if its announcement was due after the chat
 * began to follow the show.
 */
const missedEpisodes = async (
  data: NotifiableData<'episode.missed'>,
  follows: Dependencies['follows'],
): Promise<Notification[]> => {
  const shows = new Map(data.shows.map(item => [`show/${item.show.id}`, item]))
  const wanted = data.chats === undefined ? null : new Set(data.chats)
  const followers = (await follows.followersOfAny([...shows.keys()])).filter(({ chat }) => wanted?.has(chat.id) ?? true)
  return [...Map.groupBy(followers, ({ chat }) => `${chat.id} ${chat.threadId}`).values()].flatMap(followed => {
    const recipient = followed[0]!.chat
    const followedShows = followed.flatMap(({ subject, followedAt }) => {
      const { show, episodes } = shows.get(subject)!
      const sinceFollowed = episodes.filter(episode => announcedAt(episode, recipient.zone) > followedAt)
      return sinceFollowed.length === 0 ? [] : [{ show, episodes: sinceFollowed }]
    })
    return followedShows.length === 0
      ? []
      : notify([recipient], { name: 'episode.missed', data: { ...data, shows: followedShows } })
  })
}

const announcedAt = ({ airstamp, airdate }: EventEpisode, zone: string): Date =>
  airstamp === null ? instantOf(airdate, '09:00', zone) : new Date(airstamp)
