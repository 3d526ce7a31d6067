/** A text in a form for comparison: lower case, without accents, full-width letters as plain ones. */
export const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
