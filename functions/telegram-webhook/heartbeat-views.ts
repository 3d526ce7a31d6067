import type { Heartbeat, StoredPing } from '#database/uptime/heartbeats.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import type { HeartbeatSettings } from '#events/heartbeat-settings.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayHeartbeatFailure, sayHeartbeatSchedule } from '#functions/wording/heartbeats.ts'
import type { ChatContext } from './context.ts'
import type { Button } from './reply.ts'

/** How a heartbeat is doing, for the list and for the details. */
export const heartbeatState = (
  { chat, messages }: ChatContext,
  monitor: Pick<Monitor, 'pausedAt' | 'state'>,
  heartbeat: Pick<Heartbeat, 'error' | 'exitCode' | 'pings'>,
): string => {
  const { monitorState, heartbeatState } = messages
  if (monitor.pausedAt) return monitorState.paused
  switch (monitor.state) {
    case 'up':
      return heartbeatState.up
    case 'down':
      return sayHeartbeatFailure(heartbeat.error ?? '', heartbeat.exitCode, chat.language)
    case 'new':
      return heartbeat.pings === 0 ? heartbeatState.new : heartbeatState.resumed
    default:
      return monitor.state satisfies never
  }
}

/** When the last ping came. */
export const lastPing = (
  { deps, chat, messages }: ChatContext,
  { lastPingAt }: Pick<Heartbeat, 'lastPingAt'>,
): string =>
  lastPingAt === null
    ? messages.noPing
    : messages.lastPing(sayDuration(Math.max(0, deps.clock().getTime() - lastPingAt.getTime()), chat.language))

/** The most characters of the last log that the details show. Its end says how a job ended. */
const shownLogLength = 1_000

/** The lines about a heartbeat in its details: the schedule, the last ping, the last run and its log, and the URL. */
export const heartbeatDetails = (context: ChatContext, heartbeat: Heartbeat, pings: readonly StoredPing[]): Html => {
  const { chat, messages } = context
  const run = pings.find(({ durationMs }) => durationMs !== null)
  const log = pings.find(ping => ping.log !== null)?.log?.trim()
  return joined(
    [
      joined([
        messages.heartbeatExpected(sayHeartbeatSchedule(heartbeat.settings as HeartbeatSettings, chat.language)),
        joined([lastPing(context, heartbeat), heartbeat.pings > 0 && messages.pings(heartbeat.pings)], ' · '),
        run && messages.runTook(sayDuration(run.durationMs!, chat.language), run.isSlow),
      ]),
      log ? html`${messages.lastLog}\n<blockquote expandable>${lastPart(log)}</blockquote>` : null,
      usage(context, heartbeat),
    ],
    '\n\n',
  )
}

const lastPart = (log: string) => {
  const letters = [...log]
  return letters.length <= shownLogLength ? log : `…${letters.slice(-shownLogLength).join('')}`
}

/** How a job pings the heartbeat. */
export const usage = ({ deps, messages }: ChatContext, { token, key, slug }: Heartbeat): Html =>
  joined([
    messages.heartbeatUsage(urlOf(deps.pingUrl, token)),
    key !== null && messages.heartbeatByName(urlOf(deps.pingUrl, `${key}/${slug}`)),
    deps.pingUrl === null && messages.heartbeatUrlUnknown,
  ])

export const copyButton = ({ deps, messages }: ChatContext, { token }: Pick<Heartbeat, 'token'>): Button[] => [
  { text: messages.copyUrl, copy: urlOf(deps.pingUrl, token) },
]

const urlOf = (pingUrl: string | null, path: string) => `${pingUrl ?? '/ping'}/${path}`
