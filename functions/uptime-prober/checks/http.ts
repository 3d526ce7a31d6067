import type { Check } from '#events/probe-requested.ts'
import type { Dialled, Dialler } from '#functions/dial/dial.ts'

/** Asks the site; good is an answer with a 2xx status, after redirects. */
export const checkHttp = (dialler: Dialler, { url, timeoutMs }: Check, attempt: number): Promise<Dialled> =>
  dialler.get(url, { timeoutMs, attempt }).then(judged)

const judged = (dialled: Dialled): Dialled => {
  const { error, status } = dialled
  const good = error === null && status !== null && status >= 200 && status < 300
  return good || error !== null ? dialled : { ...dialled, error: 'status' }
}
