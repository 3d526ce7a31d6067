import type { Language } from '#database/chats/language.ts'
import type { DataOf } from '#events/event.ts'
import type { OperatorsReport } from '#events/operators-report.ts'
import { cut, html, joined } from '#functions/telegram/html.ts'
import { maxTextLength } from '#functions/telegram/message.ts'
import { dayOf, sayDate } from '#functions/wording/dates.ts'
import type { TextSettings } from './notice-text.ts'

const texts = {
  'pt-BR': {
    title: 'Relatório da instalação',
    monitors: 'Monitores',
    states: { up: 'no ar', down: 'fora do ar', new: 'novos', paused: 'pausados' },
    missed: 'Verificações sem resultado, por falha nossa',
    lateness: 'Atraso das verificações no fim do período (metade, 99 %, todas)',
    messages: 'Mensagens enviadas, recusadas, esperando',
    deadLetters: 'Entregas que falharam',
    none: 'nenhuma',
    others: 'de outros tipos',
    events: 'Eventos',
    eventsElsewhere: 'contados pelo broker, veja o Grafana',
    database: 'Banco de dados',
  },
  en: {
    title: 'Report of the installation',
    monitors: 'Monitors',
    states: { up: 'up', down: 'down', new: 'new', paused: 'paused' },
    missed: 'Checks without a result, because of a fault on our side',
    lateness: 'Lateness of the checks at the end of the period (half, 99 %, all)',
    messages: 'Messages sent, refused, waiting',
    deadLetters: 'Failed deliveries',
    none: 'none',
    others: 'of other kinds',
    events: 'Events',
    eventsElsewhere: 'counted by the broker, see Grafana',
    database: 'Database',
  },
} as const

/** The daily report to the operators, as Telegram HTML. */
export const reportText = (report: DataOf<typeof OperatorsReport>, { language, zone }: TextSettings): string => {
  const text = texts[language]
  const number = (value: number) => new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(value)
  const { monitors, latenessS, messages, deadLetters, otherDeadLetters, events, database, tables } = report
  const lateness = [latenessS.half, latenessS.most, latenessS.all].map(seconds => `${number(seconds)} s`).join(', ')
  const states = (['up', 'down', 'new', 'paused'] as const).map(
    state => `${number(monitors[state])} ${text.states[state]}`,
  )
  return cut(
    joined([
      html`📋 <b>${text.title}</b> · ${sayDate(dayOf(report.to, zone), { language })}`,
      html`${text.monitors}: ${states.join(', ')}`,
      html`${text.missed}: ${number(report.missedChecks)}`,
      html`${text.lateness}: ${lateness}`,
      html`${text.messages}: ${[messages.sent, messages.refused, messages.waiting].map(number).join(', ')}`,
      html`${text.deadLetters}:${deadLetters.length === 0 && ` ${text.none}`}`,
      ...deadLetters.map(({ fingerprint, trigger, count }) => html`• ${number(count)} × ${trigger} #${fingerprint}`),
      otherDeadLetters > 0 && html`• ${number(otherDeadLetters)} ${text.others}`,
      html`${text.events}: ${events === null ? text.eventsElsewhere : number(events)}`,
      html`${text.database}: ${sayBytes(database, language)}`,
      ...tables.map(table => html`• ${table.name} ${sayBytes(table, language)}`),
    ]),
    maxTextLength,
  )
}

/** `1,2 GB (+30 MB)`. */
const sayBytes = ({ bytes, grown }: { bytes: number; grown: number | null }, language: Language): string => {
  const growth = grown === null ? '' : ` (${grown < 0 ? '−' : '+'}${sayAmount(Math.abs(grown), language)})`
  return `${sayAmount(bytes, language)}${growth}`
}

const sayAmount = (bytes: number, language: Language): string => {
  const unit = bytes >= 1e9 ? 'gigabyte' : bytes >= 1e6 ? 'megabyte' : 'kilobyte'
  const size = { gigabyte: 1e9, megabyte: 1e6, kilobyte: 1e3 }[unit]
  return new Intl.NumberFormat(language, { style: 'unit', unit, maximumFractionDigits: 1 }).format(bytes / size)
}
