import type { Language } from '#database/chats/language.ts'
import { memoize } from '#functions/host/memoize.ts'

/**
 * Days, hours and spans as people say them. Instants come as RFC 3339 text and are always said in somebody's IANA zone;
 * dates (`YYYY-MM-DD`) have no zone and are never turned into instants for display.
 */

type Instant = string | Date

/** The zone of a chat that has chosen none, or whose zone this machine's calendar does not have. */
export const defaultZone = 'America/Sao_Paulo'

/** Whether this machine's calendar has the IANA zone. */
export const isZone = memoize(zone => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}, 2_000)

const known = (zone: string) => (isZone(zone) ? zone : defaultZone)

const exact = (instant: Instant) =>
  Temporal.Instant.fromEpochMilliseconds((instant instanceof Date ? instant : new Date(instant)).getTime())

/** The calendar day, `YYYY-MM-DD`, that it is in `zone` at `instant`. */
export const dayOf = (instant: Instant, zone: string): string =>
  exact(instant).toZonedDateTimeISO(known(zone)).toPlainDate().toString()

/** The instant of a wall clock in a zone. A clock that summer time skips is taken an hour later, one that comes twice the first time. */
export const instantOf = (date: string, clock: string, zone: string): Date =>
  new Date(Temporal.PlainDateTime.from(`${date}T${clock}`).toZonedDateTime(known(zone)).epochMilliseconds)

const daysBetween = (from: string, to: string): number =>
  Temporal.PlainDate.from(from).until(Temporal.PlainDate.from(to), { largestUnit: 'days' }).days

const near: Record<Language, Record<number, string>> = {
  'pt-BR': { [-1]: 'ontem', 0: 'hoje', 1: 'amanhã' },
  en: { [-1]: 'yesterday', 0: 'today', 1: 'tomorrow' },
}

// Making an Intl formatter costs tens of microseconds, and a fan-out says thousands of dates.
const formatters = new Map<string, Intl.DateTimeFormat>()
const formatter = (language: Language, options: Intl.DateTimeFormatOptions) => {
  const key = `${language} ${JSON.stringify(options)}`
  const made = formatters.get(key) ?? new Intl.DateTimeFormat(language, options)
  formatters.set(key, made)
  return made
}

/**
 * `hoje`, `amanhã`, else `sex., 20 nov` (`Fri, Nov 20`), with the year where it is another one and more than two months away.
 * Without `today` nothing is called hoje.
 */
export const sayDate = (date: string, { language, today }: { language: Language; today?: string }): string => {
  const away = today === undefined ? 0 : daysBetween(today, date)
  const word = today === undefined ? undefined : near[language][away]
  if (word !== undefined) return word
  const parts = formatter(language, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC',
  }).formatToParts(Date.parse(`${date}T12:00:00Z`))
  const part = (type: string) => parts.find(each => each.type === type)?.value ?? ''
  const month = part('month').replace(/\.$/, '')
  const year = Math.abs(away) > 62 && date.slice(0, 4) !== today?.slice(0, 4) ? part('year') : ''
  return language === 'pt-BR'
    ? `${part('weekday')}, ${part('day')} ${month}${year && ` ${year}`}`
    : `${part('weekday')}, ${month} ${part('day')}${year && `, ${year}`}`
}

type Reading = { language: Language; zone: string }

const clock = (instant: Instant, { language, zone }: Reading): string =>
  formatter(language, { timeStyle: 'short', timeZone: known(zone) })
    .format(instant instanceof Date ? instant : new Date(instant))
    // ICU puts a narrow no-break space before AM and PM, which some phones show as a box.
    .replace(/\u202f/g, ' ')

/** `UTC-4`, `UTC+10:30`: how far the zone's clocks are from UTC at that instant. */
const sayOffset = (instant: Instant, zone: string): string => {
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)/.exec(exact(instant).toZonedDateTimeISO(known(zone)).offset)!
  return `UTC${sign}${Number(hours)}${minutes === '00' ? '' : `:${minutes}`}`
}

/** Whether the clocks of the zone show this hour twice, because they are set back in between. */
const comesTwice = (instant: Instant, zone: string): boolean => {
  const shown = exact(instant).toZonedDateTimeISO(known(zone)).toPlainDateTime()
  const [first, second] = (['earlier', 'later'] as const).map(disambiguation =>
    shown.toZonedDateTime(known(zone), { disambiguation }),
  )
  return first!.epochMilliseconds !== second!.epochMilliseconds
}

/**
 * `22:00`, or in English `10:00 PM`, by the clock on the wall in `zone`; `1:30 AM UTC-4` in an hour that the clocks show twice.
 */
export const sayClock = (instant: Instant, reading: Reading): string =>
  comesTwice(instant, reading.zone)
    ? `${clock(instant, reading)} ${sayOffset(instant, reading.zone)}`
    : clock(instant, reading)

type Now = Reading & { now: Date }

const sayDay = (instant: Instant, { language, zone, now }: Now) =>
  sayDate(dayOf(instant, zone), { language, today: dayOf(now, zone) })

/** `hoje · 22:00`, `sex., 20 nov · 22:00`: day and hour as the clock on the wall in `zone` shows them. */
export const sayInstant = (instant: Instant, by: Now): string => `${sayDay(instant, by)} · ${sayClock(instant, by)}`

/**
 * Both ends of a stretch of time: their clocks where they lie in one day, else day and clock. Both tell their offset from UTC where
 * the clocks are set in between: else they would not be as far apart as they look.
 */
export const sayPeriod = (start: Instant, end: Instant, by: Now): { from: string; to: string; sameDay: boolean } => {
  const { zone } = by
  const sameDay = dayOf(start, zone) === dayOf(end, zone)
  const isSet = sayOffset(start, zone) !== sayOffset(end, zone)
  const isAmbiguous = comesTwice(start, zone) || comesTwice(end, zone)
  const [from, to] = [start, end].map(instant => {
    const said = isSet || isAmbiguous ? `${clock(instant, by)} ${sayOffset(instant, zone)}` : clock(instant, by)
    return sameDay ? said : `${sayDay(instant, by)} · ${said}`
  })
  return { from: from!, to: to!, sameDay }
}

const dayWords: Record<Language, [one: string, many: string]> = { 'pt-BR': ['dia', 'dias'], en: ['day', 'days'] }

/** `40 s`, `7 min`, `1 h 05 min`, `2 dias 3 h`: the two units that matter, nothing below a second. */
export const sayDuration = (ms: number, language: Language): string => {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) {
    const rest = minutes % 60
    return rest === 0 ? `${hours} h` : `${hours} h ${String(rest).padStart(2, '0')} min`
  }
  const rest = hours % 24
  const days = Math.floor(hours / 24)
  const whole = `${days} ${dayWords[language][days === 1 ? 0 : 1]}`
  return rest === 0 ? whole : `${whole} ${rest} h`
}

// Zones carry their city in plain ASCII and English; these are the ones that are written otherwise.
const cities: Record<string, string | Record<Language, string>> = {
  'America/Araguaina': 'Araguaína',
  'America/Belem': 'Belém',
  'America/Bahia': 'Salvador',
  'America/Cuiaba': 'Cuiabá',
  'America/Eirunepe': 'Eirunepé',
  'America/Maceio': 'Maceió',
  'America/Noronha': 'Fernando de Noronha',
  'America/Santarem': 'Santarém',
  'America/Sao_Paulo': 'São Paulo',
  'America/New_York': { 'pt-BR': 'Nova York', en: 'New York' },
  'America/Mexico_City': { 'pt-BR': 'Cidade do México', en: 'Mexico City' },
  'America/Bogota': 'Bogotá',
  'America/Cordoba': { 'pt-BR': 'Córdoba', en: 'Cordoba' },
  'America/Cancun': 'Cancún',
  'America/Cayenne': { 'pt-BR': 'Caiena', en: 'Cayenne' },
  'America/Panama': { 'pt-BR': 'Panamá', en: 'Panama' },
  'America/Puerto_Rico': { 'pt-BR': 'Porto Rico', en: 'Puerto Rico' },
  'America/Asuncion': 'Assunção',
  'America/Argentina/Buenos_Aires': 'Buenos Aires',
  'Africa/Algiers': { 'pt-BR': 'Argel', en: 'Algiers' },
  'Africa/Sao_Tome': 'São Tomé',
  'Africa/Johannesburg': { 'pt-BR': 'Joanesburgo', en: 'Johannesburg' },
  'America/Montevideo': { 'pt-BR': 'Montevidéu', en: 'Montevideo' },
  'Asia/Bangkok': { 'pt-BR': 'Bangcoc', en: 'Bangkok' },
  'Asia/Beirut': { 'pt-BR': 'Beirute', en: 'Beirut' },
  'Asia/Calcutta': { 'pt-BR': 'Calcutá', en: 'Kolkata' },
  'Asia/Jerusalem': { 'pt-BR': 'Jerusalém', en: 'Jerusalem' },
  'Asia/Katmandu': { 'pt-BR': 'Katmandu', en: 'Kathmandu' },
  'Asia/Riyadh': { 'pt-BR': 'Riad', en: 'Riyadh' },
  'Asia/Saigon': 'Ho Chi Minh',
  'Asia/Seoul': { 'pt-BR': 'Seul', en: 'Seoul' },
  'Asia/Shanghai': { 'pt-BR': 'Xangai', en: 'Shanghai' },
  'Asia/Singapore': { 'pt-BR': 'Singapura', en: 'Singapore' },
  'Asia/Tehran': { 'pt-BR': 'Teerã', en: 'Tehran' },
  'Asia/Tokyo': { 'pt-BR': 'Tóquio', en: 'Tokyo' },
  'Atlantic/Azores': { 'pt-BR': 'Açores', en: 'Azores' },
  'Atlantic/Canary': { 'pt-BR': 'Canárias', en: 'Canary Islands' },
  'Atlantic/Cape_Verde': { 'pt-BR': 'Cabo Verde', en: 'Cape Verde' },
  'Europe/Amsterdam': { 'pt-BR': 'Amsterdã', en: 'Amsterdam' },
  'Europe/Athens': { 'pt-BR': 'Atenas', en: 'Athens' },
  'Europe/Berlin': { 'pt-BR': 'Berlim', en: 'Berlin' },
  'Europe/Bucharest': { 'pt-BR': 'Bucareste', en: 'Bucharest' },
  'Europe/Budapest': { 'pt-BR': 'Budapeste', en: 'Budapest' },
  'Europe/Brussels': { 'pt-BR': 'Bruxelas', en: 'Brussels' },
  'Europe/Copenhagen': { 'pt-BR': 'Copenhague', en: 'Copenhagen' },
  'Europe/Helsinki': { 'pt-BR': 'Helsinque', en: 'Helsinki' },
  'Europe/Istanbul': { 'pt-BR': 'Istambul', en: 'Istanbul' },
  'Europe/Kiev': { 'pt-BR': 'Kiev', en: 'Kyiv' },
  'Europe/Lisbon': { 'pt-BR': 'Lisboa', en: 'Lisbon' },
  'Europe/London': { 'pt-BR': 'Londres', en: 'London' },
  'Europe/Luxembourg': { 'pt-BR': 'Luxemburgo', en: 'Luxembourg' },
  'Europe/Madrid': { 'pt-BR': 'Madri', en: 'Madrid' },
  'Europe/Moscow': { 'pt-BR': 'Moscou', en: 'Moscow' },
  'Europe/Prague': { 'pt-BR': 'Praga', en: 'Prague' },
  'Europe/Rome': { 'pt-BR': 'Roma', en: 'Rome' },
  'Europe/Stockholm': { 'pt-BR': 'Estocolmo', en: 'Stockholm' },
  'Europe/Vienna': { 'pt-BR': 'Viena', en: 'Vienna' },
  'Europe/Warsaw': { 'pt-BR': 'Varsóvia', en: 'Warsaw' },
  'Europe/Zurich': { 'pt-BR': 'Zurique', en: 'Zurich' },
}

/** The city that a zone is named after, as people there write it: `America/Sao_Paulo` is São Paulo. */
export const sayZone = (zone: string, language: Language): string => {
  // POSIX counts the other way: `Etc/GMT+3` is three hours behind UTC.
  const [, sign, hours] = /^Etc\/GMT([+-])(\d+)$/.exec(zone) ?? []
  if (sign !== undefined) return `UTC${sign === '+' ? '-' : '+'}${hours}`
  const city = cities[zone]
  if (city !== undefined) return typeof city === 'string' ? city : city[language]
  return zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ')
}

// Zones whose time people name after something else than the city.
const zoneTimes: Record<string, Record<Language, string>> = {
  'America/Sao_Paulo': { 'pt-BR': 'horário de Brasília', en: 'Brasília time' },
  'America/Rio_Branco': { 'pt-BR': 'horário do Acre', en: 'Acre time' },
  'America/Mexico_City': { 'pt-BR': 'horário da Cidade do México', en: 'Mexico City time' },
  'America/Panama': { 'pt-BR': 'horário do Panamá', en: 'Panama time' },
  'Africa/Cairo': { 'pt-BR': 'horário do Cairo', en: 'Cairo time' },
  'Atlantic/Azores': { 'pt-BR': 'horário dos Açores', en: 'Azores time' },
  'Atlantic/Canary': { 'pt-BR': 'horário das Canárias', en: 'Canary Islands time' },
  'Atlantic/Madeira': { 'pt-BR': 'horário da Madeira', en: 'Madeira time' },
}

/** Whose clock a time is by: `horário de Brasília`, `Lisbon time`, `UTC-3`. */
export const sayZoneTime = (zone: string, language: Language): string => {
  const known = zoneTimes[zone]?.[language]
  if (known !== undefined) return known
  const name = sayZone(zone, language)
  if (name.startsWith('UTC')) return name
  return language === 'pt-BR' ? `horário de ${name}` : `${name} time`
}

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
