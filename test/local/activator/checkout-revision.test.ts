import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkoutRevision } from '#local/activator/checkout-revision.ts'
import { folder } from '#test/support/temporary-folders.ts'

const git = (path: string, ...args: string[]) =>
  execFileSync('git', ['-C', path, '-c', 'user.name=Ana', '-c', 'user.email=ana@example.org', ...args], {
    encoding: 'utf8',
  }).trim()

test('the revision of a checkout is its commit, also if a tag names it, and says whether files were changed', async () => {
  const path = folder()
  git(path, 'init', '--quiet')
  writeFileSync(join(path, 'a.txt'), 'a')
  git(path, 'add', '.')
  git(path, 'commit', '--quiet', '-m', 'a')
  git(path, 'tag', '-a', 'v1.0.0', '-m', 'v1.0.0')
  const commit = git(path, 'rev-parse', 'HEAD')
  expect(await checkoutRevision(path)).toBe(commit)
  writeFileSync(join(path, 'a.txt'), 'b')
  expect(await checkoutRevision(path)).toBe(`${commit}-dirty`)
})

test('a folder that is not a clone has no revision', async () => {
  expect(await checkoutRevision(folder())).toBeUndefined()
})
