import Type from 'typebox'
import type { RunAttempt } from './check-type.ts'

/** The settings of a monitor of the kind `http`. */
export const HttpSettings = Type.Object({}, { additionalProperties: false })

/**
 * One GET request. The check passes if the response after redirects has a 2xx status; for another status the error is
 * `status`.
 */
export const checkHttp: RunAttempt = async (dialler, { url, timeoutMs }, attemptIndex) => {
  const dialled = await dialler.get(url, { timeoutMs, attemptIndex })
  const { error, status } = dialled
  if (error !== null || (status !== null && status >= 200 && status < 300)) return dialled
  return { ...dialled, error: 'status' }
}
