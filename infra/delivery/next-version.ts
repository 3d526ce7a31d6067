import { command } from './command.ts'
import { checkout } from './draft.ts'
import { git } from './git.ts'
import { declaredVersion, newsOf, releaseOf, releaseTags } from './history.ts'
import { nextVersion, versionIn } from './version.ts'

/** What a release of this commit would be called, by the tags of this clone; the version it has when it is released. Changes nothing. */
await command(async () => {
  const here = await checkout()
  const head = await git(here, ['rev-parse', 'HEAD'])
  const already = releaseOf(head, await releaseTags(here))
  if (already) return already.version
  const { last, news } = await newsOf(here, head)
  if (last && news.length === 0) return last.version
  return nextVersion(last && versionIn(last.tag), await declaredVersion(here, head), news).join('.')
})
