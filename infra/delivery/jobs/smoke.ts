import { env } from '#functions/host/env.ts'
import { release } from '#functions/host/release.ts'
import { job } from './job.ts'
import { type GetFromFunction, releaseFaults } from './release-check.ts'

class NotYet extends Error {}

/** A function may have to start from zero, on a node that must pull the image first. */
const coldStartTimeoutMs = 60_000

/** Sends GET to a function. FUNCTION_URL is the address of a function, with `{function}` in place of its name. */
const get: GetFromFunction = async (name, path) => {
  const url = env('FUNCTION_URL').replace('{function}', name) + path
  const response = await fetch(url, { signal: AbortSignal.timeout(coldStartTimeoutMs) })
  return { status: response.status, body: await response.text() }
}

await job('smoke', {
  work: async () => {
    const names = env('FUNCTIONS').split(' ')
    env('FUNCTION_URL')
    const faults = await releaseFaults(names, get, release())
    if (faults.length > 0) throw new NotYet(faults.join('; '))
    return names
  },
  // During a rollout, functions of the old release still answer.
  isTemporary: error => error instanceof NotYet,
  done: names => `${names.length} functions answer, and all run ${release().version} (${release().revision})`,
})
