import { env } from '#functions/host/env.ts'
import { release } from '#functions/host/release.ts'
import { type Ask, complaints } from './complaints.ts'
import { job } from './job.ts'

class NotYet extends Error {}

/** From zero, with the image still to be pulled. */
const coldStartMs = 60_000

/** FUNCTION_URL is where a function answers, with `{function}` for its name. */
const ask: Ask = async (name, path) => {
  const url = env('FUNCTION_URL').replace('{function}', name) + path
  const response = await fetch(url, { signal: AbortSignal.timeout(coldStartMs) })
  return { status: response.status, body: await response.text() }
}

await job('smoke', {
  work: async () => {
    const names = env('FUNCTIONS').split(' ')
    env('FUNCTION_URL')
    const wrong = await complaints(names, ask, release())
    if (wrong.length > 0) throw new NotYet(wrong.join('; '))
    return names
  },
  // A rollout that is still under way answers with the old release.
  passes: error => error instanceof NotYet,
  done: names => `${names.length} functions answer, all of them ${release().version} (${release().revision})`,
})
