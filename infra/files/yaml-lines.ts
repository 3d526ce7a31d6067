import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Pair, parseDocument, visit } from 'yaml'

/** The way to a value in a document: keys of mappings and indexes of lists. */
export type YamlPath = (string | number)[]

export interface ParsedYaml {
  document: Document.Parsed
  /** The first error of the syntax; null if there is none. */
  broken: { line: number; reason: string } | null
  /** The line of the value at a path; of its key if it has one; of the nearest parent if the path leads nowhere. */
  lineOf(path: YamlPath): number
}

/** Parses one YAML document and knows the lines of its values. */
export const parseYaml = (text: string): ParsedYaml => {
  const lines = new LineCounter()
  // The library compares each key with all others of its mapping, which takes minutes for a hostile text.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false })
  const broken = document.errors.map(({ pos, message }) => ({ at: pos[0], reason: message.split('\n')[0]! }))
  const [error] = broken.length > 0 ? broken : repeatedKeys(document)
  const lineOf = (path: YamlPath): number => {
    for (let depth = path.length; depth > 0; depth--) {
      const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true)
      const key = path[depth - 1]
      const pair = isMap(parent) && (parent.items as Pair[]).find(item => isScalar(item.key) && item.key.value === key)
      const node = isPair(pair) ? pair.key : document.getIn(path.slice(0, depth), true)
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
    }
    return 1
  }
  return {
    document,
    broken: error ? { line: lines.linePos(error.at).line, reason: error.reason } : null,
    lineOf,
  }
}

/** The first key that its mapping has twice. */
const repeatedKeys = (document: Document.Parsed): { at: number; reason: string }[] => {
  const found: { at: number; reason: string }[] = []
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) {
          const reason = `Map keys must be unique: ${String(key.value).slice(0, 60)} is there twice`
          found.push({ at: key.range?.[0] ?? 0, reason })
          return visit.BREAK
        }
        seen.add(key.value)
      }
      return undefined
    },
  })
  return found
}

/** A path as people write it: `chats[0].monitors.shop`; '' for the whole document. */
export const formatPath = (path: YamlPath): string =>
  path
    .map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '')
