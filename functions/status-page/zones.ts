import type { Language } from '#database/chats/language.ts'
import { memoize } from '#functions/host/memoize.ts'
import { isZone } from '#functions/wording/dates.ts'
import { sayZone } from '#functions/wording/zone-names.ts'
import { type RangeName, ranges } from './ranges.ts'

/** The zones that the form of a page offers. An address may name any other IANA zone too. */
const offered = [
  ...['America/Sao_Paulo', 'America/Manaus', 'America/Cuiaba', 'America/Rio_Branco', 'America/Noronha'],
  ...['America/Argentina/Buenos_Aires', 'America/Asuncion', 'America/Bogota', 'America/Caracas', 'America/Lima'],
  ...['America/Montevideo', 'America/Santiago', 'America/Mexico_City', 'America/New_York', 'America/Chicago'],
  ...['America/Denver', 'America/Los_Angeles', 'America/Halifax', 'Pacific/Honolulu', 'Atlantic/Azores'],
  ...['Atlantic/Cape_Verde', 'Africa/Luanda', 'Africa/Maputo', 'Africa/Lagos', 'Africa/Cairo', 'Africa/Nairobi'],
  ...['Africa/Johannesburg', 'Europe/Lisbon', 'Europe/London', 'Europe/Madrid', 'Europe/Paris', 'Europe/Berlin'],
  ...['Europe/Rome', 'Europe/Athens', 'Europe/Istanbul', 'Europe/Moscow', 'Asia/Dubai', 'Asia/Karachi'],
  ...['Asia/Calcutta', 'Asia/Bangkok', 'Asia/Jakarta', 'Asia/Shanghai', 'Asia/Singapore', 'Asia/Tokyo', 'Asia/Seoul'],
  ...['Asia/Dili', 'Australia/Perth', 'Australia/Sydney', 'Pacific/Auckland', 'UTC'],
]

/** The zones of a form with the names of their cities, in the order of the names. */
export const offeredZones = (language: Language, others: readonly string[]): { zone: string; name: string }[] =>
  [...new Set([...offered, ...others])]
    .map(zone => ({ zone, name: sayZone(zone, language) }))
    .toSorted((one, other) => collator(language).compare(one.name, other.name))

const collator = memoize((language: string) => new Intl.Collator(language), 2)

/** The IANA zone of this name; null if there is none, or if the name is an offset. */
export const zoneNamed = (name: string | null): string | null =>
  name !== null && /^[A-Za-z][\w+/-]{1,63}$/.test(name) && isZone(name) ? name : null

/** The zone of the times of a page, which the visitor may choose, and the zone of the days in its history. */
export const zonesOf = (
  { zone }: { zone: string },
  { zone: chosen, range }: { zone: string | null; range: RangeName },
) => ({
  zone: chosen ?? zone,
  dayZone: ranges[range].unit === 'utc day' ? 'UTC' : zone,
  isZoneChosen: chosen !== null,
})
