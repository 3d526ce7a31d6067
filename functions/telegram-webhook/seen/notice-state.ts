import type { Episode, Show } from '#database/series/show.ts'
import { noticeButtons } from '#functions/notices/notice-buttons.ts'
import { titleOf } from '#functions/series/slots.ts'
import { type EpisodeRange, type Reminder, reminders } from '#functions/telegram/callback-data.ts'
import { type ChatContext, queryCatalogue } from '../context.ts'
import { type Reply, toastReply } from '../reply.ts'
import { showSubject } from '../tvmaze-search.ts'
import { numbered } from './progress.ts'

/** The followed show of a button, and its episodes in the range; or the reply if there is none. */
export const showOfRange = async (
  { deps, chat, messages }: ChatContext,
  range: EpisodeRange,
): Promise<{ show: Show; episodes: Episode[] } | { refused: Reply }> => {
  const follow = await deps.follows.find(chat.id, showSubject(range.show))
  if (follow === null) return { refused: toastReply(messages.notFollowing) }
  const known = await queryCatalogue(deps, catalogue => catalogue.show(range.show))
  if (known === null) return { refused: toastReply(messages.tryLater) }
  const show = known.found
  const episodes = show === null ? [] : inRange(show, range)
  return show === null || (episodes.length === 0 && range.last > 0)
    ? { refused: toastReply(messages.oldButton) }
    : { show, episodes }
}

/** The episodes of the show in a range. */
export const inRange = (show: Show, { season, first, last }: Omit<EpisodeRange, 'show'>) =>
  numbered(show).filter(each => each.season === season && each.number! >= first && each.number! <= last)

/** Each button of a message makes one reminder, however often it is pressed. */
export const reminderKey = ({ chat }: ChatContext, messageId: number, when: Reminder) =>
  `chat/${chat.id}/message/${messageId}/reminder/${when}`

/** The reminders that were asked for with the buttons of a message. */
const pressedReminders = async (context: ChatContext, messageId: number): Promise<Set<Reminder>> => {
  const known = await context.deps.waitingNotices.known(reminders.map(when => reminderKey(context, messageId, when)))
  return new Set(reminders.filter(when => known.has(reminderKey(context, messageId, when))))
}

/** The buttons of a notice as they are now. */
export const currentButtons = async (context: ChatContext, show: Show, range: EpisodeRange, messageId: number) => {
  const { deps, chat, telegram } = context
  const [seen, setting, reminders] = [
    await deps.seen.of(chat.id, [show._id]),
    await deps.noticeSettings.of(chat.id, show._id),
    await pressedReminders(context, messageId),
  ]
  const isIn = ({ season, number }: { season: number; number: number }) =>
    season === range.season && number >= range.first && number <= range.last
  const isSeen = inRange(show, range).every(each => seen.some(one => isIn(one) && one.number === each.number))
  const isMuted = setting.mutedUntil !== null && setting.mutedUntil > deps.clock()
  const numbers = range.last === 0 ? null : { season: range.season, first: range.first, last: range.last }
  return noticeButtons(
    { id: show._id, url: show.url, name: titleOf(show, chat) },
    numbers,
    { language: chat.language, botName: await telegram.botName() },
    { isSeen, reminders, isMuted },
  )
}
