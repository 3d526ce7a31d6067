import type { AnnouncementEvent } from '#database/series/announcements.ts'
import type { NoticeSettings } from '#database/series/notice-settings.ts'
import type { WaitingNotice, WaitingNotices } from '#database/series/waiting-notices.ts'
import type { DataOf } from '#events/event.ts'
import { SeriesChanged } from '#events/series-changed.ts'
import { fateOfNews } from '#functions/notices/news.ts'
import { type News, topicKey } from './notices.ts'

/** The largest number of waiting notices that one batch handles. */
const maxNotices = 2_000

interface Dependencies {
  waitingNotices: WaitingNotices
  noticeSettings: Pick<NoticeSettings, 'of'>
}

/** What has waited long enough: news by topic, and events that are published as they are. */
export interface Released {
  news: Map<string, News>
  events: AnnouncementEvent[]
}

/**
 * Takes the notices whose time has come; only those of `chats`, or of all chats if it is null. News whose chat has
 * other quiet hours now waits for their end, and news of a series that is muted now is dropped, like news that the
 * chat was told before its quiet hours.
 */
export const release = async (
  now: Date,
  chats: readonly number[] | null,
  { waitingNotices, noticeSettings }: Dependencies,
): Promise<Released> => {
  const due = await waitingNotices.due(now, chats, maxNotices)
  const released: Released = { news: new Map(), events: [] }
  const finished: string[] = []
  for (const notice of due) {
    const { chatId, key, zone } = notice
    if (notice.isTold) {
      finished.push(key)
      continue
    }
    if (notice.kind === 'news') {
      const setting = await noticeSettings.of(chatId, Number(notice.subject.slice('show/'.length)))
      const fate = fateOfNews(setting, zone, now, { movedEpisode: null, schedules: schedulesIn(notice.data) })
      if (typeof fate !== 'string') {
        await waitingNotices.postpone([key], fate.wait)
        continue
      }
      if (fate === 'tell') add(notice, released)
    } else add(notice, released)
    finished.push(key)
  }
  await waitingNotices.finish(finished, now)
  return released
}

/** The schedules of the series that the news is about. */
const schedulesIn = (data: unknown) => (data as Partial<DataOf<typeof SeriesChanged>>).show?.schedules ?? []

const add = ({ key, chatId, threadId, name, subject, data }: WaitingNotice, { news, events }: Released): void => {
  if (name !== SeriesChanged.name) {
    events.push({ id: `${key}/waited`, type: name, subject, data: { ...(data as object), chats: [chatId] } })
    return
  }
  const topic = topicKey({ chatId, threadId })
  const known = news.get(topic) ?? { chatId, threadId, changes: [] }
  known.changes.push(data as DataOf<typeof SeriesChanged>)
  news.set(topic, known)
}
