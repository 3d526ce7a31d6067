import type { ShowRow } from './rows.ts'

/** TVmaze returns at most ten results. */
const maxHits = 10

/**
 * The shows whose name or alias is like `words`, best first. The search ignores accents, case and up to two typos in a
 * word.
 */
export const search = (shows: ShowRow[], words: string): { score: number; show: ShowRow }[] => {
  const wanted = wordsOf(words)
  if (wanted.length === 0) return []
  return shows
    .map(show => ({ show, score: scoreOf(show, wanted) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.show.id - b.show.id)
    .slice(0, maxHits)
    .map(({ show, score }) => ({ score: Math.round(score * 1e6) / 1e6, show }))
}

const scoreOf = (show: ShowRow, wanted: string[]): number => {
  const names = [show.name, ...show.akas.map(({ name }) => name)]
  const best = Math.max(...names.map(name => likeness(wanted, wordsOf(name))))
  return best === 0 ? 0 : best + show.weight / 1000
}

/** How similar a name is to the wanted words: 1 for equal names, 0 if a wanted word has no counterpart in the name. */
const likeness = (wanted: string[], name: string[]): number => {
  const each = wanted.map(word => Math.max(0, ...name.map(other => wordLikeness(word, other))))
  if (each.some(value => value === 0)) return 0
  const covered = Math.min(1, wanted.length / Math.max(1, name.length))
  return (each.reduce((sum, value) => sum + value, 0) / each.length) * (0.6 + 0.4 * covered)
}

const wordLikeness = (word: string, other: string): number => {
  if (word === other) return 1
  if (word.length >= 2 && other.startsWith(word)) return 0.9
  const maxTypos = word.length <= 2 ? 0 : word.length <= 5 ? 1 : 2
  const typos = distance(word, other, maxTypos)
  return typos > maxTypos ? 0 : 1 - 0.25 * typos
}

/** The edit distance between two words. If the distance is above `limit`, the result is any number above `limit`. */
const distance = (a: string, b: string, limit: number): number => {
  if (Math.abs(a.length - b.length) > limit) return limit + 1
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(change, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? limit + 1
}

const wordsOf = (text: string): string[] =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '')
