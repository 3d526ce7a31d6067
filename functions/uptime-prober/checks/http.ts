import type { Check } from '#events/probe-requested.ts'
import type { Dialler, DialResult } from '#functions/dial/dial.ts'

/**
 * One GET request. The check passes if the response after redirects has a 2xx status; for another status the error is
 * `status`.
 */
export const checkHttp = async (
  dialler: Dialler,
  { url, timeoutMs }: Check,
  attemptIndex: number,
): Promise<DialResult> => {
  const dialled = await dialler.get(url, { timeoutMs, attemptIndex })
  const { error, status } = dialled
  if (error !== null || (status !== null && status >= 200 && status < 300)) return dialled
  return { ...dialled, error: 'status' }
}
