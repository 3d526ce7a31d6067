import { hostNameIn } from './foreign-request.ts'

/** How long a list of domains is used. */
const keptMs = 5_000

/**
 * Tells whether a Host header is the domain of a status page. `read` lists the domains that pages have. Whatever host a
 * client sends, the list is read at most once in five seconds. While it cannot be read, the last one counts.
 */
export const pageDomains = (read: () => Promise<readonly string[]>, now = () => performance.now()) => {
  let known: ReadonlySet<string> = new Set()
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<void> | undefined
  const readAgain = async () => {
    readAt = now()
    try {
      known = new Set(await read())
    } catch {
      // PostgreSQL is unavailable, which the runtime reports.
    }
  }
  return async (header: string | undefined): Promise<boolean> => {
    const host = hostNameIn(header)
    if (host === null || !host.includes('.')) return false
    if (now() - readAt > keptMs)
      reading ??= readAgain().finally(() => {
        reading = undefined
      })
    await reading
    return known.has(host)
  }
}
