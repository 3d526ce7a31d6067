import { type Language, sayZone } from '../when.ts'
import { folded } from './commands.ts'

/** Brazil's four, west to east as people name them; offered first. */
export const brazilianZones = ['America/Sao_Paulo', 'America/Manaus', 'America/Rio_Branco', 'America/Noronha'] as const

const brazilian: Record<string, string> = {
  'America/Sao_Paulo': 'Brasília · São Paulo',
  'America/Manaus': 'Amazonas · Manaus',
  'America/Rio_Branco': 'Acre · Rio Branco',
  'America/Noronha': 'Fernando de Noronha',
}

/** The zone as a button shows it: Brazil's by the names their people use, others by their city. */
export const zoneLabel = (zone: string, language: Language): string => brazilian[zone] ?? sayZone(zone, language)

/** Places whose zone has another city's name, or that Portuguese spells differently. */
const elsewhere: Record<string, string> = {
  brasilia: 'America/Sao_Paulo',
  'rio de janeiro': 'America/Sao_Paulo',
  'belo horizonte': 'America/Sao_Paulo',
  curitiba: 'America/Sao_Paulo',
  'porto alegre': 'America/Sao_Paulo',
  florianopolis: 'America/Sao_Paulo',
  goiania: 'America/Sao_Paulo',
  vitoria: 'America/Sao_Paulo',
  campinas: 'America/Sao_Paulo',
  salvador: 'America/Bahia',
  natal: 'America/Fortaleza',
  teresina: 'America/Fortaleza',
  'sao luis': 'America/Fortaleza',
  'joao pessoa': 'America/Fortaleza',
  aracaju: 'America/Maceio',
  macapa: 'America/Belem',
  palmas: 'America/Araguaina',
  acre: 'America/Rio_Branco',
  amazonas: 'America/Manaus',
  lisboa: 'Europe/Lisbon',
  porto: 'Europe/Lisbon',
  londres: 'Europe/London',
  madri: 'Europe/Madrid',
  roma: 'Europe/Rome',
  milao: 'Europe/Rome',
  berlim: 'Europe/Berlin',
  munique: 'Europe/Berlin',
  viena: 'Europe/Vienna',
  zurique: 'Europe/Zurich',
  bruxelas: 'Europe/Brussels',
  amsterda: 'Europe/Amsterdam',
  copenhague: 'Europe/Copenhagen',
  estocolmo: 'Europe/Stockholm',
  atenas: 'Europe/Athens',
  moscou: 'Europe/Moscow',
  varsovia: 'Europe/Warsaw',
  dublim: 'Europe/Dublin',
  'nova york': 'America/New_York',
  'nova iorque': 'America/New_York',
  miami: 'America/New_York',
  boston: 'America/New_York',
  orlando: 'America/New_York',
  washington: 'America/New_York',
  'san francisco': 'America/Los_Angeles',
  'sao francisco': 'America/Los_Angeles',
  seattle: 'America/Los_Angeles',
  'cidade do mexico': 'America/Mexico_City',
  assuncao: 'America/Asuncion',
  montevideu: 'America/Montevideo',
  toquio: 'Asia/Tokyo',
  pequim: 'Asia/Shanghai',
  beijing: 'Asia/Shanghai',
  xangai: 'Asia/Shanghai',
  singapura: 'Asia/Singapore',
  seul: 'Asia/Seoul',
  'nova delhi': 'Asia/Calcutta',
  'new delhi': 'Asia/Calcutta',
  mumbai: 'Asia/Calcutta',
  kolkata: 'Asia/Calcutta',
  kathmandu: 'Asia/Katmandu',
  'ho chi minh': 'Asia/Saigon',
  kyiv: 'Europe/Kiev',
  bangcoc: 'Asia/Bangkok',
  'tel aviv': 'Asia/Jerusalem',
  'cidade do cabo': 'Africa/Johannesburg',
  'cape town': 'Africa/Johannesburg',
  argel: 'Africa/Algiers',
  utc: 'UTC',
  gmt: 'UTC',
}

const key = (text: string) => folded(text).replaceAll('_', ' ').trim()

/** Every zone by every name it may be asked by, made at the first search only. */
let known: { name: string; zone: string }[] | undefined
const allNames = () => {
  known ??= [
    ...Object.entries(elsewhere).map(([name, zone]) => ({ name, zone })),
    ...Intl.supportedValuesOf('timeZone').flatMap(zone => [
      { name: key(zone.slice(zone.lastIndexOf('/') + 1)), zone },
      { name: key(zone), zone },
    ]),
  ]
  return known
}

/** The zone as Intl writes it, or null where there is none of that name. */
export const validZone = (name: string): string | null => {
  // Offsets (`-03:00`) pass Intl too, but know no summer time, so they are no zone.
  if (!/^[a-z]/i.test(name)) return null
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone
  } catch {
    return null
  }
}

/** One zone that is surely meant, or up to six that may be. */
export const findZone = (asked: string): { zone: string } | { suggestions: string[] } => {
  // `Fortaleza, CE`, `Lisbon, Portugal`: the city comes first.
  const wanted = key(asked.split(',', 1)[0]!)
  const names = allNames()
  const exact =
    names.find(({ name }) => name === wanted)?.zone ?? (asked.includes('/') ? validZone(asked.trim()) : null)
  if (exact) return { zone: exact }
  if (wanted.length < 2) return { suggestions: [] }
  const unique = (found: { zone: string }[]) => [...new Set(found.map(({ zone }) => zone))]
  const begins = unique(names.filter(({ name }) => name.startsWith(wanted)))
  if (begins.length === 1 && wanted.length >= 4) return { zone: begins[0]! }
  const contains = unique(names.filter(({ name }) => name.includes(wanted)))
  const close = unique(
    names
      .filter(({ name }) => Math.abs(name.length - wanted.length) <= 2)
      .map(({ name, zone }) => ({ zone, distance: distance(name, wanted) }))
      .filter(found => found.distance <= (wanted.length > 5 ? 2 : 1))
      .sort((one, other) => one.distance - other.distance),
  )
  return { suggestions: [...new Set([...begins, ...contains, ...close])].slice(0, 6) }
}

/** How many letters must be typed, removed or changed to make one word of the other. */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1))
    row = next
  }
  return row[other.length]!
}
