import type { Language } from '#database/chats/language.ts'
import { folded } from '#functions/wording/fold.ts'
import { sayZone } from '#functions/wording/zone-names.ts'
import { type NamedZone, offsetsOf, places, stateZones, zonesOfCountry } from './place-zones.ts'

/** One zone for each of Brazil's four offsets, the most populous first. */
export const brazilianZones = ['America/Sao_Paulo', 'America/Manaus', 'America/Rio_Branco', 'America/Noronha'] as const

const brazilian: Record<string, string> = {
  'America/Sao_Paulo': 'Brasília · São Paulo',
  'America/Manaus': 'Amazonas · Manaus',
  'America/Rio_Branco': 'Acre · Rio Branco',
  'America/Noronha': 'Fernando de Noronha',
}

/** The zones that `/fuso` offers: in Portuguese those of Brazil, in English those of the USA, London and São Paulo. */
export const offeredZones: Record<Language, readonly string[]> = {
  'pt-BR': brazilianZones,
  en: [
    'America/New_York',
    'America/Chicago',
    'America/Denver',
    'America/Los_Angeles',
    'Europe/London',
    'America/Sao_Paulo',
  ],
}

/** The text of a zone on a button: the names that Brazilians use for their zones, the city for other zones. */
export const zoneLabel = (zone: string, language: Language): string => brazilian[zone] ?? sayZone(zone, language)

const comparable = (text: string) =>
  folded(text)
    .replace(/['’.]/g, '')
    .replace(/[^\p{L}\p{N}/+]+/gu, ' ')
    .trim()

/** Every zone by each of its names. The list is made at the first search. */
let allZoneNames: NamedZone[] | undefined
const allNames = () => {
  allZoneNames ??= [
    ...places,
    ...Intl.supportedValuesOf('timeZone').flatMap(zone => [
      { name: comparable(zone.slice(zone.lastIndexOf('/') + 1)), zone },
      { name: comparable(zone), zone },
    ]),
  ]
  return allZoneNames
}

/** The zone with this name, as Intl writes it; null if there is none. */
export const validZone = (name: string): string | null => {
  // Intl also accepts offsets (`-03:00`). They are not zones, because they have no summer time.
  if (!/^[a-z]/i.test(name)) return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return null
  }
}

const maxSuggestions = 8

/** One zone of Brazil for each offset. Brazil has no summer time, so the offset of a zone never changes. */
const brazilianOffsets: Record<number, string> = {
  [-120]: 'America/Noronha',
  [-180]: 'America/Sao_Paulo',
  [-240]: 'America/Manaus',
  [-300]: 'America/Rio_Branco',
}

/** The offset from UTC in minutes, from `-3`, `UTC-3` or `GMT+05:30`; null for other texts. */
const offsetIn = (asked: string): number | null => {
  const [, sign, hours, minutes = '0'] =
    /^(?:utc|gmt|z)?\s*([+\-\u2212\u2010-\u2015])\s*(\d{1,2})(?::?([0-5]\d))?\s*(?:h|horas?|hours?)?$/.exec(
      folded(asked).trim(),
    ) ?? []
  if (sign === undefined) return null
  return (sign === '+' ? 1 : -1) * (Number(hours) * 60 + Number(minutes))
}

/** The zone that has this offset all year, else the zones that have it for a part of the year. */
const zoneAt = (offset: number, language: Language): FoundZone => {
  if (offset === 0) return { zone: 'UTC' }
  const brazilianZone = language === 'pt-BR' ? brazilianOffsets[offset] : undefined
  if (brazilianZone !== undefined) return { zone: brazilianZone }
  // The signs of these names are reversed (POSIX): `Etc/GMT+3` is three hours behind UTC.
  const fixed = offset % 60 === 0 ? validZone(`Etc/GMT${offset < 0 ? '+' : '-'}${Math.abs(offset) / 60}`) : null
  if (fixed !== null) return { zone: fixed }
  const zones = Intl.supportedValuesOf('timeZone').map(zone => ({ zone, offsets: offsetsOf(zone) }))
  const constant = zones.find(({ offsets }) => offsets.every(each => each === offset))
  if (constant) return { zone: constant.zone }
  return { suggestions: unique(zones.filter(({ offsets }) => offsets.includes(offset))).slice(0, maxSuggestions) }
}

const unique = (found: readonly { zone: string }[]) => [...new Set(found.map(({ zone }) => zone))]

/** The name of the place in `horário de Brasília`, `moro em Recife`, `Lisbon time` or `estado do Pará`. */
const placeIn = (asked: string) =>
  comparable(asked)
    .replace(/^(?:eu )?(?:moro|vivo|estou|to|fico|sou|i live|im|i am) (?=\S)/, '')
    .replace(/^(?:para|pra|em|n[oa]|d[eoa]|to|in|at|from)(?: [oa])? (?=\S)/, '')
    .replace(
      /^(?:horario|hora|fuso(?: horario)?|zona|cidade|estado|time ?zone|city|state)(?: local)?(?: d[eoa]s?| of)? /,
      '',
    )
    .replace(/^us (?=(?:eastern|central|mountain|pacific)\b)/, '')
    .replace(/ (?:(?:standard|daylight) time|time|time ?zone)$/, '')
    .trim()

/** The zones of the places with exactly this name. */
const zonesNamed = (wanted: string): string[] =>
  unique([
    ...allNames().filter(({ name }) => name === wanted),
    ...zonesOfCountry(wanted, comparable).map(zone => ({ zone })),
  ])

type FoundZone = { zone: string } | { suggestions: string[] }

/**
 * The zones of a place, by its name or the two letters of a state. In Portuguese, Brazil's states come first; in
 * English, those of the USA.
 */
const zonesOf = (wanted: string, language: Language): string[] => {
  const { brazil, usa } = stateZones(wanted)
  const named = zonesNamed(wanted)
  if (language === 'pt-BR') return brazil.length > 0 ? brazil : named.length > 0 ? named : usa
  return [...new Set([...usa, ...named, ...brazil])]
}

/** The zones of a city in a region: `Fortaleza, CE`, `Vitória/ES`, `Belém (PA)`, `Portland, Maine`. */
const placeWithin = (place: string, region: string, language: Language): string[] => {
  const zones = zonesOf(place, language)
  const { brazil, usa } = stateZones(region)
  const around = [...zonesNamed(region), ...brazil, ...usa]
  if (around.length === 0) return zones
  const clocks = new Set(around.map(zone => offsetsOf(zone).join()))
  const inBoth = zones.filter(zone => clocks.has(offsetsOf(zone).join()))
  if (inBoth.length > 0) return inBoth
  const regional = language === 'en' && usa.length > 0 ? usa : zonesOf(region, language)
  // If a city with this name is only in another region, the bot suggests the zones of both regions. For an unknown city
  // the bot uses the region's zone.
  return [...new Set([...regional, ...zones])]
}

/** Removes the offset from `GMT-3 (Brasília)` or `(UTC-03:00) Brasília`, because the place is more precise. */
const withoutOffset = (asked: string): string => {
  const rest = asked.replace(/\(?\b(?:utc|gmt)\s*[+\-\u2212]\s*\d{1,2}(?::?\d\d)?\)?/i, '')
  return /\p{L}/u.test(rest) ? rest.replace(/^[\s(]+|[\s)]+$/g, '') : asked
}

/**
 * The zone that a person means, or up to eight suggestions if that is not certain. A part of a name gives only
 * suggestions.
 */
export const findZone = (typed: string, language: Language = 'pt-BR'): FoundZone => {
  const offset = offsetIn(typed)
  if (offset !== null) return zoneAt(offset, language)
  const exactId = /^[a-z]+(?:\/[a-z_+\-0-9]+)+$/i.test(typed.trim()) ? validZone(typed.trim()) : null
  if (exactId !== null) return { zone: exactId }
  const asked = withoutOffset(typed)
  if (/^(?:brasil|brazil|br)$/.test(comparable(asked))) return { suggestions: [...brazilianZones] }
  const [first = '', region = ''] = asked.split(/[,(/]| - /)
  const place = placeIn(first)
  const [, city, code] = /^(.+) ([a-z]{2})$/.exec(place) ?? []
  for (const zones of [
    zonesOf(placeIn(asked), language),
    comparable(region) === '' ? zonesOf(place, language) : placeWithin(place, placeIn(region), language),
    city === undefined ? [] : placeWithin(city, code!, language),
  ]) {
    if (zones.length === 1) return { zone: zones[0]! }
    if (zones.length > 1) return { suggestions: zones.slice(0, maxSuggestions) }
  }
  if (place.length < 2) return { suggestions: [] }
  const names = allNames()
  const begins = unique(names.filter(({ name }) => name.startsWith(place)))
  const contains = unique(names.filter(({ name }) => name.includes(place)))
  const close = unique(
    names
      .filter(({ name }) => Math.abs(name.length - place.length) <= 2)
      .map(({ name, zone }) => ({ zone, distance: distance(name, place) }))
      .filter(found => found.distance <= (place.length > 5 ? 2 : 1))
      .sort((one, other) => one.distance - other.distance),
  )
  return { suggestions: [...new Set([...begins, ...contains, ...close])].slice(0, maxSuggestions) }
}

/** The edit distance of two words: the number of letters to add, remove, change or swap with the next letter. */
const distance = (one: string, other: string): number => {
  let before: number[] = []
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const [letter, wanted] = [one[i - 1], other[j - 1]]
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (letter === wanted ? 0 : 1))
      if (i > 1 && j > 1 && letter === other[j - 2] && one[i - 2] === wanted)
        next[j] = Math.min(next[j]!, before[j - 2]! + 1)
    }
    before = row
    row = next
  }
  return row[other.length]!
}
