import { command } from './command.ts'
import { checkout } from './draft.ts'
import { git } from './git.ts'
import { declaredVersion, newsOf, releaseOf, releaseTags } from './history.ts'
import { nextVersion, versionIn } from './version.ts'

/**
 * Prints the version of this commit if it is released, else the version that its release would get. It reads the tags
 * of this clone.
 */
await command(async () => {
  const here = await checkout()
  const head = await git(here, ['rev-parse', 'HEAD'])
  const already = releaseOf(head, await releaseTags(here))
  if (already) return already.version
  const { last, news } = await newsOf(here, head)
  if (last && news.length === 0) return last.version
  return nextVersion(last && versionIn(last.tag), await declaredVersion(here, head), news).join('.')
})
