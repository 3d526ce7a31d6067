import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { functionNames } from '../repository.ts'

const path = 'infra/delivery/smoke.yaml'

/** The Job of `skaffold verify` with the names of all functions in its variable FUNCTIONS. */
export const smokeList = async (root: string): Promise<Map<string, string>> => {
  const text = await readFile(join(root, path), 'utf8')
  const list = /(- name: FUNCTIONS\n\s+value: >-\n)((?: {16}\S.*\n)+)/
  if (!list.test(text)) throw new Error(`${path} has no variable FUNCTIONS with a folded value (>-); put it back`)
  const lines = functionNames(root).map(name => `                ${name}\n`)
  return new Map([[path, text.replace(list, (_, head: string) => head + lines.join(''))]])
}
