import { characterWidth } from './verdana-widths.ts'

/**
 * The width of a text in Verdana of 11 px, in pixels. A letter and its accent count as the letter that contains the
 * accent, because a name may be stored either way.
 */
export const textWidth = (text: string): number =>
  [...text.normalize('NFC')].reduce((sum, character) => sum + characterWidth(character.codePointAt(0)!), 0)
