import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'

/**
 * Writes `folder`/.env from its .env.example. Replaces each name in angle brackets with a random value, and the same
 * name always with the same value. Returns the values, which no program may print.
 */
export const writeEnvFile = async (folder: string): Promise<string[]> => {
  const values = new Map<string, string>()
  const secretFor = (name: string) => {
    if (!values.has(name)) values.set(name, randomBytes(12).toString('hex'))
    return values.get(name)!
  }
  const example = await readFile(`${folder}/.env.example`, 'utf8')
  const lines = example.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  await writeFile(
    `${folder}/.env`,
    lines.map(line => `${line.replace(/<([^>]+)>/g, (_, name) => secretFor(name))}\n`).join(''),
  )
  return [...values.values()]
}
