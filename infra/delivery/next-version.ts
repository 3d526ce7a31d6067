import { command } from './command.ts'
import { checkout } from './draft.ts'
import { git } from './git.ts'
import { declaredVersion, releaseOf, releaseTags, sinceLastRelease } from './history.ts'
import { nextVersion, versionIn } from './version.ts'

/**
 * Prints the version of this commit if it is released, else the version that its release would get. It reads the tags
 * of this clone.
 */
await command(async () => {
  const repository = await checkout()
  const head = await git(repository, ['rev-parse', 'HEAD'])
  const existing = releaseOf(head, await releaseTags(repository))
  if (existing) return existing.version
  const { last, messages } = await sinceLastRelease(repository, head)
  if (last && messages.length === 0) return last.version
  return nextVersion(last && versionIn(last.tag), await declaredVersion(repository, head), messages).join('.')
})
