/** Longer words are not compared, because the time grows with the length, and nobody mistypes that much. */
const longestWord = 100

/** The known word that is nearest to a misspelt word; undefined if none is near. */
export const nearest = (word: string, known: readonly string[]): string | undefined => {
  if (word.length > longestWord) return undefined
  const typed = simplified(word)
  const limit = Math.max(1, Math.floor(typed.length / 3))
  const [best] = known
    .map(candidate => ({ candidate, distance: editDistance(typed, simplified(candidate)) }))
    .filter(({ distance }) => distance <= limit)
    .sort((one, other) => one.distance - other.distance)
  return best?.candidate
}

/** `; did you mean "url"?`, or '' if no known word is near. */
export const didYouMean = (word: string, known: readonly string[]): string => {
  const found = nearest(word, known)
  return found === undefined ? '' : `; did you mean ${JSON.stringify(found)}?`
}

/** Hyphens, underscores and capitals do not count: `expected-status` is near `expectedStatus`. */
const simplified = (word: string) => word.toLowerCase().replace(/[-_ ]/g, '')

/** The number of insertions, deletions, replacements and swaps of neighbours between two words. */
const editDistance = (one: string, other: string): number => {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= one.length; i++) {
    rows.push([i])
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1]
      const isSwap = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      rows[i]![j] = Math.min(
        rows[i - 1]![j]! + 1,
        rows[i]![j - 1]! + 1,
        rows[i - 1]![j - 1]! + (isSame ? 0 : 1),
        isSwap ? rows[i - 2]![j - 2]! + 1 : Number.POSITIVE_INFINITY,
      )
    }
  }
  return rows[one.length]![other.length]!
}
