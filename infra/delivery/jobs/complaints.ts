import type { Release } from '#functions/host/release.ts'

/** A GET of a function: the status and the body. Throws where there is no answer. */
export type Ask = (name: string, path: string) => Promise<{ status: number; body: string }>

/** What is wrong with functions that should all be there and all be this release; one line each, none where all is well. */
export const complaints = async (names: readonly string[], ask: Ask, expected: Release): Promise<string[]> => {
  const each = await Promise.all(names.map(name => complaint(name, ask, expected)))
  return each.flatMap((words, at) => (words === undefined ? [] : [`${names[at]} ${words}`]))
}

const complaint = async (name: string, ask: Ask, expected: Release): Promise<string | undefined> => {
  try {
    const health = await ask(name, '/healthz')
    if (health.status !== 200) return `answers ${health.status} for its health`
    const { status, body } = await ask(name, '/version')
    if (status !== 200) return `answers ${status} for its version`
    const said = JSON.parse(body)
    if (said.function !== name) return `is ${said.function}`
    const same = said.version === expected.version && said.revision === expected.revision
    return same ? undefined : `is ${said.version} (${said.revision}), not ${expected.version} (${expected.revision})`
  } catch (error) {
    return `does not answer: ${(error as Error).message}`
  }
}
