import { isIP } from 'node:net'
import { addressIn, hostOf } from '#database/uptime/monitor-limits.ts'
import type { ProbeErrorCode } from '#events/probe-error.ts'
import { parseTarget, withoutSecrets } from '#functions/dial/target.ts'
import type { Html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import type { ChatContext } from './context.ts'
import {
  defaultIntervalS,
  defaultTimeoutS,
  maxIntervalS,
  maxTimeoutS,
  minIntervalS,
  minTimeoutS,
} from './interval-and-timeout.ts'
import type { BotMessages } from './messages/messages.ts'
import { probeRequest, takeCheck } from './monitor-check.ts'
import { limitMessage } from './monitor-limit-message.ts'
import { label } from './pages.ts'
import { type Reply, sendReply } from './reply.ts'
import { parseInterval, type TypedMonitor, tcpInstead, typedMonitor } from './typed-monitor.ts'

/** /monitorar: watches an address. An address that the chat watches already gets the new interval. */
export const addMonitor = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, messages } = context
  const typed = typedMonitor(argument)
  if (typed.address === '') return sendReply({ html: messages.howToMonitor() })
  const wanted = await checkTyped(context, typed, argument)
  if ('refused' in wanted) return sendReply({ html: wanted.refused })

  const { kind, url, name, intervalS, timeoutS } = wanted
  const host = hostOf(url)
  const address = addressIn(host) ?? (await deps.addressOf(host))
  const timeoutMs = timeoutS * 1000
  const { personId, threadId } = context.origin
  const added = await deps.monitors.addWithinLimits(
    { chatId: chat.id, kind, url, name, intervalS, timeoutMs, personId, address, threadId },
    deps.limits,
  )
  if ('over' in added) return sendReply({ html: limitMessage(context, added.over, host) })

  const { monitor, isNew } = added
  const interval = sayDuration(intervalS * 1000, chat.language)
  const shown =
    typed.limit === null ? interval : `${interval} (${messages.timeLimit(sayDuration(timeoutMs, chat.language))})`
  // Not `isNew` alone: if this update is handled a second time, the monitor exists, but its first check may not.
  const isUnchecked = monitor.judgedAt === null
  if (!isNew && !isUnchecked) return sendReply({ html: messages.monitorUpdated(name, shown) })
  const isChecked = isUnchecked && (await takeCheck(context, monitor.id, 'first'))
  const html = isChecked ? messages.monitorAdded(name, shown) : messages.monitorAddedLater(name, shown)
  return { ...sendReply({ html }), events: isChecked ? [probeRequest(context, monitor, 'first')] : [] }
}

/** What can be watched of what was typed, or the message that says why nothing can. */
type Wanted =
  | { kind: 'http' | 'tcp'; url: string; name: string; intervalS: number; timeoutS: number }
  | { refused: Html }

const checkTyped = async (context: ChatContext, typed: TypedMonitor, argument: string): Promise<Wanted> => {
  const { chat, messages } = context
  const { address, interval, limit } = typed
  const tcp = tcpInstead(address)
  // After a blank in a password the rest of the password is in the place of the interval. It must not be repeated in
  // the chat.
  const hasPassword = /@|%(?:25)*40/i.test(interval)
  if (tcp !== null && !hasPassword)
    return { refused: messages.tcpInstead(parseInterval(interval) === null ? tcp : `${tcp} ${interval}`) }
  const target = parseTarget(address)
  if (!target.ok) return { refused: refusalMessage(context, address, target.error) }
  if (!(await mayWatch(context, target.url))) return { refused: refusalMessage(context, address, 'private-address') }

  const intervalS = interval === '' ? defaultIntervalS : parseInterval(interval)
  if (intervalS === null && hasPassword) return { refused: refusalMessage(context, argument, 'credentials') }
  if (intervalS === null) return { refused: messages.intervalUnknown(label(interval)) }
  if (intervalS < minIntervalS) return { refused: messages.intervalShort() }
  if (intervalS > maxIntervalS) return { refused: messages.intervalLong() }

  const timeoutS = limit === null ? defaultTimeoutS(intervalS) : parseInterval(limit)
  const longestS = maxTimeoutS(intervalS)
  if (timeoutS === null || timeoutS < minTimeoutS || timeoutS > longestS)
    return { refused: messages.limitRefused(sayDuration(longestS * 1000, chat.language)) }
  return { kind: target.kind, url: target.url, name: target.name, intervalS, timeoutS }
}

/** For a text that looks like an address, outside of /monitorar: how to watch it, or why it cannot be watched. */
export const suggestMonitor = (context: ChatContext, text: string): Reply => {
  const tcp = tcpInstead(text)
  if (tcp !== null) return sendReply({ html: context.messages.tcpInstead(tcp) })
  const target = parseTarget(text)
  return sendReply({
    html: target.ok ? context.messages.looksLikeAddress(text) : refusalMessage(context, text, target.error),
  })
}

const refusalMessage = ({ chat, messages }: ChatContext, address: string, error: ProbeErrorCode) => {
  // In `user:password@host` without a scheme, the parser takes the user for a scheme.
  const reason = /^(?!mailto:)[^\s/]+:\S*@\S/i.test(address) ? 'credentials' : error
  return messages.addressRefused(
    label(withoutSecrets(address)),
    messages.refusals[reason as keyof BotMessages['refusals']] ?? sayProbeError(reason, chat.language),
  )
}

/**
 * Checks an IP address in the URL now. Host names are checked by the prober at each connection, because their addresses
 * may change.
 */
const mayWatch = async ({ deps }: ChatContext, url: string): Promise<boolean> => {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (/(^|\.)localhost$/.test(host)) return (await deps.mayDial('127.0.0.1')) || deps.mayDial('::1')
  return isIP(host) === 0 || deps.mayDial(host)
}
