import type { Language } from '#database/chats/language.ts'
/**
 * The language of a page, from the header `Accept-Language`: Portuguese if the header prefers any variant of Portuguese
 * to English, else English.
 */
export const preferredLanguage = (header: string | undefined): Language => {
  const wanted = (header ?? '')
    .split(',')
    .map(part => {
      const [tag = '', quality] = part.trim().split(/;\s*q=/)
      return { tag: tag.toLowerCase(), quality: quality === undefined ? 1 : Number(quality) || 0 }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .find(({ tag }) => /^(pt|en)\b/.test(tag))
  return wanted?.tag.startsWith('pt') ? 'pt-BR' : 'en'
}
