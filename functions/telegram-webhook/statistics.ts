import { ReportRequested } from '#events/report-requested.ts'
import { instantOf, knownZone } from '#functions/wording/dates.ts'
import type { ChatContext } from './context.ts'
import { label } from './pages.ts'
import { type Reply, sendReply } from './reply.ts'
import { reportsOnDemand } from './reports.ts'

/** The year of TVmaze's first data. */
const firstYear = 2000

/** Handles /estatisticas: requests the statistics of this year, or of the year that the person names. */
export const statisticsCommand = async (context: ChatContext, argument: string): Promise<Reply> => {
  const { deps, chat, origin, cause, messages } = context
  const now = deps.clock()
  const zone = knownZone(chat.zone)
  const thisYear = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(zone).year
  const year = argument === '' ? thisYear : /^\d{4}$/.test(argument.trim()) ? Number(argument) : Number.NaN
  if (!(year >= firstYear && year <= thisYear))
    return sendReply({ html: messages.statistics.unknownYear(label(argument), thisYear) })
  const mayAsk = await deps.allowances.take([{ subject: `report/${chat.id}`, ...reportsOnDemand }], cause.id, now)
  if (!mayAsk) return sendReply({ html: messages.reportedTooOften() })
  const { theme } = await deps.reportSettings.of(chat.id)
  const beginOf = (which: number) => instantOf(`${which}-01-01`, '00:00', zone).toISOString()
  return {
    ...sendReply({ html: messages.statistics.coming(year) }),
    events: [
      ReportRequested.from(cause, {
        subject: `chat/${chat.id}`,
        data: {
          ...{ chatId: chat.id, language: chat.language, zone, frequency: 'yearly', theme },
          ...{ from: beginOf(year), to: beginOf(year + 1), onDemand: true },
          ...(origin.threadId === undefined ? {} : { threadId: origin.threadId }),
        },
      }),
    ],
  }
}
