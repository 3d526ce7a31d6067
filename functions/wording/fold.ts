/**
 * A text in a form for comparison: lower case, without accents, and with plain letters instead of full-width letters.
 */
export const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()

/** A name in a form for comparison, in which punctuation does not matter either: `Mr. Robot` becomes `mr robot`. */
export const comparableName = (name: string): string =>
  folded(name)
    .replace(/['’]/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
