import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '#infra/repository.ts'

interface Clone {
  lines: number
  firstFile: { name: string; start: number }
  secondFile: { name: string; start: number }
}

/** The duplicated code of more than ten lines in a checkout: TypeScript, JavaScript and shell files, except test/. */
const clonesIn = async (checkout: string): Promise<string[]> => {
  const output = await mkdtemp(join(tmpdir(), 'vigia-clones-'))
  try {
    const program = join(root, 'node_modules/jscpd/run-jscpd.js')
    const options = ['--format', 'typescript,javascript,bash', '--min-lines', '11', '--min-tokens', '30']
    const scope = ['.', '--ignore', '**/node_modules/**,test/**,.build/**', '--fail-on-empty']
    const report = ['--reporters', 'json', '--output', output]
    await promisify(execFile)(process.execPath, [program, ...scope, ...options, ...report], { cwd: checkout })
    const { duplicates } = JSON.parse(await readFile(join(output, 'jscpd-report.json'), 'utf8')) as {
      duplicates: Clone[]
    }
    return duplicates.map(({ lines, firstFile, secondFile }) => {
      return `${firstFile.name}:${firstFile.start} and ${secondFile.name}:${secondFile.start} have ${lines} lines in common`
    })
  } finally {
    await rm(output, { recursive: true, force: true })
  }
}

test('no code of more than ten lines is duplicated', async () => {
  expect(await clonesIn(root)).toEqual([])
})

test('a copied file is found', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-copy-'))
  try {
    const original = join(root, 'infra/generate')
    await cp(original, join(folder, 'generate'), { recursive: true })
    expect(await clonesIn(folder)).toEqual([])
    await cp(join(original, 'write.ts'), join(folder, 'write-again.ts'))
    expect((await clonesIn(folder)).join()).toMatch(/write-again\.ts:\d+ have \d+ lines in common/)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
