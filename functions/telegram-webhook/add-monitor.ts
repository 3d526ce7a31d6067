import type { Language } from '#database/chats/language.ts'
import { addressIn, hostOf } from '#database/uptime/monitor-limits.ts'
import type { NewMonitor } from '#database/uptime/monitors.ts'
import type { VigiaEvent } from '#events/event.ts'
import { isChecked } from '#functions/checks/check-of.ts'
import { defaultIntervalS } from '#functions/checks/interval-and-timeout.ts'
import { parseTarget } from '#functions/dial/target.ts'
import type { Html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayMilliseconds } from '#functions/wording/uptime.ts'
import type { ChatContext } from './context.ts'
import { type MonitorArgument, parseInterval, parseMonitorArgument, tcpAddressFor } from './monitor-argument.ts'
import { probeRequest, takeCheck } from './monitor-check.ts'
import { addressRefusal, type Refused, readAddress, readInterval, readSlow, readTimeLimit } from './monitor-fields.ts'
import { limitMessage } from './monitor-limit-message.ts'
import { type Reply, sendReply } from './reply.ts'

/**
 * Handles /monitorar with an address: adds a monitor. If the chat has a monitor for the address already, changes the
 * interval and the time limit of that monitor.
 */
export const addMonitor = async (context: ChatContext, argument: string): Promise<Reply> => {
  const parsed = parseMonitorArgument(argument)
  const wanted = await monitorOf(context, parsed, argument)
  if ('refusal' in wanted) return sendReply({ html: wanted.refusal })
  const { html, events } = await createMonitor(context, wanted, parsed.limit !== null)
  return { ...sendReply({ html }), events }
}

/** A response time: whole seconds as a person says them. */
const sayTime = (ms: number, language: Language) =>
  ms % 1000 === 0 ? sayDuration(ms, language) : sayMilliseconds(ms, language)

/** The fields of a monitor that a person chooses. */
export type ChosenFields = Omit<NewMonitor, 'chatId' | 'personId' | 'address' | 'threadId'>

/** The monitor that the argument describes, or the message with the reason why the address cannot be watched. */
const monitorOf = async (
  context: ChatContext,
  { address, interval, limit, slow }: MonitorArgument,
  argument: string,
): Promise<ChosenFields | Refused> => {
  const { messages } = context
  const tcp = tcpAddressFor(address)
  // If a password contains a blank, the rest of the password is parsed as the interval. The reply must not repeat that
  // part of the password in the chat.
  const hasPassword = /@|%(?:25)*40/i.test(interval)
  if (tcp !== null && !hasPassword)
    return { refusal: messages.tcpInstead(parseInterval(interval) === null ? tcp : `${tcp} ${interval}`) }
  const target = await readAddress(context, address)
  if ('refusal' in target) return target
  if (hasPassword && parseInterval(interval) === null)
    return { refusal: addressRefusal(context, argument, 'credentials') }
  const read = interval === '' ? { intervalS: defaultIntervalS } : readInterval(context, interval)
  if ('refusal' in read) return read
  const { intervalS } = read
  const timeout = readTimeLimit(context, limit, intervalS)
  if ('refusal' in timeout) return timeout
  const addedSettings = readSlow(context, slow)
  if ('refusal' in addedSettings) return addedSettings
  return { ...target, intervalS, timeoutMs: timeout.timeoutS * 1000, addedSettings }
}

/** Stores a monitor within the limits, and requests its first check. Returns the answer to the person. */
export const createMonitor = async (
  context: ChatContext,
  wanted: ChosenFields,
  saysTimeLimit: boolean,
): Promise<{ html: Html; events: VigiaEvent[]; monitorId: number | null }> => {
  const { deps, chat, messages } = context
  const { url, name, intervalS, timeoutMs } = wanted
  const host = hostOf(url)
  const address = addressIn(host) ?? (await deps.addressOf(host))
  const { personId, threadId } = context.origin
  const added = await deps.monitors.addWithinLimits(
    { ...wanted, chatId: chat.id, personId, address, threadId },
    deps.limits,
  )
  if ('exceeded' in added) return { html: limitMessage(context, added.exceeded, host), events: [], monitorId: null }

  const { monitor, isNew } = added
  const interval = sayDuration(intervalS * 1000, chat.language)
  const { slowMs } = (wanted.addedSettings ?? {}) as { slowMs?: number }
  const notes = [
    ...(saysTimeLimit ? [messages.timeLimit(sayDuration(timeoutMs, chat.language))] : []),
    ...(slowMs === undefined ? [] : [messages.slowFrom(sayTime(slowMs, chat.language))]),
  ]
  const shown = notes.length > 0 ? `${interval} (${notes.join(', ')})` : interval
  // `isNew` alone does not decide whether a first check is needed: on a second attempt at this update the monitor
  // exists already, but its first check may be missing.
  const isUnchecked = monitor.judgedAt === null
  const monitorId = monitor.id
  if (!isNew && !isUnchecked) return { html: messages.monitorUpdated(name, shown), events: [], monitorId }
  const willBeChecked = isUnchecked && isChecked(monitor) && (await takeCheck(context, monitor.id, 'first'))
  return willBeChecked
    ? { html: messages.monitorAdded(name, shown), events: [probeRequest(context, monitor, 'first')], monitorId }
    : { html: messages.monitorAddedWithoutCheck(name, shown), events: [], monitorId }
}

/**
 * The reply to a text outside of /monitorar that looks like an address: how to watch the address, or why it cannot be
 * watched.
 */
export const suggestMonitor = (context: ChatContext, text: string): Reply => {
  const tcp = tcpAddressFor(text)
  if (tcp !== null) return sendReply({ html: context.messages.tcpInstead(tcp) })
  const target = parseTarget(text)
  return sendReply({
    html: target.ok ? context.messages.looksLikeAddress(text) : addressRefusal(context, text, target.error),
  })
}
