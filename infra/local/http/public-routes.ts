import type { FunctionManifest, PublicAccess } from '../manifests/manifests.ts'

/** A function, and the path (with the query) that the function gets. */
export interface PublicRoute {
  function: FunctionManifest & { public: PublicAccess }
  path: string
}

export interface PublicRoutes {
  /** The function with the longest public path that the request's path starts with; undefined if there is none. */
  find(url: string | undefined): PublicRoute | undefined
  /** Whether this is PUBLIC_URL itself, to which Telegram sent updates before functions had paths of their own. */
  isBase(url: string | undefined): boolean
}

/**
 * The functions that the internet can reach: those whose manifest has the label `vigia.dev/public`. `basePath` is the
 * path of PUBLIC_URL. A reverse proxy may forward this path or remove it.
 */
export const publicRoutes = (functions: readonly FunctionManifest[], basePath = '/'): PublicRoutes => {
  const base = basePath.replace(/\/$/, '')
  const longestFirst = functions
    .filter((one): one is PublicRoute['function'] => one.public !== null)
    .toSorted((one, other) => other.public.path.length - one.public.path.length)
  const findBelow = (url: string) => {
    const path = pathOf(url)
    const found = longestFirst.find(one => isBelow(path, one.public.path))
    return found && isPlain(path) ? { function: found, path: url } : undefined
  }
  return {
    find: (url = '') =>
      (base !== '' && isBelow(url, base) ? findBelow(url.slice(base.length)) : undefined) ?? findBelow(url),
    isBase: (url = '') => pathOf(url) === base || pathOf(url) === `${base}/`,
  }
}

/** The URL of a public path on the internet. */
export const publicAddress = (publicUrl: URL, path: string): string => {
  const url = new URL(publicUrl)
  url.pathname = url.pathname.replace(/\/$/, '') + path
  return url.href
}

const pathOf = (url: string) => url.split('?', 1)[0]!

const isBelow = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}/`)

/** Whether the target of a request is a path that every proxy reads in the same way, with or without a query. */
export const isPlainTarget = (url: string): boolean => pathOf(url) === '/' || isPlain(pathOf(url))

/**
 * Whether the path has no dot segments, empty segments or backslashes, encoded or not. A reverse proxy may interpret
 * these differently.
 */
const isPlain = (path: string) => {
  if (!/^(\/[\w.~!$&'()*+,;=:@%-]+)+\/?$/.test(path) || /%(2e|2f|5c|00)/i.test(path)) return false
  if (path.split('/').some(segment => segment === '.' || segment === '..')) return false
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
