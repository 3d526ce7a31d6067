import type { Heartbeat } from '#database/uptime/heartbeats.ts'
import type { LastResult } from '#database/uptime/monitor-history.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import { defaultTimeoutS } from '#functions/checks/interval-and-timeout.ts'
import { html, joined } from '#functions/telegram/html.ts'
import { sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import { type ShownState, shownState as shownStateOf } from '#functions/wording/shown-state.ts'
import { sparkline } from '#functions/wording/sparkline.ts'
import { sayMilliseconds, sayUptime } from '#functions/wording/uptime.ts'
import type { ChatContext } from './context.ts'
import { copyButton, heartbeatDetails, heartbeatState, lastPing } from './heartbeat-views.ts'
import { historyTexts, lastIncidents } from './incident-views.ts'
import type { BotMessages } from './messages/messages.ts'
import { label, pageOf, pageRow } from './pages.ts'
import type { Button, View } from './reply.ts'
import { sayMonitorSilence } from './silence-view.ts'

const monitorsPerPage = 8
const dayMs = 86_400_000

const shownState = (monitor: Monitor, now: Date): ShownState =>
  shownStateOf({ ...monitor, isPaused: monitor.pausedAt !== null }, now)

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

/**
 * The uptime of 24 hours and of 30 days, the response times of the last hours, and the average response, of each of
 * these monitors.
 */
const historyOf = async ({ deps, chat, messages }: ChatContext, monitors: readonly Monitor[], now: Date) => {
  const ids = monitors.map(({ id }) => id)
  const [day, month, hours] = await Promise.all([
    deps.uptime.uptimeOf(ids, { from: dayBefore(now), to: now }),
    deps.uptime.uptimeOf(ids, { from: new Date(now.getTime() - 30 * dayMs), to: now }),
    deps.probeHours.byHour(ids, dayBefore(now), now),
  ])
  const byMonitor = Map.groupBy(hours, ({ monitorId }) => monitorId)
  return ({ id, kind }: Monitor) => {
    const percents = [day, month].map(uptime => uptime.get(id)?.uptime ?? null)
    const [ofDay, ofMonth] = percents.map(uptime => (uptime === null ? '–' : sayUptime(uptime, chat.language)))
    const { uptimes } = historyTexts(messages, kind)
    return {
      uptimes: percents.every(uptime => uptime === null) ? null : uptimes(ofDay!, ofMonth!),
      line: sparkline(byMonitor.get(id) ?? [], now),
      averageMs: day.get(id)?.averageMs ?? null,
    }
  }
}

type Listed = { monitor: Monitor; state: ShownState }

const rank = ({ state }: Listed) => stateOrder.indexOf(state)

/** The monitors group by group, first the groups in which the user has to do something. */
const byGroup = (listed: readonly Listed[]): Listed[] =>
  [...Map.groupBy(listed, ({ monitor }) => monitor.groupName).values()]
    .map(group => group.toSorted((one, other) => rank(one) - rank(other)))
    .toSorted(([one], [other]) => rank(one!) - rank(other!))
    .flat()

/** The chat's monitors by group, each with its state, its uptime, its response times and the age of its last check. */
export const monitorsList = async (context: ChatContext, page: number): Promise<View> => {
  const { deps, chat, messages } = context
  const now = deps.clock()
  const all = await deps.monitors.of(chat.id)
  if (all.length === 0)
    return {
      html: messages.monitorsNone(),
      buttons: [[{ text: messages.wizard.start, press: { act: 'newMonitor' } }]],
    }
  const sorted = byGroup(all.map(monitor => ({ monitor, state: shownState(monitor, now) })))
  const { items, at, pages } = pageOf(sorted, page, monitorsPerPage)
  const history = await historyOf(
    context,
    items.map(({ monitor }) => monitor),
    now,
  )
  const heartbeats = await heartbeatsOf(
    context,
    items.map(({ monitor }) => monitor),
  )
  const entryOf = (monitor: Monitor, state: ShownState) => {
    const heartbeat = heartbeats.get(monitor.id)
    if (heartbeat !== undefined)
      return joined([
        html`${stateIcons[state]} <b>${monitor.name}</b>: ${heartbeatState(context, monitor, heartbeat)}`,
        joined([history(monitor).uptimes, lastPing(context, heartbeat)], ' · '),
      ])
    const checked = monitor.judgedAt && messages.lastCheck(ago(monitor.judgedAt, now, context))
    const { uptimes, line } = history(monitor)
    return joined([
      html`${stateIcons[state]} <b>${monitor.name}</b>: ${messages.monitorState[state]}`,
      line && html`<code>${line}</code>`,
      joined([uptimes, checked], ' · '),
    ])
  }
  const entries = items.map(({ monitor, state }, index) => {
    const isFirst = index === 0 || items[index - 1]?.monitor.groupName !== monitor.groupName
    return joined([isFirst && monitor.groupName !== null && html`<b>${monitor.groupName}</b>`, entryOf(monitor, state)])
  })
  return {
    html: joined([messages.monitorsTitle(all.length), ...entries], '\n\n'),
    buttons: [
      ...items.map(({ monitor, state }): Button[] => [
        { text: label(`${stateIcons[state]} ${monitor.name}`), press: { act: 'monitor', monitor: monitor.id } },
      ]),
      ...pageRow(at, pages, to => ({ act: 'monitors', page: to })),
      [
        { text: messages.history.incidentsButton, press: { act: 'incidents', page: 0 } },
        { text: messages.wizard.start, press: { act: 'newMonitor' } },
      ],
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
  const { uptimes } = (await historyOf(context, [monitor], now))(monitor)
  return {
    html: joined(
      [
        html`${stateIcons[shown]} <b>${monitor.name}</b>`,
        joined([
          since ? messages.stateSince(state, ago(since, now, context)) : state,
          await sayMonitorSilence(context, monitor.id),
          uptimes,
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
  const { uptimes, line, averageMs } = (await historyOf(context, [monitor], now))(monitor)
  const last = await deps.monitorHistory.lastResult(monitor.id, dayBefore(now))
  const shown = shownState(monitor, now)
  const state = messages.monitorState[shown]
  const since = shown === 'up' || shown === 'down' ? monitor.stateSince : null
  const stateLine = since ? messages.stateSince(state, ago(since, now, context)) : state
  const uptimeLine = joined(
    [
      uptimes ?? messages.uptimeUnknown,
      averageMs !== null && messages.averageResponse(sayMilliseconds(averageMs, chat.language)),
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
    html: joined(
      [
        nameLines,
        joined([
          stateLine,
          line && html`<code>${line}</code>`,
          await sayMonitorSilence(context, monitor.id),
          uptimeLine,
          intervalLine,
          checkLine,
          phasesOf(context, last),
        ]),
        await lastIncidents(context, monitor),
      ],
      '\n\n',
    ),
    buttons: cardButtons(monitor, messages),
  }
}

/** How long the parts of the last check took, and why it failed. */
const phasesOf = ({ chat, messages }: ChatContext, last: LastResult | null): string | null => {
  if (last === null) return null
  const { phases } = messages.history
  const times = (Object.keys(phases) as (keyof typeof phases)[]).flatMap(phase => {
    const ms = last[phase]
    return ms === null ? [] : [`${phases[phase]} ${sayMilliseconds(ms, chat.language)}`]
  })
  const failure = last.error === null ? [] : [sayProbeError(last.error, chat.language, last.status)]
  return [...failure, ...times].join(' · ') || null
}

const cardButtons = ({ id, kind, pausedAt }: Monitor, messages: BotMessages): Button[][] => {
  const check: Button[] = [{ text: messages.check, press: { act: 'check', monitor: id } }]
  const edit: Button = { text: messages.wizard.edit, press: { act: 'edit', monitor: id } }
  const rename: Button = { text: messages.wizard.rename, press: { act: 'rename', monitor: id } }
  const why: Button = { text: messages.history.why[1], press: { act: 'why', monitor: id, days: 1 } }
  const toggle: Button = pausedAt
    ? { text: messages.resume, press: { act: 'resume', monitor: id } }
    : { text: messages.pause, press: { act: 'pause', monitor: id } }
  return [
    ...(pausedAt || kind === 'heartbeat' ? [] : [check]),
    [edit, toggle],
    [
      { text: messages.silence.button, press: { act: 'silences', monitor: id } },
      { text: messages.maintenance.button, press: { act: 'plan', scope: `m${id}`, day: '-', hour: '-', minutes: '-' } },
    ],
    [why, rename],
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
