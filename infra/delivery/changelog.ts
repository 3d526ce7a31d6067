import { messagesSince, releaseTags } from './history.ts'
import { isBreakingChange, isFeature, worthRelease } from './version.ts'

/** The changes of a release as Markdown: breaking changes, features, then the others; newest first in each section. */
export const changelog = (version: string, messages: readonly string[]): string => {
  const subjects = (chosen: (message: string) => boolean) =>
    worthRelease(messages)
      .filter(chosen)
      .map(message => `- ${message.split('\n', 1)[0]}`)
  const sections = [
    ['Breaking', subjects(isBreakingChange)],
    ['New', subjects(message => isFeature(message) && !isBreakingChange(message))],
    ['Other changes', subjects(message => !isBreakingChange(message) && !isFeature(message))],
  ] as const
  const written = sections
    .filter(([, lines]) => lines.length)
    .map(([title, lines]) => `## ${title}\n\n${lines.join('\n')}\n`)
  return [`# ${version}\n`, ...written].join('\n')
}

/** The changelog of a tag: the commits since the release before it. */
export const changelogOf = async (repository: string, tag: string): Promise<string> => {
  const tags = await releaseTags(repository, tag)
  const before = tags.find(one => one.tag !== tag)
  return changelog(tag.slice(1), await messagesSince(repository, before?.tag, tag))
}
