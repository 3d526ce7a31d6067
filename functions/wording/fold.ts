/**
 * A text in a form for comparison: lower case, without accents, and with plain letters instead of full-width letters.
 */
export const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
