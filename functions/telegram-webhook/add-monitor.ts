import { addressIn, hostOf } from '#database/uptime/monitor-limits.ts'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import type { CheckKind } from '#events/probe-requested.ts'
import {
  defaultIntervalS,
  defaultTimeoutS,
  maxIntervalS,
  maxTimeoutS,
  minIntervalS,
  minTimeoutS,
} from '#functions/checks/interval-and-timeout.ts'
import { parseTarget, withoutSecrets } from '#functions/dial/target.ts'
import { addressesInUrl } from '#functions/dial/url-addresses.ts'
import type { Html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import type { ChatContext } from './context.ts'
import type { BotMessages } from './messages/messages.ts'
import { type MonitorArgument, parseInterval, parseMonitorArgument, tcpInstead } from './monitor-argument.ts'
import { probeRequest, takeCheck } from './monitor-check.ts'
import { limitMessage } from './monitor-limit-message.ts'
import { label } from './pages.ts'
import { type Reply, sendReply } from './reply.ts'

/**
 * Handles /monitorar: adds a monitor for the address. If the chat has a monitor for the address already, changes the
 * interval and the time limit of that monitor.
 */
export const addMonitor = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  const parsed = parseMonitorArgument(argument)
  if (parsed.address === '') return sendReply({ html: messages.howToMonitor() })
  const settings = await monitorSettings(context, parsed, argument)
  if ('refusal' in settings) return sendReply({ html: settings.refusal })

  const { kind, url, name, intervalS, timeoutS } = settings
  const host = hostOf(url)
  const address = addressIn(host) ?? (await deps.addressOf(host))
  const timeoutMs = timeoutS * 1000
  const { personId, threadId } = context.origin
  const added = await deps.monitors.addWithinLimits(
    { chatId: chat.id, kind, url, name, intervalS, timeoutMs, personId, address, threadId },
    deps.limits,
  )
  if ('exceeded' in added) return sendReply({ html: limitMessage(context, added.exceeded, host) })

  const { monitor, isNew } = added
  const interval = sayDuration(intervalS * 1000, chat.language)
  const shown =
    parsed.limit === null ? interval : `${interval} (${messages.timeLimit(sayDuration(timeoutMs, chat.language))})`
  // `isNew` alone does not decide whether a first check is needed: on a second attempt at this update the monitor
  // exists already, but its first check may be missing.
  const isUnchecked = monitor.judgedAt === null
  if (!isNew && !isUnchecked) return sendReply({ html: messages.monitorUpdated(name, shown) })
  const isChecked = isUnchecked && (await takeCheck(context, monitor.id, 'first'))
  const html = isChecked ? messages.monitorAdded(name, shown) : messages.monitorAddedWithoutCheck(name, shown)
  return { ...sendReply({ html }), events: isChecked ? [probeRequest(context, { ...monitor, kind }, 'first')] : [] }
}

/** The settings of the monitor, or the message with the reason why the address cannot be watched. */
type MonitorSettings =
  | { kind: CheckKind; url: string; name: string; intervalS: number; timeoutS: number }
  | { refusal: Html }

const monitorSettings = async (
  context: ChatContext,
  parsed: MonitorArgument,
  argument: string,
): Promise<MonitorSettings> => {
  const { chat, messages } = context
  const { address, interval, limit } = parsed
  const tcp = tcpInstead(address)
  // If a password contains a blank, the rest of the password is parsed as the interval. The reply must not repeat that
  // part of the password in the chat.
  const hasPassword = /@|%(?:25)*40/i.test(interval)
  if (tcp !== null && !hasPassword)
    return { refusal: messages.tcpInstead(parseInterval(interval) === null ? tcp : `${tcp} ${interval}`) }
  const target = parseTarget(address)
  if (!target.ok) return { refusal: refusalMessage(context, address, target.error) }
  if (!(await mayWatch(context, target.url))) return { refusal: refusalMessage(context, address, 'private-address') }

  const intervalS = interval === '' ? defaultIntervalS : parseInterval(interval)
  if (intervalS === null && hasPassword) return { refusal: refusalMessage(context, argument, 'credentials') }
  if (intervalS === null) return { refusal: messages.intervalUnknown(label(interval)) }
  if (intervalS < minIntervalS) return { refusal: messages.intervalShort() }
  if (intervalS > maxIntervalS) return { refusal: messages.intervalLong() }

  const timeoutS = limit === null ? defaultTimeoutS(intervalS) : parseInterval(limit)
  const longestS = maxTimeoutS(intervalS)
  if (timeoutS === null || timeoutS < minTimeoutS || timeoutS > longestS)
    return { refusal: messages.limitRefused(sayDuration(longestS * 1000, chat.language)) }
  return { kind: target.kind, url: target.url, name: target.name, intervalS, timeoutS }
}

/**
 * The reply to a text outside of /monitorar that looks like an address: how to watch the address, or why it cannot be
 * watched.
 */
export const suggestMonitor = (context: ChatContext, text: string): Reply => {
  const tcp = tcpInstead(text)
  if (tcp !== null) return sendReply({ html: context.messages.tcpInstead(tcp) })
  const target = parseTarget(text)
  return sendReply({
    html: target.ok ? context.messages.looksLikeAddress(text) : refusalMessage(context, text, target.error),
  })
}

const refusalMessage = ({ chat, messages }: ChatContext, address: string, error: ProbeErrorCode) => {
  // In `user:password@host` without a scheme, the parser reads the user name as the scheme.
  const reason = /^(?!mailto:)[^\s/]+:\S*@\S/i.test(address) ? 'credentials' : error
  return messages.addressRefused(
    label(withoutSecrets(address)),
    messages.refusals[reason as keyof BotMessages['refusals']] ?? sayProbeError(reason, chat.language),
  )
}

/**
 * Whether the URL may be watched. Only an IP address in the URL is checked now. The prober checks host names at each
 * connection, because their addresses may change.
 */
const mayWatch = async ({ deps }: ChatContext, url: string): Promise<boolean> => {
  const addresses = addressesInUrl(url)
  for (const address of addresses) if (await deps.mayDial(address)) return true
  return addresses.length === 0
}
