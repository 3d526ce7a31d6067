// biome-ignore lint/suspicious/noControlCharactersInRegex: "not ASCII" needs the whole range.
const nonAscii = /[^\u0000-\u007f]/

export const isAscii = (value: string): boolean => !nonAscii.test(value)

/** Decodes a header value as UTF-8, which producers write. Node.js returns each byte of a header as one character. */
export const fromWire = (value: string): string => (isAscii(value) ? value : Buffer.from(value, 'latin1').toString())

/** The inverse of `fromWire`. */
export const toWire = (value: string): string => (isAscii(value) ? value : Buffer.from(value).toString('latin1'))
