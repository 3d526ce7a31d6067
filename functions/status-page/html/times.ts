import { type Html, html } from '#functions/telegram/html.ts'
import { dayOf, sayDate, sayInstant, sayPeriod } from '#functions/wording/dates.ts'
import { sayZoneTime } from '#functions/wording/zone-names.ts'
import { offeredZones } from '../zones.ts'
import type { Reader } from './layout.ts'

export const instant = (seconds: number): Date => new Date(seconds * 1000)

/** A time that a program can read exactly, and that the script shows in the visitor's zone. */
export const time = (seconds: number, reader: Reader): Html =>
  html`<time datetime="${instant(seconds).toISOString()}">${sayInstant(instant(seconds), reader)}</time>`

/** The beginning and the end of a period. The end names its day if it is another one. */
export const period = (from: number, to: number, reader: Reader): Html => {
  const [start, end] = [instant(from), instant(to)]
  const said = sayPeriod(start, end, reader)
  const today = dayOf(reader.now, reader.zone)
  const day = said.sameDay ? `${sayDate(dayOf(start, reader.zone), { language: reader.language, today })} · ` : ''
  return html`<time datetime="${start.toISOString()}">${day}${said.from}</time> – <time class="end" datetime="${end.toISOString()}">${said.to}</time>`
}

/** A day of the history, which has the same limits for every visitor. */
export const day = (seconds: number, { dayZone, language, now }: Reader): string =>
  sayDate(dayOf(instant(seconds), dayZone), { language, today: dayOf(now, dayZone) })

/**
 * Names the zone of the times. The script replaces the name, and shows the last sentence if the days have another zone.
 */
export const zoneLine = ({ texts, language, zone, dayZone }: Reader): Html =>
  html`<span id="zone" data-yours="${texts.zone.yours}">${texts.zone.named(sayZoneTime(zone, language))}</span> <span id="days" data-zone="${dayZone}"${
    zone === dayZone && html` hidden`
  }>${texts.zone.days(sayZoneTime(dayZone, language))}</span>`

/** A form that asks for the page with times in another zone. */
export const zoneForm = ({ texts, language, zone, dayZone, isZoneChosen, links }: Reader): Html | null =>
  links.kept === null
    ? null
    : html`<form class="zone"><label for="zones">${texts.zone.choose}</label> <select id="zones" name="zone"><option value="">${texts.zone.automatic}</option>${offeredZones(
        language,
        [zone, dayZone],
      ).map(
        offer =>
          html`<option value="${offer.zone}"${isZoneChosen && offer.zone === zone && html` selected`}>${offer.name}</option>`,
      )}</select>${Object.entries(links.kept).map(
        ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
      )} <button type="submit">${texts.zone.show}</button></form>`
