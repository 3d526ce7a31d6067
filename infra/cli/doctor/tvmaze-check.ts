import { tvmaze } from '#functions/tvmaze/client.ts'
import { ShowGone, ShowUnreadable, TvmazeUnavailable } from '#functions/tvmaze/errors.ts'
import { failed, ok, type Result, skipped } from './finding.ts'
import type { Installation } from './installation.ts'

/** Makes one call to TVmaze. Without a bot and without TVMAZE_URL, TVmaze is simulated inside Vigia's process. */
export const tvmazeCheck = async ({ place, env }: Installation, timeoutMs: number): Promise<Result> => {
  if (place === 'machine' && env.TELEGRAM_BOT_TOKEN === undefined && env.TVMAZE_URL === undefined)
    return skipped('TVmaze is simulated')
  const baseUrl = env.TVMAZE_URL ?? 'https://api.tvmaze.com'
  try {
    await tvmaze(baseUrl, { attempts: 1, timeoutMs, longestWaitMs: 0 }).card(1)
    return ok('TVmaze answers')
  } catch (error) {
    if (error instanceof ShowGone || error instanceof ShowUnreadable) return ok('TVmaze answers')
    if (!(error instanceof TvmazeUnavailable)) throw error
    return failed(
      `no usable answer: ${error.message}`,
      'Searches fail, and new episodes are not found until TVmaze answers again.',
      `curl -sS -o /dev/null -w '%{http_code}\\n' ${baseUrl}/shows/1`,
    )
  }
}
