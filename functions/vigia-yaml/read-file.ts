import { jsonText } from '#database/connect.ts'
import { parseJson } from '#infra/files/json-text.ts'
import { formatPath, parseYaml, type YamlPath } from '#infra/files/yaml-lines.ts'
import type { DesiredChat } from './desired.ts'
import { type Outside, readEntries } from './read-entries.ts'
import type { Fault } from './schema-faults.ts'

/** What is wrong with a file, and where: `line` is 0 and `field` is '' for the whole file. */
export interface LocatedFault {
  line: number
  field: string
  reason: string
}

/** The file is not valid. The message has a line for each fault: file, line, field, reason. */
export class FileFaults extends Error {
  override name = 'FileFaults'
  readonly faults: readonly LocatedFault[]

  constructor(file: string, faults: readonly LocatedFault[], options?: ErrorOptions) {
    const texts = faults.map(
      ({ line, field, reason }) =>
        `${file}${line === 0 ? '' : `:${line}`}: ${field === '' ? '' : `${field} `}${reason}`,
    )
    super(texts.join('\n'), options)
    this.faults = faults
  }
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
  const { value, lineOf } = readText(file, text)
  const { chats, faults } = await readEntries(value, outside)
  if (faults.length > 0) throw new FileFaults(file, locatedFaults(faults, lineOf))
  return { chats, lineOf }
}

/** The value of a YAML or JSON text. `file` is its name in messages. Throws FileFaults if it cannot be parsed. */
export const readText = (file: string, text: string): { value: unknown; lineOf: FileContent['lineOf'] } => {
  if (Buffer.byteLength(text) > maxBytes)
    throw new FileFaults(file, [{ line: 0, field: '', reason: 'is larger than 4 MiB' }])
  const { value, lineOf } = fromJson(text) ?? fromYaml(file, text)
  const problem = storageProblem(value)
  if (problem !== null) throw new FileFaults(file, [{ line: 0, field: '', reason: problem }])
  return { value, lineOf }
}

/** The lines are found only for faults, because the parser of YAML is slow. */
const fromJson = (text: string) => {
  const parsed = parseJson(text)
  if (parsed === undefined) return undefined
  let yaml: ReturnType<typeof parseYaml> | undefined
  const lineOf: FileContent['lineOf'] = path => {
    yaml ??= parseYaml(text)
    return yaml.lineOf(path)
  }
  return { value: parsed.value, lineOf }
}

const fromYaml = (file: string, text: string) => {
  const { document, broken, lineOf } = parseYaml(text)
  if (broken) throw new FileFaults(file, [{ line: broken.line, field: '', reason: broken.reason }])
  return { value: parsedValue(file, document), lineOf }
}

const parsedValue = (file: string, document: { toJS(options: { maxAliasCount: number }): unknown }): unknown => {
  try {
    return document.toJS({ maxAliasCount: maxAliases })
  } catch (error) {
    throw new FileFaults(file, [{ line: 0, field: '', reason: (error as Error).message }], { cause: error })
  }
}

/** Why PostgreSQL could not store the value; null if it can. */
const storageProblem = (value: unknown): string | null => {
  try {
    return jsonText(value ?? null) === JSON.stringify(value ?? null)
      ? null
      : 'has U+0000 or half of a surrogate pair, which cannot be stored'
  } catch {
    return 'has an anchor that contains itself'
  }
}

/** The faults with their lines and fields, the first line first. */
export const locatedFaults = (faults: readonly Fault[], lineOf: FileContent['lineOf']): LocatedFault[] =>
  faults
    .map(({ path, reason }) => ({ line: lineOf(path), field: formatPath(path) || 'the file', reason }))
    .toSorted((one, other) => one.line - other.line)
