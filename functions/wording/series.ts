import type { Language } from '#database/chats/language.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import { type Html, html } from '#functions/telegram/html.ts'

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
