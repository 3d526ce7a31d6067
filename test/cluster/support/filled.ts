import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/**
 * Writes `folder`/.env from the example beside it, with a word made up for each that stands in angle brackets there, the same one for the
 * same; returns these words: nothing may print them.
 */
export const filled = async (folder: string): Promise<string[]> => {
  const words = new Map<string, string>()
  const word = (name: string) => {
    if (!words.has(name)) words.set(name, randomBytes(12).toString('hex'))
    return words.get(name)!
  }
  const example = await readFile(`${folder}/.env.example`, 'utf8')
  const lines = example.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  await writeFile(
    `${folder}/.env`,
    lines.map(line => `${line.replace(/<([^>]+)>/g, (_, name) => word(name))}\n`).join(''),
  )
  return [...words.values()]
}
