import type { Language } from '#database/chats/language.ts'

// IANA names contain the English name of a city in ASCII. This list has the cities whose names are written in another
// way.
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

/**
 * The city in the name of a zone, as people write it: `America/Sao_Paulo` is São Paulo. For `Etc/GMT+3` the offset,
 * `UTC-3`.
 */
export const sayZone = (zone: string, language: Language): string => {
  // The signs of these names are reversed (POSIX): `Etc/GMT+3` is three hours behind UTC.
  const [, sign, hours] = /^Etc\/GMT([+-])(\d+)$/.exec(zone) ?? []
  if (sign !== undefined) return `UTC${sign === '+' ? '-' : '+'}${hours}`
  const city = cities[zone]
  if (city !== undefined) return typeof city === 'string' ? city : city[language]
  return zone.slice(zone.lastIndexOf('/') + 1).replaceAll('_', ' ')
}

// Zones whose time is not named after their city, or whose name needs an article in Portuguese.
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

/** The name of a zone's time: `horário de Brasília`, `Lisbon time`, `UTC-3`. */
export const sayZoneTime = (zone: string, language: Language): string => {
  const known = zoneTimes[zone]?.[language]
  if (known !== undefined) return known
  const name = sayZone(zone, language)
  if (name.startsWith('UTC')) return name
  return language === 'pt-BR' ? `horário de ${name}` : `${name} time`
}
