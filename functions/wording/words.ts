import type { Language } from '#database/chats/language.ts'
import { type ProbeErrorCode, type ProbeWarningCode, probeErrorCodes, probeWarningCodes } from '#events/probe-error.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import { type Html, html } from '#functions/telegram/html.ts'

type Said = Record<Language, string>

// Each goes on where "o site" / "the site" stops, so that it fits after a colon and in a sentence.
const probeErrors = {
  timeout: { 'pt-BR': 'não respondeu a tempo', en: 'did not answer in time' },
  refused: { 'pt-BR': 'recusou a conexão', en: 'refused the connection' },
  reset: { 'pt-BR': 'fechou a conexão sem responder', en: 'closed the connection without an answer' },
  dns: { 'pt-BR': 'o nome não foi encontrado (DNS)', en: 'the name was not found (DNS)' },
  unreachable: { 'pt-BR': 'está inacessível pela rede', en: 'cannot be reached over the network' },
  tls: { 'pt-BR': 'a conexão segura (HTTPS) falhou', en: 'the secure connection (HTTPS) failed' },
  'tls-expired': {
    'pt-BR': 'o certificado está fora da validade',
    en: 'the certificate has expired or is not valid yet',
  },
  'tls-wrong-host': { 'pt-BR': 'o certificado é de outro endereço', en: 'the certificate is for another address' },
  'tls-untrusted': { 'pt-BR': 'o certificado não é confiável', en: 'the certificate is not trusted' },
  'tls-weak': {
    'pt-BR': 'o certificado usa criptografia fraca demais',
    en: 'the certificate uses cryptography that is too weak',
  },
  'tls-client-certificate': {
    'pt-BR': 'exige um certificado de quem se conecta',
    en: 'requires a client certificate',
  },
  status: { 'pt-BR': 'respondeu com erro', en: 'answered with error' },
  protocol: { 'pt-BR': 'a resposta não é HTTP', en: 'the answer is not HTTP' },
  'too-large': {
    'pt-BR': 'os cabeçalhos da resposta são grandes demais',
    en: 'the headers of the answer are too large',
  },
  'too-many-redirects': {
    'pt-BR': 'redireciona vezes demais, ou em círculo',
    en: 'redirects too many times, or in a loop',
  },
  'bad-redirect': {
    'pt-BR': 'redireciona para um endereço que não posso acessar',
    en: 'redirects to an address that I cannot follow',
  },
  'private-address': {
    'pt-BR': 'fica numa rede privada, que eu não alcanço',
    en: 'is on a private network, which I cannot reach',
  },
  'blocked-port': { 'pt-BR': 'essa porta não pode ser vigiada', en: 'that port cannot be watched' },
  'missing-port': { 'pt-BR': 'falta a porta no endereço', en: 'the port is missing from the address' },
  'bad-url': { 'pt-BR': 'o endereço não é válido', en: 'the address is not valid' },
  'bad-scheme': { 'pt-BR': 'só vigio http, https e tcp', en: 'I only watch http, https and tcp' },
  credentials: { 'pt-BR': 'o endereço tem usuário ou senha', en: 'the address contains a user name or password' },
  'not-checked': { 'pt-BR': 'não consegui verificar', en: 'I could not check' },
} as const satisfies Record<ProbeErrorCode, Said>

const isProbeError = (code: string): code is ProbeErrorCode => (probeErrorCodes as readonly string[]).includes(code)

/** Why a check failed, to go on after the name of the site: `respondeu com erro 500`. A code that is news to us is said as it is. */
export const sayProbeError = (code: string, language: Language, status: number | null = null): string => {
  if (!isProbeError(code)) return language === 'pt-BR' ? `falhou (${code})` : `failed (${code})`
  const words = probeErrors[code][language]
  return code === 'status' && status !== null ? `${words} ${status}` : words
}

const probeWarnings = {
  'insecure-redirect': {
    'pt-BR': 'O site redireciona de https para http, sem criptografia',
    en: 'The site redirects from https to http, which is not encrypted',
  },
} as const satisfies Record<ProbeWarningCode, Said>

/** What is worth knowing although the site is up. A code that is not known here is repeated as it is. */
export const sayProbeWarning = (code: string, language: Language): string =>
  (probeWarningCodes as readonly string[]).includes(code) ? probeWarnings[code as ProbeWarningCode][language] : code

/** `T2` (temporada), in English `S2`. */
const saySeason = (season: number, language: Language) => `${language === 'pt-BR' ? 'T' : 'S'}${season}`

/** `T2 E5` (in English `S2 E5`), or for a special without a number `T2 especial`. */
export const sayEpisode = ({ season, number }: Pick<EventEpisode, 'season' | 'number'>, language: Language): string =>
  `${saySeason(season, language)} ${number === null ? (language === 'pt-BR' ? 'especial' : 'special') : `E${number}`}`

// How TVMaze's editors number an episode that has no name of its own, in the languages they write.
const episodeWords = new Set(
  'episode episódio episodio épisode episodul ep e chapter capítulo capitulo chapitre kapitel folge afsnit avsnitt aflevering season temporada staffel saison series série s t x nº no n'.split(
    ' ',
  ),
)
const partWords = new Set('the part parte partie teil day dia week semana'.split(' '))
const spelledNumbers = 'zero one two three four five six seven eight nine ten'.split(' ')
const romanNumbers = ' i ii iii iv v vi vii viii ix x'.split(' ')

const numeralOf = (token: string): number | null => {
  if (/^\d+$/.test(token)) return Number(token)
  const at = Math.max(spelledNumbers.indexOf(token), romanNumbers.indexOf(token))
  return at < 0 ? null : at
}

/** The episode's name, or null where it only repeats the number or says nothing: `Episode 7`, `S1E7`, `Part 7`, `7`, `TBA`. */
export const episodeName = ({
  name,
  season,
  number,
}: Pick<EventEpisode, 'name' | 'season' | 'number'>): string | null => {
  const text = name.trim()
  const tokens = text.toLowerCase().match(/\p{L}+|\d+/gu) ?? []
  if (tokens.length === 0 ? text === '' : /^tb[acd]$/.test(tokens.join(''))) return null
  const isWord = (token: string) => episodeWords.has(token) || partWords.has(token)
  const numerals = tokens.filter(token => numeralOf(token) !== null && !episodeWords.has(token))
  if (numerals.length === 0 || !tokens.every(token => isWord(token) || numeralOf(token) !== null)) return text
  const numbersAnEpisode = tokens.some(token => episodeWords.has(token)) && numerals.every(token => /^\d+$/.test(token))
  const repeatsNumber = numerals.every(token => [season, number].includes(numeralOf(token)!))
  const isSpelledAlone = !tokens.some(isWord) && numerals.some(token => !/^\d+$/.test(token))
  return numbersAnEpisode || (repeatsNumber && !isSpelledAlone) ? null : text
}

/** Several at once: `T2 E1–E8`, `T2 E1–E3, E5`, `T1 E10, T2 E1`, `T2 E1, 2 especiais`. */
export const sayEpisodes = (
  episodes: readonly Pick<EventEpisode, 'season' | 'number'>[],
  language: Language,
): string => {
  const numbered = episodes
    .flatMap(({ season, number }) => (number === null ? [] : [{ season, number }]))
    .sort((one, other) => one.season - other.season || one.number - other.number)
  const runs: { season: number; first: number; last: number }[] = []
  for (const { season, number } of numbered) {
    const run = runs.at(-1)
    if (run?.season === season && number <= run.last + 1) run.last = number
    else runs.push({ season, first: number, last: number })
  }
  const said = runs.map(
    ({ season, first, last }, at) =>
      `${runs[at - 1]?.season === season ? '' : `${saySeason(season, language)} `}E${first}${last === first ? '' : `–E${last}`}`,
  )
  const specials = episodes.length - numbered.length
  if (specials === 1) said.push(episodes.length === 1 ? sayEpisode(episodes[0]!, language) : specialWord(language))
  else if (specials > 1) said.push(language === 'pt-BR' ? `${specials} especiais` : `${specials} specials`)
  return said.join(', ')
}

const specialWord = (language: Language) => (language === 'pt-BR' ? '1 especial' : '1 special')

/** The show's name in bold; a Brazilian reader gets the name it has in Brazil first, where that is another one. */
export const sayShow = ({ name, namePt }: Pick<EventShow, 'name' | 'namePt'>, language: Language): Html =>
  language === 'pt-BR' && namePt !== undefined && namePt.toLowerCase() !== name.toLowerCase()
    ? html`<b>${namePt}</b> (${name})`
    : html`<b>${name}</b>`
