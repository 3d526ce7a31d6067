/** For comparing what people type: without accents, lower case, full-width letters as plain ones. */
export const folded = (text: string): string =>
  text
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
