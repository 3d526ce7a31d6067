import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildInBackground } from '#local/activator/functions-build.ts'
import { folder } from '#test/support/temporary-folders.ts'

/** Starts a build whose process runs this script in place of infra/delivery/build.ts. */
const build = (script: string) => {
  const root = folder()
  mkdirSync(join(root, 'infra/delivery'), { recursive: true })
  writeFileSync(join(root, 'infra/delivery/build.ts'), script)
  return buildInBackground({ root, log: () => {} })
}
const begun = `process.send({ kind: 'begun', names: ['one', 'two'] })`
const isBuilt = (name: string) => `process.send({ kind: 'built', name: '${name}', id: 'x' })`

test('a complete build refuses a name that no function has, also when it is asked again later', async () => {
  const { ready, all, ended } = build([begun, isBuilt('one'), isBuilt('two')].join('\n'))
  await expect(ready('three')).rejects.toThrow('there is no function three in functions/')
  await ended
  await expect(ready('four')).rejects.toThrow('there is no function four in functions/')
  await expect(all).resolves.toHaveLength(2)
})

test.each([
  ['its error output', `console.error('no space left')`, 'no space left'],
  ['its exit code, if there is no error output', '', 'the build process ended with exit code 1'],
])('a build that ends early refuses the functions without a bundle, with %s', async (_, output, reason) => {
  const { ready, all, ended } = build([begun, isBuilt('one'), output, 'process.exitCode = 1'].join('\n'))
  const message = `the functions could not be built:\n${reason}`
  await expect(ready('two')).rejects.toThrow(message)
  await ended
  await expect(ready('three')).rejects.toThrow(message)
  await expect(all).rejects.toThrow(message)
  await ready('one')
})
