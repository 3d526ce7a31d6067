import type { Language } from '#database/chats/language.ts'
import type { HeartbeatSettings } from '#events/heartbeat-settings.ts'
import { scheduleOf } from '#functions/checks/heartbeat.ts'
import { type Html, html } from '#functions/telegram/html.ts'
import { sayDuration } from './dates.ts'
import { sayZoneTime } from './zone-names.ts'

/** When pings are expected: `a cada 1 h, com tolerância de 6 min`, in English `every 1 h, at most 6 min late`. */
export const sayHeartbeatSchedule = (settings: HeartbeatSettings, language: Language): Html => {
  const schedule = scheduleOf(settings)
  const grace = sayDuration(schedule.graceS * 1_000, language)
  const times =
    'periodS' in schedule
      ? {
          'pt-BR': html`a cada ${sayDuration(schedule.periodS * 1_000, language)}`,
          en: html`every ${sayDuration(schedule.periodS * 1_000, language)}`,
        }
      : {
          'pt-BR': html`pelo cron <code>${schedule.cron}</code> (${sayZoneTime(schedule.timeZone, language)})`,
          en: html`by cron <code>${schedule.cron}</code> (${sayZoneTime(schedule.timeZone, language)})`,
        }
  return {
    'pt-BR': html`${times['pt-BR']}, com tolerância de ${grace}`,
    en: html`${times.en}, at most ${grace} late`,
  }[language]
}

/** Why a heartbeat is down, as a text that fits after its name. */
export const sayHeartbeatFailure = (error: string, exitCode: number | null, language: Language): string => {
  switch (error) {
    case 'no-ping':
      return { 'pt-BR': 'não deu sinal', en: 'did not ping' }[language]
    case 'run-overdue':
      return { 'pt-BR': 'começou e não terminou', en: 'started and did not finish' }[language]
    default:
      return exitCode === null
        ? { 'pt-BR': 'falhou', en: 'failed' }[language]
        : { 'pt-BR': `falhou com o código ${exitCode}`, en: `failed with exit code ${exitCode}` }[language]
  }
}
