import type { Language } from '#database/chats/language.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import { type Html, html } from '#functions/telegram/html.ts'

/** The season: `T2` (temporada), in English `S2`. */
const saySeason = (season: number, language: Language) => `${language === 'pt-BR' ? 'T' : 'S'}${season}`

/** Season and episode: `T2 E5` (in English `S2 E5`); for a special without a number `T2 especial`. */
export const sayEpisode = ({ season, number }: Pick<EventEpisode, 'season' | 'number'>, language: Language): string =>
  `${saySeason(season, language)} ${number === null ? (language === 'pt-BR' ? 'especial' : 'special') : `E${number}`}`

// The words in names that only number an episode (`Episode 7`), in the languages that TVmaze's editors use.
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

/**
 * The episode's name, or null if the name only repeats the number or is a placeholder: `Episode 7`, `S1E7`, `Part 7`,
 * `7`, `TBA`.
 */
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

/** Several episodes: `T2 E1–E8`, `T2 E1–E3, E5`, `T1 E10, T2 E1`, `T2 E1, 2 especiais`. */
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
  const parts = runs.map(
    ({ season, first, last }, at) =>
      `${runs[at - 1]?.season === season ? '' : `${saySeason(season, language)} `}E${first}${last === first ? '' : `–E${last}`}`,
  )
  const specials = episodes.length - numbered.length
  if (specials === 1) parts.push(episodes.length === 1 ? sayEpisode(episodes[0]!, language) : specialWord(language))
  else if (specials > 1) parts.push(language === 'pt-BR' ? `${specials} especiais` : `${specials} specials`)
  return parts.join(', ')
}

const specialWord = (language: Language) => (language === 'pt-BR' ? '1 especial' : '1 special')

/** The show's name in the language: in Portuguese its Brazilian name, if it has one. */
export const showName = ({ name, namePt }: Pick<EventShow, 'name' | 'namePt'>, language: Language): string =>
  (language === 'pt-BR' && namePt) || name

/** The show's name in bold. In Portuguese its Brazilian name comes first, if it is different. */
export const sayShow = (show: Pick<EventShow, 'name' | 'namePt'>, language: Language): Html => {
  const name = showName(show, language)
  return name.toLowerCase() === show.name.toLowerCase()
    ? html`<b>${show.name}</b>`
    : html`<b>${name}</b> (${show.name})`
}
