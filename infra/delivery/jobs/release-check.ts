import type { Release } from '#functions/host/release.ts'

/** Sends GET to a path of a function. Throws an Error when the function does not answer. */
export type GetFromFunction = (name: string, path: string) => Promise<{ status: number; body: string }>

/**
 * Checks that every function is healthy and is the expected release. Returns one line for each function that is not.
 */
export const releaseFaults = async (
  names: readonly string[],
  get: GetFromFunction,
  expected: Release,
): Promise<string[]> => {
  const each = await Promise.all(names.map(name => faultOf(name, get, expected)))
  return each.flatMap((fault, index) => (fault === undefined ? [] : [`${names[index]} ${fault}`]))
}

const faultOf = async (name: string, get: GetFromFunction, expected: Release): Promise<string | undefined> => {
  try {
    const health = await get(name, '/healthz')
    if (health.status !== 200) return `answers GET /healthz with ${health.status}`
    const { status, body } = await get(name, '/version')
    if (status !== 200) return `answers GET /version with ${status}`
    const answer = JSON.parse(body)
    if (answer.function !== name) return `answers as the function ${answer.function}`
    const same = answer.version === expected.version && answer.revision === expected.revision
    return same
      ? undefined
      : `runs ${answer.version} (${answer.revision}), not ${expected.version} (${expected.revision})`
  } catch (error) {
    return `does not answer: ${(error as Error).message}`
  }
}
