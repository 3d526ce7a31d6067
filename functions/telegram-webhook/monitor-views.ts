import type { Heartbeat } from '#database/uptime/heartbeats.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import type { UptimeSummary } from '#database/uptime/probe-hours.ts'
import { defaultTimeoutS } from '#functions/checks/interval-and-timeout.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayMilliseconds, sayUptime } from '#functions/wording/uptime.ts'
import type { ChatContext } from './context.ts'
import { copyButton, heartbeatDetails, heartbeatState, lastPing } from './heartbeat-views.ts'
import type { BotMessages } from './messages/messages.ts'
import { label, pageOf, pageRow } from './pages.ts'
import type { Button, View } from './reply.ts'

const monitorsPerPage = 8
const dayMs = 86_400_000

/**
 * The state of a monitor as a person sees it. `unknown`: no check for a long time. `resumed`: no check since it was
 * resumed.
 */
type ShownState = keyof BotMessages['monitorState']

const shownState = ({ kind, state, pausedAt, judgedAt, intervalS }: Monitor, now: Date): ShownState => {
  if (pausedAt) return 'paused'
  // Vigia waits for the pings of a heartbeat, so a long silence is no lack of checks.
  if (kind === 'heartbeat') return state
  if (judgedAt === null) return 'new'
  if (state === 'new') return 'resumed'
  const silentMs = now.getTime() - judgedAt.getTime()
  return silentMs > Math.max(3 * intervalS, 120) * 1000 ? 'unknown' : state
}

const stateIcons: Record<ShownState, string> = {
  up: '🟢',
  down: '🔴',
  new: '⚪',
  resumed: '⚪',
  unknown: '⚪',
  paused: '⏸',
}
/** The order of the states in a list: first those in which the user has to do something. */
const stateOrder: ShownState[] = ['down', 'unknown', 'new', 'resumed', 'up', 'paused']

const ago = (from: Date, now: Date, { chat }: ChatContext) => sayDuration(now.getTime() - from.getTime(), chat.language)

const dayBefore = (now: Date) => new Date(now.getTime() - dayMs)

/** The uptime as text; null if it is unknown. */
const uptimePercent = ({ uptime }: UptimeSummary, { chat }: ChatContext): string | null =>
  uptime === null ? null : sayUptime(uptime, chat.language)

/** The chat's monitors, each with its state, its uptime of 24 hours and the age of its last check. */
export const monitorsList = async (context: ChatContext, page: number): Promise<View> => {
  const { deps, chat, messages } = context
  const now = deps.clock()
  const all = await deps.monitors.of(chat.id)
  if (all.length === 0)
    return {
      html: messages.monitorsNone(),
      buttons: [[{ text: messages.wizard.start, press: { act: 'newMonitor' } }]],
    }
  const sorted = all
    .map(monitor => ({ monitor, state: shownState(monitor, now) }))
    .sort((one, other) => stateOrder.indexOf(one.state) - stateOrder.indexOf(other.state))
  const { items, at, pages } = pageOf(sorted, page, monitorsPerPage)
  const uptime = await deps.probeHours.uptime(
    items.map(({ monitor }) => monitor.id),
    dayBefore(now),
  )
  const heartbeats = await heartbeatsOf(
    context,
    items.map(({ monitor }) => monitor),
  )
  const entries = items.map(({ monitor, state }) => {
    const heartbeat = heartbeats.get(monitor.id)
    if (heartbeat !== undefined)
      return joined([
        html`${stateIcons[state]} <b>${monitor.name}</b>: ${heartbeatState(context, monitor, heartbeat)}`,
        lastPing(context, heartbeat),
      ])
    const summary = uptime.get(monitor.id)
    const percent = summary && uptimePercent(summary, context)
    const checked = monitor.judgedAt && messages.lastCheck(ago(monitor.judgedAt, now, context))
    return joined([
      html`${stateIcons[state]} <b>${monitor.name}</b>: ${messages.monitorState[state]}`,
      joined([percent && messages.uptimeDay(percent), checked], ' · '),
    ])
  })
  return {
    html: joined([messages.monitorsTitle(all.length), ...entries], '\n\n'),
    buttons: [
      ...items.map(({ monitor, state }): Button[] => [
        { text: label(`${stateIcons[state]} ${monitor.name}`), press: { act: 'monitor', monitor: monitor.id } },
      ]),
      ...pageRow(at, pages, to => ({ act: 'monitors', page: to })),
      [{ text: messages.wizard.start, press: { act: 'newMonitor' } }],
    ],
  }
}

/** The heartbeats among these monitors, by id. */
const heartbeatsOf = async ({ deps }: ChatContext, monitors: readonly Monitor[]): Promise<Map<number, Heartbeat>> => {
  const ids = monitors.filter(({ kind }) => kind === 'heartbeat').map(({ id }) => id)
  return ids.length === 0 ? new Map() : deps.heartbeats.of(ids)
}

/** The details of one monitor, with the buttons for its actions. */
export const monitorCard = async (context: ChatContext, monitor: Monitor): Promise<View> => {
  const heartbeat = (await heartbeatsOf(context, [monitor])).get(monitor.id)
  return heartbeat === undefined ? checkedCard(context, monitor) : heartbeatCard(context, monitor, heartbeat)
}

/** The details show the log and the duration of the last of these pings that have one. */
const shownPings = 20

const heartbeatCard = async (context: ChatContext, monitor: Monitor, heartbeat: Heartbeat): Promise<View> => {
  const { deps, messages } = context
  const now = deps.clock()
  const shown = shownState(monitor, now)
  const state = heartbeatState(context, monitor, heartbeat)
  const since = shown === 'up' || shown === 'down' ? monitor.stateSince : null
  const pings = await deps.heartbeats.lastPings(monitor.id, shownPings)
  return {
    html: joined(
      [
        html`${stateIcons[shown]} <b>${monitor.name}</b>`,
        joined([
          since ? messages.stateSince(state, ago(since, now, context)) : state,
          heartbeatDetails(context, heartbeat, pings),
        ]),
      ],
      '\n\n',
    ),
    buttons: [copyButton(context, heartbeat), ...cardButtons(monitor, messages)],
  }
}

const checkedCard = async (context: ChatContext, monitor: Monitor): Promise<View> => {
  const { deps, chat, messages } = context
  const now = deps.clock()
  const summary = (await deps.probeHours.uptime([monitor.id], dayBefore(now))).get(monitor.id)
  const percent = summary && uptimePercent(summary, context)
  const average = summary?.averageMs
  const shown = shownState(monitor, now)
  const state = messages.monitorState[shown]
  const since = shown === 'up' || shown === 'down' ? monitor.stateSince : null
  const stateLine = since ? messages.stateSince(state, ago(since, now, context)) : state
  const uptimeLine = joined(
    [
      percent ? messages.uptimeDay(percent) : messages.uptimeUnknown,
      average != null && messages.averageResponse(sayMilliseconds(average, chat.language)),
    ],
    ' · ',
  )
  const intervalLine = joined(
    [
      messages.everyInterval(sayDuration(monitor.intervalS * 1000, chat.language)),
      monitor.timeoutMs > defaultTimeoutS(monitor.intervalS) * 1000 &&
        messages.timeLimit(sayDuration(monitor.timeoutMs, chat.language)),
    ],
    ' · ',
  )
  const checkLine = monitor.judgedAt ? messages.lastCheck(ago(monitor.judgedAt, now, context)) : messages.neverChecked
  const nameLines = joined([html`${stateIcons[shown]} <b>${monitor.name}</b>`, html`<code>${monitor.url}</code>`])
  return {
    html: joined([nameLines, joined([stateLine, uptimeLine, intervalLine, checkLine])], '\n\n'),
    buttons: cardButtons(monitor, messages),
  }
}

const cardButtons = ({ id, kind, pausedAt }: Monitor, messages: BotMessages): Button[][] => {
  const check: Button[] = [{ text: messages.check, press: { act: 'check', monitor: id } }]
  const edit: Button = { text: messages.wizard.edit, press: { act: 'edit', monitor: id } }
  const toggle: Button = pausedAt
    ? { text: messages.resume, press: { act: 'resume', monitor: id } }
    : { text: messages.pause, press: { act: 'pause', monitor: id } }
  return [
    ...(pausedAt || kind === 'heartbeat' ? [] : [check]),
    [...(kind === 'heartbeat' ? [] : [edit]), toggle],
    [{ text: messages.delete, press: { act: 'delete', monitor: id } }],
    [{ text: messages.backToList, press: { act: 'monitors', page: 0 } }],
  ]
}

/** The toast after "check now", if the same host was checked shortly before. */
export const checkedJustNow = (context: ChatContext, monitor: Monitor): string => {
  const { deps, messages } = context
  const now = deps.clock()
  const checked = monitor.judgedAt && messages.lastCheck(ago(monitor.judgedAt, now, context))
  return messages.checkedJustNow(messages.monitorState[shownState(monitor, now)], checked)
}
