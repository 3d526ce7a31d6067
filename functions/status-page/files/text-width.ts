/** The widths of the characters from the space to `~` in Verdana of 11 px, in tenths of a pixel. */
const widths =
  '39 43 51 90 70 118 80 30 50 50 70 90 40 50 40 50 70 70 70 70 70 70 70 70 70 70 50 50 90 90 90 60 110 75 75 77 85 70 63 85 83 46 50 76 61 93 82 87 66 87 77 75 68 81 75 109 75 68 75 50 50 50 90 70 70 66 69 57 69 66 39 69 70 30 38 65 30 107 70 67 69 69 47 57 43 70 65 90 65 65 58 70 50 70 90'
    .split(' ')
    .map(width => Number(width) / 10)

const otherWidths: Readonly<Record<string, number>> = { '·': 4, '–': 7, '—': 11, '…': 9 }

/** The width of a character that the table does not have: that of a Chinese character. */
const widest = 11

/** The width of a text in Verdana of 11 px, in pixels. An accented letter is as wide as the letter without accent. */
export const textWidth = (text: string): number =>
  [...text.normalize('NFD').replace(/\p{M}/gu, '')].reduce(
    (sum, character) => sum + (widths[character.charCodeAt(0) - 32] ?? otherWidths[character] ?? widest),
    0,
  )
