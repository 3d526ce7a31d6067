import { type HeartbeatSettings, maxHeartbeatS, minHeartbeatS } from '#events/heartbeat-settings.ts'
import { heartbeatMonitor, isSchedule, slugOf } from '#functions/checks/heartbeat.ts'
import { type Html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayHeartbeatSchedule } from '#functions/wording/heartbeats.ts'
import type { ChatContext } from './context.ts'
import { type HeartbeatArgument, parseHeartbeatArgument } from './heartbeat-argument.ts'
import { copyButton, usage } from './heartbeat-views.ts'
import { limitMessage } from './monitor-limit-message.ts'
import { type Reply, sendReply } from './reply.ts'

/**
 * Handles /batimento: adds a heartbeat for a job and shows the URL that the job pings. If the chat has a heartbeat of
 * that name already, it gets the new schedule and keeps its URL.
 */
export const addHeartbeat = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages, origin } = context
  const parsed = parseHeartbeatArgument(argument)
  if (parsed.name === '' || parsed.schedule === null) return sendReply({ html: messages.howToHeartbeat() })
  const slug = slugOf(parsed.name)
  if (slug === '') return sendReply({ html: messages.heartbeatNameUnknown() })
  const settings = await settingsOf(context, parsed)
  if ('refusal' in settings) return sendReply({ html: settings.refusal })

  const wanted = { chatId: chat.id, ...heartbeatMonitor(slug, settings, parsed.name) }
  const { personId, threadId } = origin
  const added = await deps.monitors.addWithinLimits({ ...wanted, personId, address: null, threadId }, deps.limits)
  if ('exceeded' in added) return sendReply({ html: limitMessage(context, added.exceeded, slug) })
  const heartbeat = await deps.heartbeats.ensure({ monitorId: added.monitor.id, chatId: chat.id, slug })
  if (heartbeat === null) {
    await deps.monitors.remove(chat.id, added.monitor.id)
    return sendReply({ html: messages.heartbeatTaken(slug) })
  }
  await deps.heartbeats.keyOf(chat.id)
  const schedule = sayHeartbeatSchedule(settings, chat.language)
  const name = added.monitor.name
  const said = added.isNew ? messages.heartbeatAdded(name, schedule) : messages.heartbeatUpdated(name, schedule)
  return sendReply({
    html: joined([said, usage(context, heartbeat)], '\n\n'),
    buttons: [copyButton(context, heartbeat)],
  })
}

/** The settings of the heartbeat, or the message with the reason why they cannot be used. */
const settingsOf = async (
  { deps, chat, messages }: ChatContext,
  { schedule, graceS }: HeartbeatArgument,
): Promise<HeartbeatSettings | { refusal: Html }> => {
  const grace = graceS === undefined ? {} : { graceS: graceS ?? Number.NaN }
  const times = [
    schedule !== null && 'periodS' in schedule ? schedule.periodS : minHeartbeatS,
    grace.graceS ?? minHeartbeatS,
  ]
  if (!times.every(seconds => Number.isInteger(seconds) && seconds >= minHeartbeatS && seconds <= maxHeartbeatS)) {
    const [shortest, longest] = [minHeartbeatS, maxHeartbeatS].map(seconds =>
      sayDuration(seconds * 1_000, chat.language),
    )
    return { refusal: messages.heartbeatPeriodRefused(shortest!, longest!) }
  }
  if (schedule !== null && 'periodS' in schedule) return { ...schedule, ...grace }
  const cron = schedule?.cron ?? ''
  if (!(await isSchedule(cron, chat.zone, deps.clock()))) return { refusal: messages.howToHeartbeat() }
  return { cron, timeZone: chat.zone, ...grace }
}
