import type { ProbeErrorCode } from '#events/probe-error.ts'
import {
  defaultTimeoutS,
  maxIntervalS,
  maxTimeoutS,
  minIntervalS,
  minTimeoutS,
} from '#functions/checks/interval-and-timeout.ts'
import { parseTarget, type Target, withoutSecrets } from '#functions/dial/target.ts'
import { addressesInUrl } from '#functions/dial/url-addresses.ts'
import type { Html } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import type { ChatContext } from './context.ts'
import type { BotMessages } from './messages/messages.ts'
import { parseMilliseconds } from './milliseconds.ts'
import { parseInterval } from './monitor-argument.ts'
import { label } from './pages.ts'

/** The reason why a value cannot be used, as a message with an example. */
export interface Refused {
  refusal: Html
}

/** What the address of a monitor says: what is watched, and its name for people. */
export type WatchedTarget = Pick<Extract<Target, { ok: true }>, 'kind' | 'url' | 'name'>

/** The target of an address that a person typed, if it may be watched. */
export const readAddress = async (context: ChatContext, address: string): Promise<WatchedTarget | Refused> => {
  const target = parseTarget(address)
  if (!target.ok) return { refusal: addressRefusal(context, address, target.error) }
  if (!(await mayWatch(context, target.url))) return { refusal: addressRefusal(context, address, 'private-address') }
  return { kind: target.kind, url: target.url, name: target.name }
}

/** The seconds of an interval that a person typed. */
export const readInterval = ({ messages }: ChatContext, interval: string): { intervalS: number } | Refused => {
  const intervalS = parseInterval(interval)
  if (intervalS === null) return { refusal: messages.intervalUnknown(label(interval)) }
  if (intervalS < minIntervalS) return { refusal: messages.intervalShort() }
  if (intervalS > maxIntervalS) return { refusal: messages.intervalLong() }
  return { intervalS }
}

/** The seconds of a time limit that a person typed; null: the usual one. */
export const readTimeLimit = (
  { chat, messages }: ChatContext,
  limit: string | null,
  intervalS: number,
): { timeoutS: number } | Refused => {
  const timeoutS = limit === null ? defaultTimeoutS(intervalS) : parseInterval(limit)
  const longestS = maxTimeoutS(intervalS)
  if (timeoutS === null || timeoutS < minTimeoutS || timeoutS > longestS)
    return { refusal: messages.limitRefused(sayDuration(longestS * 1000, chat.language)) }
  return { timeoutS }
}

/** The limits of the setting `slowMs` (functions/checks/common.ts). */
const maxSlowMs = 120_000

/** The setting of a response time that a person typed; no setting without one. */
export const readSlow = ({ messages }: ChatContext, slow: string | null): { slowMs?: number } | Refused => {
  if (slow === null) return {}
  const slowMs = parseMilliseconds(slow)
  return slowMs === null || slowMs < 1 || slowMs > maxSlowMs
    ? { refusal: messages.wizard.settingRefused.slow(label(slow)) }
    : { slowMs }
}

/** The message that an address cannot be watched. It repeats no part that may be secret. */
export const addressRefusal = ({ chat, messages }: ChatContext, address: string, error: ProbeErrorCode): Html => {
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
