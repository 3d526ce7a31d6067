// biome-ignore lint/suspicious/noControlCharactersInRegex: "not ASCII" needs the whole range.
const nonAscii = /[^\u0000-\u007f]/

export const isAscii = (value: string): boolean => !nonAscii.test(value)

/** Node gives each byte of a header as one character. Producers write UTF-8, so the bytes are decoded. */
export const fromWire = (value: string): string => (isAscii(value) ? value : Buffer.from(value, 'latin1').toString())

/** The inverse of `fromWire`. */
export const toWire = (value: string): string => (isAscii(value) ? value : Buffer.from(value).toString('latin1'))
