/** Names that a person could take for a part of Vigia, or that are a path of a page. */
const reserved: ReadonlySet<string> = new Set([
  ...['admin', 'api', 'app', 'assets', 'badge', 'badges', 'calendar', 'embed', 'feed', 'feeds', 'health', 'healthz'],
  ...['help', 'history', 'incidents', 'login', 'metrics', 'new', 'null', 'page', 'pages', 'ping', 'public', 'robots'],
  ...['root', 'rss', 'static', 'status', 'support', 'telegram', 'test', 'undefined', 'version', 'vigia', 'www'],
])

const [minLength, maxLength] = [3, 40]

/** Why a text cannot be the name of a page in its address; null if it can. */
export type SlugFault = 'form' | 'reserved'

export const slugFault = (text: string): SlugFault | null => {
  if (!/^[a-z0-9-]{3,40}$/.test(text) || !/^[a-z0-9].*[a-z0-9]$/.test(text)) return 'form'
  return reserved.has(text) ? 'reserved' : null
}

/** A name for the address of a page with this title: `Loja da Ana` becomes `loja-da-ana`. */
export const slugOfTitle = (title: string): string => {
  const words = title
    .normalize('NFKD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
  const slug = words.slice(0, maxLength).replace(/^-+|-+$/g, '')
  if (slug.length >= minLength && !reserved.has(slug)) return slug
  return slug === '' ? 'pagina' : `pagina-${slug}`
}
