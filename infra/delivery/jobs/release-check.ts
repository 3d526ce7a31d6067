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
    if (health.status !== 200) return `answers ${health.status} for its health`
    const { status, body } = await get(name, '/version')
    if (status !== 200) return `answers ${status} for its version`
    const answer = JSON.parse(body)
    if (answer.function !== name) return `is ${answer.function}`
    const same = answer.version === expected.version && answer.revision === expected.revision
    return same
      ? undefined
      : `is ${answer.version} (${answer.revision}), not ${expected.version} (${expected.revision})`
  } catch (error) {
    return `does not answer: ${(error as Error).message}`
  }
}
