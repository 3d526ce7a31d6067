import type { Cursors } from '#database/operations/cursors.ts'
import type { DueReport, ReportSettings, Theme } from '#database/reports/report-settings.ts'
import type { Reports } from '#database/reports/reports.ts'
import type { Cause, EventOf, VigiaEvent } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { ReportRequested } from '#events/report-requested.ts'
import type { Clock } from '#functions/host/clock.ts'
import type { Logger } from '#functions/host/log.ts'
import type { Publish } from '#functions/host/publish.ts'
import { lastDue, periodOfDue } from '#functions/report/schedule.ts'
import { caption, type ReportReader } from './caption.ts'
import { collect, type ReportFigures, type Sources } from './collect.ts'
import { drawing } from './picture/drawing.ts'
import type { Renderer } from './picture/render.ts'
import { type YearDependencies, yearReport } from './year/year-report.ts'

const job = 'reporter'
const chatsPerBatch = 500
/** A tick starts no further batch after this time; the next tick requests the remaining reports. */
const tickBudgetMs = 40_000
/**
 * How long a report waits for the catalogue before it is made without the series. The broker repeats the event in the
 * meantime.
 */
const catalogueWaitMs = 5 * 60_000

interface TickDependencies {
  settings: ReportSettings
  cursors: Pick<Cursors, 'advance'>
  clock: Clock
  publish: Publish
}

/**
 * Handles a tick: requests the report of every chat whose hour has come. Of several missed reports of a chat only the
 * latest is requested. The requests are published before they are marked as done, so a crash in between repeats them
 * with the same ids.
 */
export const reportTick = async (
  tick: Cause,
  { settings, cursors, clock, publish }: TickDependencies,
): Promise<void> => {
  const now = clock()
  await settings.forgetFuture(now)
  const schedules = (await settings.schedules()).map(each => ({ ...each, dueAt: lastDue(each, each.zone, now) }))
  for (;;) {
    const due = await settings.due(schedules, chatsPerBatch)
    // A chat that cannot be reached is marked as done too, so that it does not get this report when it can be reached.
    const reachable = due.filter(({ chat }) => chat.unreachableSince === null)
    await publish(reachable.map(report => requestOf(tick, report)))
    await settings.markDone(due)
    if (due.length < chatsPerBatch) break
    if (clock().getTime() - now.getTime() > tickBudgetMs) return
  }
  await cursors.advance(job, now)
}

const requestOf = (tick: Cause, { chat, frequency, weekday, hour, theme, threadId, dueAt }: DueReport): VigiaEvent => {
  const length = frequency === 'weekly' ? 'weekly' : 'daily'
  const { from, to } = periodOfDue(dueAt, { frequency: length, weekday, hour }, chat.zone)
  return ReportRequested.from(tick, {
    id: `chat/${chat.id}/report@${dueAt.toISOString()}`,
    subject: `chat/${chat.id}`,
    data: {
      chatId: chat.id,
      language: chat.language,
      zone: chat.zone,
      frequency: length,
      theme,
      from: from.toISOString(),
      to: to.toISOString(),
      onDemand: false,
      ...(threadId === null ? {} : { threadId }),
    },
  })
}

interface ReportDependencies extends Sources, Pick<YearDependencies, 'seen'> {
  reports: Reports
  clock: Clock
  log: Logger
  /** Loads the library that draws pictures. */
  renderer(): Promise<Renderer>
}

/**
 * Handles report.requested: makes the report, stores it with its picture, and requests the message. A redelivered event
 * finds the stored report and requests the same message.
 */
export const reporter = async (
  event: EventOf<typeof ReportRequested>,
  dependencies: ReportDependencies,
): Promise<VigiaEvent[]> => {
  const { reports, clock } = dependencies
  const { chatId, threadId } = event.data
  const report =
    (await reports.find(event.id)) ??
    (await reports.keep(event.id, chatId, await makeReport(event, dependencies), clock()))
  if (report.html === null) return []
  return [
    MessageRequested.from(event, {
      subject: `chat/${chatId}`,
      data: {
        chatId,
        html: report.html,
        ...(report.hasPicture ? { reportPicture: report.id } : {}),
        ...(threadId === undefined ? {} : { threadId }),
      },
    }),
  ]
}

const makeReport = async (event: EventOf<typeof ReportRequested>, dependencies: ReportDependencies) => {
  const { clock, log } = dependencies
  const { frequency, ...rest } = event.data
  if (frequency === 'yearly') return yearReport(event, dependencies)
  const data = { ...rest, frequency }
  const period = { from: new Date(data.from), to: new Date(data.to) }
  const now = clock()
  const mayWait = !data.onDemand && now.getTime() - Date.parse(event.time) < catalogueWaitMs
  const figures = await collect(data, period, dependencies, now, error => {
    if (mayWait) throw error
    log.warn({ error, id: event.id }, 'the catalogue is unavailable; the report is made without the series')
  })
  const html = caption(figures, data)
  return { html, picture: html === null ? null : await pictureOf(figures, event.id, data, dependencies) }
}

/** The picture; null for a chat without monitors. Also null if it cannot be drawn, because the text has the facts. */
const pictureOf = async (
  { uptime, period }: ReportFigures,
  id: string,
  reader: ReportReader & { theme: Theme },
  { renderer, log }: ReportDependencies,
): Promise<Buffer | null> => {
  if (uptime === null) return null
  try {
    const { font, png } = await renderer()
    return png(drawing(uptime, period, reader, reader.theme, font))
  } catch (error) {
    log.error({ error, id }, 'the picture of a report could not be drawn; the report is sent without it')
    return null
  }
}
