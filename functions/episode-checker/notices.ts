import type { Announcement, AnnouncementEvent } from '#database/series/announcements.ts'
import type { FollowToLook } from '#database/series/looks.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { EpisodeDigest } from '#events/episode-digest.ts'
import { EpisodeDue } from '#events/episode-due.ts'
import { EpisodeMissed } from '#events/episode-missed.ts'
import type { DataOf } from '#events/event.ts'
import type { SeriesChanged } from '#events/series-changed.ts'
import type { Due, Look } from '#functions/notices/look.ts'
import { isFinale } from '#functions/notices/wanted.ts'
import { announcementOf, episodeKey } from '#functions/series/episode-identity.ts'
import { toEventEpisode, toEventShow } from '#functions/series/event-show.ts'

/**
 * The highest numbers in one event, so that the broker accepts the size of the event. Further episodes count as
 * announced but are not listed.
 */
const maxEpisodesPerEvent = 500
const maxShowsPerEvent = 200
const maxChatsPerEvent = 500
const maxNewsPerEvent = 100

/** A follow, and what a look at it has found. */
export interface Found extends Pick<Look, 'due' | 'missed' | 'together'> {
  follow: FollowToLook
  show: Show
}

/** The news that the quiet hours of a chat held, for one of its topics. */
export interface News {
  chatId: number
  threadId: number | null
  changes: DataOf<typeof SeriesChanged>[]
}

/** Identifies a topic of a chat. */
export const topicKey = ({ chatId, threadId }: Pick<News, 'chatId' | 'threadId'>): string => `${chatId} ${threadId}`

/** An event that tells something to chats, and the announcements that it makes. */
export interface Notice {
  event: AnnouncementEvent
  announcements: Announcement[]
}

/** A span of time: what was due after `from`, up to and including `to`. */
interface Span {
  from: Date
  to: Date
}

/** The event ids that are in use already. */
type UsedIds = ReadonlySet<string>

/**
 * The notices about what the looks have found: one for each show and instant, with all chats that get it; one for each
 * chat that gets everything in one message; and one for all episodes that were missed. `news`: the news that the quiet
 * hours held, by topic.
 */
export const noticesFor = (
  found: readonly Found[],
  news: ReadonlyMap<string, News>,
  usedIds: UsedIds,
  missed: Span,
  now: Date,
): Notice[] => {
  const byTopic = Map.groupBy(found, ({ follow }) => topicKey(follow))
  const [single, digests]: [Found[], Notice[]] = [[], []]
  for (const topic of new Set([...byTopic.keys(), ...news.keys()])) {
    const ofTopic = byTopic.get(topic) ?? []
    const held = news.get(topic) ?? null
    const due = ofTopic.filter(each => each.due.length > 0)
    const wasQuiet = held !== null || due.some(({ together }) => together === 'quiet')
    // After quiet hours everything comes in one message, also what is due just then.
    const quiet = wasQuiet ? due.filter(({ together }) => together === 'quiet' || together === null) : []
    const isOneSlot = held === null && quiet.length === 1 && slotsOf(quiet[0]!.due).length === 1
    if (wasQuiet && !isOneSlot) digests.push(...digestsOf(quiet, 'quiet', now, held))
    for (const why of ['daily', 'weekly'] as const)
      digests.push(
        ...digestsOf(
          due.filter(({ together }) => together === why),
          why,
          now,
        ),
      )
    if (!wasQuiet || isOneSlot) single.push(...due.filter(({ together }) => together === null || together === 'quiet'))
  }
  return [...missedNotices(found, missed), ...dueNotices(single, usedIds), ...digests]
}

/** Episodes that come out together. `slot` is the instant, or the date if the hour is not known. */
interface Slot {
  slot: string
  at: Date
  episodes: Episode[]
}

const slotsOf = (due: readonly Due[]): Slot[] =>
  [...Map.groupBy(due, ({ episode: { airstamp, airdate } }) => airstamp ?? airdate)].map(([slot, ofSlot]) => ({
    slot,
    at: ofSlot[0]!.at,
    episodes: ofSlot.map(({ episode }) => episode).sort(byNumber),
  }))

const byNumber = (one: Episode, other: Episode) =>
  one.season - other.season || (one.number ?? Infinity) - (other.number ?? Infinity) || one.id - other.id

const inParts = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size))

const recordsOf = (show: Show, episodes: readonly Episode[], chatId: number, eventId: string): Announcement[] =>
  episodes.map(episode => announcementOf(show, episode, chatId, eventId))

const dueNotices = (found: readonly Found[], usedIds: UsedIds): Notice[] => {
  const slots = found
    .flatMap(({ show, due, follow: { chatId } }) => slotsOf(due).map(each => ({ ...each, show, chatId })))
    .sort((one, other) => one.at.getTime() - other.at.getTime())
  const groups = Map.groupBy(
    slots,
    ({ show, slot, episodes }) => `${show._id} ${slot} ${episodes.map(({ id }) => id).join(',')}`,
  )
  return [...groups.values()].flatMap(group => {
    const { show, slot, episodes } = group[0]!
    return inParts(
      group.map(({ chatId }) => chatId),
      maxChatsPerEvent,
    ).map((chats): Notice => {
      const data: DataOf<typeof EpisodeDue> = {
        show: toEventShow(show),
        episodes: episodes.slice(0, maxEpisodesPerEvent).map(toEventEpisode),
        ...finaleIn(show, episodes),
        chats,
      }
      // A slot that is found twice makes one event. Episodes that join a slot after its announcement get another one.
      const slotId = `show/${show._id}@${slot}/${chats[0]}`
      const id = usedIds.has(slotId) ? `${slotId}/${episodeKey(episodes[0]!)}` : slotId
      return {
        event: { id, type: EpisodeDue.name, subject: `show/${show._id}`, data },
        announcements: chats.flatMap(chatId => recordsOf(show, episodes, chatId, id)),
      }
    })
  })
}

/** The season that ends with one of the episodes, and the number of its episodes. */
const finaleIn = (show: Show, episodes: readonly Episode[]): Pick<DataOf<typeof EpisodeDue>, 'finale'> => {
  const last = episodes.find(episode => isFinale(show, episode))
  return last === undefined ? {} : { finale: { season: last.season, episodes: last.number! } }
}

/** The message with everything that is due in one topic of a chat, and with the news that the quiet hours held. */
const digestsOf = (
  found: readonly Found[],
  why: DataOf<typeof EpisodeDigest>['why'],
  now: Date,
  held: News | null = null,
): Notice[] => {
  const slots = found
    .flatMap(({ show, due }) => slotsOf(due).map(each => ({ ...each, show })))
    .sort((one, other) => one.at.getTime() - other.at.getTime())
  const parts = inParts(slots, maxShowsPerEvent)
  if (parts.length === 0 && held !== null) parts.push([])
  return parts.map((part, at): Notice => {
    const { chatId, threadId } = held ?? found[0]!.follow
    const data: DataOf<typeof EpisodeDigest> = {
      chatId,
      ...(threadId === null ? {} : { threadId }),
      why,
      shows: part.map(({ show, episodes }) => ({
        show: toEventShow(show),
        episodes: episodes.slice(0, maxEpisodesPerEvent).map(toEventEpisode),
      })),
      ...(held === null || at > 0 ? {} : { news: held.changes.slice(0, maxNewsPerEvent) }),
    }
    const topic = threadId === null ? '' : `/topic-${threadId}`
    const id = `chat/${chatId}${topic}/${why}@${now.toISOString()}/${at}`
    return {
      event: { id, type: EpisodeDigest.name, subject: `chat/${chatId}`, data },
      announcements: part.flatMap(({ show, episodes }) => recordsOf(show, episodes, chatId, id)),
    }
  })
}

/** One message for each chat about all episodes that it missed. Chats that missed the same episodes share an event. */
const missedNotices = (found: readonly Found[], { from, to }: Span): Notice[] => {
  const missed = found.filter(each => each.missed.length > 0)
  const byChat = [...Map.groupBy(missed, ({ follow }) => follow.chatId).values()]
  const keyOf = (ofChat: Found[]) =>
    ofChat
      .map(each => `${each.show._id}:${each.missed.map(({ id }) => id).join(',')}`)
      .sort()
      .join(' ')
  return [...Map.groupBy(byChat, keyOf).values()].flatMap(alike =>
    inParts(alike, maxChatsPerEvent).flatMap(chats =>
      inParts(chats[0]!, maxShowsPerEvent).map((shows, at): Notice => {
        const chatIds = chats.map(([first]) => first!.follow.chatId)
        const data: DataOf<typeof EpisodeMissed> = {
          chats: chatIds,
          from: from.toISOString(),
          to: to.toISOString(),
          shows: shows.map(each => ({
            show: toEventShow(each.show),
            episodes: each.missed.slice(0, maxEpisodesPerEvent).map(toEventEpisode),
          })),
        }
        const id = `episodes@${from.toISOString()}/${chatIds[0]}${at === 0 ? '' : `/${at}`}`
        return {
          event: { id, type: EpisodeMissed.name, subject: 'episodes', data },
          announcements: chatIds.flatMap(chatId =>
            shows.flatMap(each => recordsOf(each.show, each.missed, chatId, id)),
          ),
        }
      }),
    ),
  )
}
