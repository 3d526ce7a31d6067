import { formatPath, parseYaml, type YamlPath } from '#infra/files/yaml-lines.ts'
import type { DesiredChat } from './desired.ts'
import { type Outside, readEntries } from './read-entries.ts'

/** The file is not valid. The message has a line for each fault: file, line, field, reason. */
export class FileFaults extends Error {
  override name = 'FileFaults'
}

const maxBytes = 4 * 1024 * 1024
/** A file needs a few anchors for what several monitors share. More would let a small text expand to gigabytes. */
const maxAliases = 100

export interface FileContent {
  chats: DesiredChat[]
  /** The line of a value, for faults that only the database shows. */
  lineOf(path: YamlPath): number
}

/** Reads vigia.yaml. `file` is its name in messages. Throws FileFaults with all faults if it is not valid. */
export const readFile = async (file: string, text: string, outside: Outside): Promise<FileContent> => {
  if (Buffer.byteLength(text) > maxBytes) throw new FileFaults(`${file}: is larger than 4 MiB`)
  const { document, broken, lineOf } = parseYaml(text)
  if (broken) throw new FileFaults(`${file}:${broken.line}: ${broken.reason}`)
  const { chats, faults } = await readEntries(valueIn(file, document), outside)
  const messages = faults
    .map(({ path, reason }) => ({ line: lineOf(path), text: `${formatPath(path) || 'the file'} ${reason}` }))
    .toSorted((one, other) => one.line - other.line)
    .map(({ line, text }) => `${file}:${line}: ${text}`)
  if (messages.length > 0) throw new FileFaults(messages.join('\n'))
  return { chats, lineOf }
}

const valueIn = (file: string, document: { toJS(options: { maxAliasCount: number }): unknown }): unknown => {
  try {
    return document.toJS({ maxAliasCount: maxAliases })
  } catch (error) {
    throw new FileFaults(`${file}: ${(error as Error).message}`, { cause: error })
  }
}
