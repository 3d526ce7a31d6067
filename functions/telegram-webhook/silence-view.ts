import type { Html } from '#functions/telegram/html.ts'
import { knownZone } from '#functions/wording/dates.ts'
import { tellClock } from '#functions/wording/times.ts'
import type { ChatContext } from './context.ts'

/** For how long a monitor is silent; null if it is not. */
export const sayMonitorSilence = async (context: ChatContext, monitorId: number): Promise<Html | string | null> => {
  const { deps, chat, messages } = context
  const silence = await deps.silences.of(monitorId, deps.clock())
  if (silence === null) return null
  return silence === 'recovery'
    ? messages.silence.untilRecovery
    : messages.silence.until(tellClock(silence, { language: chat.language, zone: knownZone(chat.zone) }))
}
