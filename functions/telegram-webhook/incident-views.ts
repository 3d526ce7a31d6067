import type { NamedIncident } from '#database/uptime/monitor-history.ts'
import type { Monitor } from '#database/uptime/monitors.ts'
import { type Html, html, joined } from '#functions/telegram/html.ts'
import { knownZone, sayDuration } from '#functions/wording/dates.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import { tellInstant } from '#functions/wording/times.ts'
import { sayUptime } from '#functions/wording/uptime.ts'
import type { ChatContext } from './context.ts'
import type { BotMessages } from './messages/messages.ts'
import { pageRow } from './pages.ts'
import type { Button, View } from './reply.ts'

const incidentsPerPage = 8
const dayMs = 86_400_000

/** The periods of the uptime, in days. */
export const uptimeDays = [1, 30] as const
export type UptimeDays = (typeof uptimeDays)[number]

/** The texts about the history of a monitor of this kind. A heartbeat is on time or not, and has no checks. */
export const historyTexts = ({ history }: BotMessages, kind: Monitor['kind']): BotMessages['history'] =>
  kind === 'heartbeat'
    ? { ...history, ...history.ofHeartbeat, time: { ...history.time, ...history.ofHeartbeat.time } }
    : history

/** When an outage began, how long it lasted, and why. */
const incidentLine = (context: ChatContext, incident: NamedIncident, withName: boolean): Html => {
  const { deps, chat, messages } = context
  const { openedAt, closedAt, error, status, name } = incident
  const now = deps.clock()
  const reader = { language: chat.language, zone: knownZone(chat.zone), now }
  const lasted = sayDuration((closedAt ?? now).getTime() - openedAt.getTime(), chat.language)
  return html`${closedAt === null ? '🔴' : '⚫'} ${withName && html`<b>${name}</b> · `}${tellInstant(openedAt, reader)} · ${
    closedAt === null ? messages.history.stillDown(lasted) : lasted
  }: ${sayProbeError(error, chat.language, status)}`
}

/** The outages of all monitors of the chat, the newest first, by pages. */
export const incidentsList = async (context: ChatContext, page: number): Promise<View> => {
  const { deps, chat, messages } = context
  const read = (at: number) =>
    deps.monitorHistory.incidents(chat.id, null, { limit: incidentsPerPage, offset: at * incidentsPerPage })
  let { incidents, count } = await read(page)
  const pages = Math.max(1, Math.ceil(count / incidentsPerPage))
  // Outages are deleted with their monitor, so the page may be after the end.
  const at = Math.min(page, pages - 1)
  if (at !== page) ({ incidents, count } = await read(at))
  if (count === 0) return { html: messages.history.incidentsNone() }
  return {
    html: joined(
      [
        messages.history.incidentsTitle(count),
        joined(incidents.map(incident => incidentLine(context, incident, true))),
      ],
      '\n\n',
    ),
    buttons: [
      ...pageRow(at, pages, to => ({ act: 'incidents', page: to })),
      [{ text: messages.monitorsButton, press: { act: 'monitors', page: 0 } }],
    ],
  }
}

/** The last five outages of a monitor, for its details. */
export const lastIncidents = async (context: ChatContext, monitor: Monitor): Promise<Html> => {
  const { deps, chat, messages } = context
  const { incidents } = await deps.monitorHistory.incidents(chat.id, monitor.id, { limit: 5, offset: 0 })
  return incidents.length === 0
    ? messages.history.noIncidents()
    : joined([messages.history.lastIncidents(), ...incidents.map(incident => incidentLine(context, incident, false))])
}

/** Why the uptime has its value: the time with each result, and the outages that count. */
export const uptimeReasons = async (context: ChatContext, monitor: Monitor, days: UptimeDays): Promise<View> => {
  const { deps, chat, messages } = context
  const history = historyTexts(messages, monitor.kind)
  const now = deps.clock()
  const since = new Date(now.getTime() - days * dayMs)
  const sums = (await deps.uptime.uptimeOf([monitor.id], { from: since, to: now })).get(monitor.id)
  const counted = await deps.monitorHistory.countedIncidents(monitor.id, since, now)
  const said = (seconds: number) => sayDuration(seconds * 1000, chat.language)
  const uptime = sums?.uptime == null ? null : sayUptime(sums.uptime, chat.language)
  const shown = counted.slice(0, 10)
  const outages =
    counted.length === 0
      ? history.noCountedIncidents()
      : joined([
          history.countedIncidents(),
          ...shown.map(incident => incidentLine(context, incident, false)),
          counted.length > shown.length && messages.andMore(counted.length - shown.length),
        ])
  return {
    html: joined(
      [
        joined([html`<b>${monitor.name}</b>`, uptime === null ? history.noUptime() : history.uptimeOf[days](uptime)]),
        joined([
          history.time.up(said(sums?.okS ?? 0)),
          history.time.down(said(sums?.failedS ?? 0)),
          history.time.unknown(said(sums?.missedS ?? 0)),
          history.time.maintenance(said(sums?.maintenanceS ?? 0)),
        ]),
        history.uptimeRule(),
        outages,
      ],
      '\n\n',
    ),
    buttons: [
      uptimeDays
        .filter(other => other !== days)
        .map(
          (other): Button => ({ text: history.why[other], press: { act: 'why', monitor: monitor.id, days: other } }),
        ),
      [{ text: messages.backToList, press: { act: 'monitor', monitor: monitor.id } }],
    ],
  }
}
