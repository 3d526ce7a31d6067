import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import type { UnusedField } from './model.ts'

/**
 * A manifest contains a value that the runtime does not support. The message is one line: file, line, field, what is
 * wrong, what to do.
 */
export class ManifestError extends Error {
  override name = 'ManifestError'
}

/**
 * How many aliases a file may have. A manifest needs only a few. A file whose aliases expand to gigabytes ("billion
 * laughs") needs more than this.
 */
const maxAliases = 50
const maxDepth = 40
const maxFileBytes = 1 << 20

interface SourceFile {
  file: string
  lines: LineCounter
  /** How many more aliases the file may have. All documents of the file share the number. */
  aliases: { left: number }
  document: Document.Parsed
  unused: UnusedField[]
}

/**
 * The objects of a YAML file, one for each document that is not empty. Throws ManifestError when the text is not valid
 * YAML.
 */
export const objectsIn = (file: string, text: string, unused: UnusedField[]): YamlNode[] => {
  if (Buffer.byteLength(text) > maxFileBytes) throw new ManifestError(`${file}: larger than 1 MiB; split it`)
  const lines = new LineCounter()
  // Version 1.1, because Kubernetes uses that version, in which an unquoted `yes` or `on` is a boolean.
  const documents = parseAllDocuments(text, { version: '1.1', lineCounter: lines, uniqueKeys: true, merge: false })
  const aliases = { left: maxAliases }
  return [...documents].flatMap(document => {
    const [error] = document.errors
    if (error) throw new ManifestError(`${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`)
    const node = new YamlNode({ file, lines, aliases, document, unused }, document.contents, '', 0)
    return node.isEmpty ? [] : [node]
  })
}

/**
 * A value in a manifest, with its file, line and field. A method that reads a value throws ManifestError if the value
 * has another type.
 */
export class YamlNode {
  readonly #source: SourceFile
  readonly #node: Node | null
  /** The node whose line is reported: the key if there is one, because the value may begin on a later line. */
  readonly #lineNode: Node | null
  readonly #depth: number
  /** The path of the field. Example: `spec.delivery.retry`. */
  readonly field: string

  constructor(source: SourceFile, node: Node | null, field: string, depth: number, key?: Node) {
    this.#source = source
    this.field = field
    this.#depth = depth
    this.#lineNode = key ?? node
    if (depth > maxDepth) this.refuse(`is nested deeper than ${maxDepth} levels; write it flatter`)
    if (isAlias(node)) {
      if (source.aliases.left-- <= 0)
        this.refuse(`is one alias too many (at most ${maxAliases} in a file); write the value itself`)
      this.#node = (node.resolve(source.document) as Node | undefined) ?? null
    } else this.#node = node
  }

  get file() {
    return this.#source.file
  }

  get line() {
    return this.#source.lines.linePos(this.#lineNode?.range?.[0] ?? 0).line
  }

  get origin() {
    return { file: this.file, line: this.line }
  }

  get isEmpty() {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null)
  }

  /**
   * Throws ManifestError, so no more of this object is read. `problem` continues a sentence that begins with the name
   * of the field.
   */
  refuse(problem: string): never {
    throw new ManifestError(`${this.file}:${this.line}: ${this.field || 'the document'} ${problem}`)
  }

  /** The fields of a mapping. A field that is neither in `known` nor in `unused` is refused. */
  fields<Known extends string>(
    known: readonly Known[],
    unused: Readonly<Record<string, string>> = {},
  ): Partial<Record<Known, YamlNode>> {
    const found: Partial<Record<Known, YamlNode>> = {}
    for (const [key, node] of this.entries()) {
      if ((known as readonly string[]).includes(key)) found[key as Known] = node
      else if (Object.hasOwn(unused, key)) node.ignore(unused[key]!)
      else {
        const advice = adviceFor(key, [...known, ...Object.keys(unused)])
        node.refuse(`is not a field that ${this.field || 'this object'} has here; ${advice}`)
      }
    }
    return found
  }

  /** Records this field as one that has no meaning on one machine. */
  ignore(why: string) {
    this.#source.unused.push({ ...this.origin, field: this.field, why })
  }

  /** The pairs of a mapping, in order. */
  entries(): [string, YamlNode][] {
    if (!isMap(this.#node)) this.refuse('should be a mapping (name: value)')
    return this.#node.items.map(({ key, value }) => {
      const name = isScalar(key) ? key.value : key
      if (typeof name !== 'string') this.refuse(`has the key ${String(name)}, which is not text; put it in quotes`)
      const path = /^[A-Za-z0-9_-]+$/.test(name) ? `${this.field}${this.field && '.'}${name}` : `${this.field}[${name}]`
      return [name, new YamlNode(this.#source, (value as Node | null) ?? null, path, this.#depth + 1, key as Node)]
    })
  }

  /** The elements of a list. */
  list(): YamlNode[] {
    if (!isSeq(this.#node)) this.refuse('should be a list')
    return this.#node.items.map(
      (item, index) => new YamlNode(this.#source, item as Node | null, `${this.field}[${index}]`, this.#depth + 1),
    )
  }

  nonEmptyString(): string {
    const value = this.string()
    if (value === '') this.refuse('is empty; write a value')
    return value
  }

  string(): string {
    const value = this.#scalar()
    if (typeof value !== 'string') this.refuse('should be text; put it in quotes')
    return value
  }

  integer(minimum: number, maximum: number): number {
    const value = this.#scalar()
    if (typeof value !== 'number' || !Number.isInteger(value) || value < minimum || value > maximum)
      this.refuse(`should be a whole number from ${minimum} to ${maximum}`)
    return value
  }

  boolean(): boolean {
    const value = this.#scalar()
    if (typeof value !== 'boolean') this.refuse('should be true or false')
    return value
  }

  oneOf<Value extends string>(values: readonly Value[]): Value {
    const value = this.#scalar()
    if (!(values as readonly unknown[]).includes(value)) this.refuse(`should be ${values.join(' or ')}`)
    return value as Value
  }

  /** A mapping of names to strings, such as labels. */
  stringMap(): Record<string, string> {
    return Object.fromEntries(this.entries().map(([name, node]) => [name, node.string()]))
  }

  /** An ISO 8601 duration such as `PT0.2S`, in milliseconds. */
  durationMs(): number {
    const text = this.nonEmptyString()
    if (!/^P(?=\d|T\d)(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.test(text))
      this.refuse(`is "${text}", which is not an ISO 8601 duration of days or less, such as PT0.2S or PT5M`)
    return Temporal.Duration.from(text).total('milliseconds')
  }

  /** Returns `node`, the field `name` of `parent`. Refuses `parent` when the field is absent or empty. */
  static required(node: YamlNode | undefined, parent: YamlNode, name: string, advice = 'add it'): YamlNode {
    if (!node || node.isEmpty) parent.refuse(`has no ${name}; ${advice}`)
    return node
  }

  #scalar(): unknown {
    if (!isScalar(this.#node)) this.refuse('should be a single value, not a list or a mapping')
    return this.#node.value
  }
}

const adviceFor = (name: string, known: string[]) => {
  const near = known.find(other => other.toLowerCase() === name.toLowerCase() || isOneEditApart(name, other))
  return near ? `did you mean ${near}?` : 'remove it or correct its name'
}

const isOneEditApart = (a: string, b: string): boolean => {
  if (Math.abs(a.length - b.length) > 1 || a.length < 3) return false
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  const rest = (text: string, skipped: number) => text.slice(at + skipped)
  return rest(a, 1) === rest(b, 1) || rest(a, 1) === rest(b, 0) || rest(a, 0) === rest(b, 1)
}
