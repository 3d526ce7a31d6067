import type { Chats } from '#database/chats.ts'
import type { Follows } from '#database/follows.ts'
import type { Cause, VigiaEvent } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import type { EpisodeBrief } from '#events/show.ts'
import type { Clock } from '../clock.ts'
import { asError } from '../errors.ts'
import { skippedEvent } from '../skipped.ts'
import { instantOf } from '../when.ts'
import type { News, NewsOf } from './news.ts'
import { type Reader, wording } from './wording.ts'

interface Outside {
  follows: Pick<Follows, 'followersOf' | 'followersOfAny'>
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
  return (await readersOf(cause.subject ?? '', news, outside)).flatMap(({ reader, told }) => {
    try {
      return MessageRequested.from(cause, {
        key: String(reader.id),
        subject: `chat/${reader.id}`,
        data: { chatId: reader.id, ...wording(told, reader, now) },
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

/** Who hears it, and which part of it: of a list of shows a chat hears of its own. */
const readersOf = async (
  subject: string,
  news: News,
  { follows, chats }: Outside,
): Promise<{ reader: Reader; told: News }[]> => {
  switch (news.of) {
    case 'episode.due': {
      const { zone, followedBefore } = news.data
      const before = new Date(followedBefore)
      const readers = await follows.followersOf(subject, zone === undefined ? { before } : { before, zone })
      return readers.map(reader => ({ reader, told: news }))
    }
    case 'episode.missed':
      return missedBy(news.data, follows)
    case 'monitor.down':
    case 'monitor.up': {
      // People know that it is flapping; what it does meanwhile is told when it is steady.
      if (news.data.flapping && !news.data.flapping.began) return []
      return (await follows.followersOf(subject)).map(reader => ({ reader, told: news }))
    }
    case 'series.changed':
    case 'monitor.steady':
      return (await follows.followersOf(subject)).map(reader => ({ reader, told: news }))
    case 'probe.finished': {
      const reader = await chats.find(news.data.chatId)
      return reader === null || reader.unreachableSince !== null ? [] : [{ reader, told: news }]
    }
    default:
      return news satisfies never
  }
}

const missedBy = async (data: NewsOf<'episode.missed'>, follows: Outside['follows']) => {
  const shows = new Map(data.shows.map(each => [`show/${each.show.id}`, each]))
  const follower = await follows.followersOfAny([...shows.keys()])
  return [...Map.groupBy(follower, ({ chat }) => chat.id).values()].flatMap(followed => {
    const reader = followed[0]!.chat
    const own = followed.flatMap(({ subject, followedAt }) => {
      const { show, episodes } = shows.get(subject)!
      const after = episodes.filter(episode => announcedAt(episode, reader.zone) > followedAt)
      return after.length === 0 ? [] : [{ show, episodes: after }]
    })
    return own.length === 0 ? [] : [{ reader, told: { of: 'episode.missed', data: { ...data, shows: own } } as const }]
  })
}

const announcedAt = ({ airstamp, airdate }: EpisodeBrief, zone: string): Date =>
  airstamp === null ? instantOf(airdate, '09:00', zone) : new Date(airstamp)
