import { EpisodeDue } from '#events/episode-due.ts'
import type { DataOf } from '#events/event.ts'
import { toEventEpisode, toEventShow } from '#functions/series/event-show.ts'
import type { EpisodeRange, Reminder } from '#functions/telegram/callback-data.ts'
import { dayOf, instantOf, knownZone, sayInstant } from '#functions/wording/dates.ts'
import type { ChatContext } from '../context.ts'
import type { Reply } from '../reply.ts'
import { showSubject } from '../tvmaze-search.ts'
import { currentButtons, reminderKey, showOfRange } from './notice-state.ts'

const hourMs = 3_600_000
/** The local time of a reminder in the evening. */
const evening = '20:00'

/** Sends the notice again in an hour, or in the evening. */
export const remind = async (
  context: ChatContext,
  range: EpisodeRange,
  when: Reminder,
  messageId: number,
): Promise<Reply> => {
  const { deps, chat, origin, messages } = context
  const found = await showOfRange(context, range)
  if ('refused' in found) return found.refused
  const { show, episodes } = found
  const now = deps.clock()
  const dueAt = when === 'hour' ? new Date(now.getTime() + hourMs) : nextEvening(now, chat.zone)
  const data: DataOf<typeof EpisodeDue> = {
    show: toEventShow(show),
    episodes: episodes.map(toEventEpisode),
    isReminder: true,
  }
  const key = reminderKey(context, messageId, when)
  const threadId = origin.threadId ?? null
  const subject = showSubject(show._id)
  const event = { name: EpisodeDue.name, subject, data, messageKey: null }
  await deps.waitingNotices.keep([{ key, chatId: chat.id, threadId, kind: 'reminder', dueAt, ...event }], now)
  return {
    effects: [
      { do: 'toast', text: messages.seen.remindAt(sayInstant(dueAt, { ...chat, zone: knownZone(chat.zone), now })) },
      { do: 'buttons', buttons: await currentButtons(context, show, range, messageId) },
    ],
  }
}

const nextEvening = (now: Date, zone: string): Date => {
  const today = dayOf(now, zone)
  const at = instantOf(today, evening, zone)
  return at > now ? at : instantOf(Temporal.PlainDate.from(today).add({ days: 1 }).toString(), evening, zone)
}
