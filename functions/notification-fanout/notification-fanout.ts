import type { Chats } from '#database/chats/chats.ts'
import type { Follower, Follows } from '#database/series/follows.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import type { EventEpisode } from '#events/show.ts'
import type { Clock } from '#functions/host/clock.ts'
import { asError } from '#functions/host/errors.ts'
import { skippedEvent } from '#functions/series/skipped-records.ts'
import { instantOf } from '#functions/wording/dates.ts'
import type { News, NewsOf } from './news.ts'
import { type Reader, wording } from './wording.ts'

interface Outside {
  follows: Pick<Follows, 'followersOf' | 'followersOfAny' | 'threadOf'>
  chats: Pick<Chats, 'find'>
  clock: Clock
}

/** One message.requested for each chat that should hear the news, in its own words. */
export const notificationFanout = async (
  cause: Cause & { subject?: string },
  news: News,
  outside: Outside,
): Promise<VigiaEvent[]> => {
  const now = outside.clock()
  return (await readersOf(cause.subject ?? '', news, outside)).flatMap(({ reader, told, threadId = null }) => {
    try {
      return MessageRequested.from(cause, {
        // Of one cause a chat hears once, but for a list, whose parts may belong to several topics.
        key: told.of === 'episode.missed' && threadId !== null ? `${reader.id}/${threadId}` : String(reader.id),
        subject: `chat/${reader.id}`,
        data: { chatId: reader.id, ...wording(told, reader, now), ...(threadId === null ? {} : { threadId }) },
      })
    } catch (error) {
      // One chat that cannot be told keeps the news from nobody else.
      return skippedEvent(
        cause,
        { store: 'chat', key: String(reader.id), reason: `${news.of}: ${asError(error).message}` },
        now,
      )
    }
  })
}

interface Told {
  reader: Reader
  told: News
  /** The topic of a forum where it is told. */
  threadId?: number | null
}

const toEach = (followers: Follower[], told: News): Told[] =>
  followers.map(follower => ({ reader: follower, told, threadId: follower.threadId }))

/** Who hears it, and which part of it: of a list of shows a chat hears of its own. */
const readersOf = async (subject: string, news: News, { follows, chats }: Outside): Promise<Told[]> => {
  switch (news.of) {
    case 'episode.due': {
      const { zone, followedBefore } = news.data
      const before = new Date(followedBefore)
      return toEach(await follows.followersOf(subject, zone === undefined ? { before } : { before, zone }), news)
    }
    case 'episode.missed':
      return missedBy(news.data, follows)
    case 'monitor.down':
    case 'monitor.up': {
      // People know that it is flapping; what it does meanwhile is told when it is steady.
      if (news.data.flapping && !news.data.flapping.began) return []
      return toEach(await follows.followersOf(subject), news)
    }
    case 'series.changed':
      return toEach(
        news.data.chats
          ? await chatsOf(news.data.chats, subject, { chats, follows })
          : await follows.followersOf(subject),
        news,
      )
    case 'monitor.steady':
      return toEach(await follows.followersOf(subject), news)
    case 'probe.finished': {
      const reader = await chats.find(news.data.chatId)
      if (reader === null || reader.unreachableSince !== null) return []
      const { threadId = await follows.threadOf(reader.id, `monitor/${news.data.monitorId}`) } = news.data
      return [{ reader, told: news, threadId }]
    }
    default:
      return news satisfies never
  }
}

/** The chats that the news names, each in the topic where it follows the subject. */
const chatsOf = async (
  ids: number[],
  subject: string,
  { chats, follows }: Omit<Outside, 'clock'>,
): Promise<Follower[]> => {
  const found: Follower[] = []
  for (const id of ids) {
    const chat = await chats.find(id)
    if (chat !== null && chat.unreachableSince === null)
      found.push({ ...chat, threadId: await follows.threadOf(id, subject) })
  }
  return found
}

const missedBy = async (data: NewsOf<'episode.missed'>, follows: Outside['follows']): Promise<Told[]> => {
  const shows = new Map(data.shows.map(each => [`show/${each.show.id}`, each]))
  const follower = await follows.followersOfAny([...shows.keys()])
  return [...Map.groupBy(follower, ({ chat }) => `${chat.id} ${chat.threadId}`).values()].flatMap(followed => {
    const reader = followed[0]!.chat
    const own = followed.flatMap(({ subject, followedAt }) => {
      const { show, episodes } = shows.get(subject)!
      const after = episodes.filter(episode => announcedAt(episode, reader.zone) > followedAt)
      return after.length === 0 ? [] : [{ show, episodes: after }]
    })
    return own.length === 0 ? [] : toEach([reader], { of: 'episode.missed', data: { ...data, shows: own } })
  })
}

const announcedAt = ({ airstamp, airdate }: EventEpisode, zone: string): Date =>
  airstamp === null ? instantOf(airdate, '09:00', zone) : new Date(airstamp)
