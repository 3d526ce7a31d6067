import { readFileSync } from 'node:fs'

/** The stylesheet that the local pages share: colours of the light and the dark scheme, and the font. */
export const baseStyle = (): string => readFileSync(new URL('./base.css', import.meta.url), 'utf8')
