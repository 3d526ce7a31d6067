import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml'
import type { UnusedField } from './model.ts'

/** A manifest says something that the runtime cannot honour. The message is one line: file, line, field, next step. */
export class ManifestError extends Error {
  override name = 'ManifestFault'
}

// Aliases are Kubernetes' too, but a handful is all that a manifest of ours needs; a "billion laughs" file needs thousands.
const MAX_ALIASES = 50
const MAX_DEPTH = 40
const MAX_FILE_BYTES = 1 << 20

interface SourceFile {
  file: string
  lines: LineCounter
  aliases: { left: number }
  document: Document.Parsed
  unused: UnusedField[]
}

/** The objects of a YAML file; several documents are several objects, empty ones are none. */
export const objectsIn = (file: string, text: string, unused: UnusedField[]): YamlNode[] => {
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw new ManifestError(`${file}: larger than 1 MiB; split it`)
  const lines = new LineCounter()
  // 1.1, because that is how Kubernetes reads an unquoted `yes` or `on`: as a boolean.
  const documents = parseAllDocuments(text, { version: '1.1', lineCounter: lines, uniqueKeys: true, merge: false })
  const aliases = { left: MAX_ALIASES }
  return [...documents].flatMap(document => {
    const [error] = document.errors
    if (error) throw new ManifestError(`${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`)
    const place = new YamlNode({ file, lines, aliases, document, unused }, document.contents, '', 0)
    return place.isEmpty ? [] : [place]
  })
}

/** A value in a manifest together with the place where it is written. Every way to read it refuses what has another shape. */
export class YamlNode {
  readonly #source: SourceFile
  readonly #node: Node | null
  /** The key where there is one: a field is where its name is, not where its value begins. */
  readonly #written: Node | null
  readonly #depth: number
  /** `spec.delivery.retry` */
  readonly field: string

  constructor(source: SourceFile, node: Node | null, field: string, depth: number, at?: Node) {
    this.#source = source
    this.field = field
    this.#depth = depth
    this.#written = at ?? node
    if (depth > MAX_DEPTH) this.refuse(`is nested deeper than ${MAX_DEPTH} levels`)
    if (isAlias(node)) {
      if (source.aliases.left-- <= 0)
        this.refuse(`is one alias too many (at most ${MAX_ALIASES} in a file); write it out`)
      this.#node = (node.resolve(source.document) as Node | undefined) ?? null
    } else this.#node = node
  }

  get file() {
    return this.#source.file
  }

  get line() {
    return this.#source.lines.linePos(this.#written?.range?.[0] ?? 0).line
  }

  get origin() {
    return { file: this.file, line: this.line }
  }

  get isEmpty() {
    return this.#node === null || (isScalar(this.#node) && this.#node.value === null)
  }

  /** Ends the reading of this object. `words` continue the sentence that begins with the field's name. */
  refuse(words: string): never {
    throw new ManifestError(`${this.file}:${this.line}: ${this.field || 'the document'} ${words}`)
  }

  /** The fields of a mapping. What is neither known nor listed as unused on one machine is refused by name. */
  fields<Known extends string>(
    known: readonly Known[],
    unused: Readonly<Record<string, string>> = {},
  ): Partial<Record<Known, YamlNode>> {
    const found: Partial<Record<Known, YamlNode>> = {}
    for (const [key, place] of this.entries()) {
      if ((known as readonly string[]).includes(key)) found[key as Known] = place
      else if (Object.hasOwn(unused, key)) place.ignore(unused[key]!)
      else
        place.refuse(
          `is not a field that ${this.field || 'this object'} has here${likely(key, [...known, ...Object.keys(unused)])}`,
        )
    }
    return found
  }

  /** Names this field as one that means nothing on one machine. */
  ignore(why: string) {
    this.#source.unused.push({ ...this.origin, field: this.field, why })
  }

  /** The pairs of a mapping, in order. */
  entries(): [string, YamlNode][] {
    if (!isMap(this.#node)) this.refuse('should be a mapping (name: value)')
    return this.#node.items.map(({ key, value }) => {
      const name = isScalar(key) ? key.value : key
      if (typeof name !== 'string') this.refuse(`has the key ${String(name)}, which is not text; quote it`)
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

  /** Text, not empty. */
  nonEmptyString(): string {
    const value = this.string()
    if (value === '') this.refuse('is empty')
    return value
  }

  string(): string {
    const value = this.#scalar()
    if (typeof value !== 'string') this.refuse('should be text; put it in quotes')
    return value
  }

  integer(least: number, most: number): number {
    const value = this.#scalar()
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      this.refuse(`should be a whole number from ${least} to ${most}`)
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

  /** A mapping of names to texts, such as labels. */
  stringMap(): Record<string, string> {
    return Object.fromEntries(this.entries().map(([name, place]) => [name, place.string()]))
  }

  /** An ISO 8601 duration in milliseconds: `PT0.2S`. */
  duration(): number {
    const text = this.nonEmptyString()
    if (!/^P(?=\d|T\d)(\d+D)?(T(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/.test(text))
      this.refuse(`is "${text}", which is not an ISO 8601 duration of days or less, such as PT0.2S or PT5M`)
    return Temporal.Duration.from(text).total('milliseconds')
  }

  /** The value of a field that must be there. */
  static required(place: YamlNode | undefined, of: YamlNode, name: string): YamlNode {
    if (!place || place.isEmpty) of.refuse(`has no ${name}`)
    return place
  }

  #scalar(): unknown {
    if (!isScalar(this.#node)) this.refuse('should be a single value')
    return this.#node.value
  }
}

const likely = (name: string, known: string[]) => {
  const near = known.find(one => one.toLowerCase() === name.toLowerCase() || isOneEditFrom(name, one))
  return near ? `; did you mean ${near}?` : '; remove it or correct its name'
}

const isOneEditFrom = (a: string, b: string): boolean => {
  if (Math.abs(a.length - b.length) > 1 || a.length < 3) return false
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  const skip = (text: string, by: number) => text.slice(at + by)
  return skip(a, 1) === skip(b, 1) || skip(a, 1) === skip(b, 0) || skip(a, 0) === skip(b, 1)
}
