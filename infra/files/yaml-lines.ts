import { type Document, isMap, isNode, isPair, isScalar, LineCounter, type Pair, parseDocument } from 'yaml'

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
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const [error] = document.errors
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
    broken: error ? { line: lines.linePos(error.pos[0]).line, reason: error.message.split('\n')[0]! } : null,
    lineOf,
  }
}

/** A path as people write it: `chats[0].monitors.shop`; '' for the whole document. */
export const formatPath = (path: YamlPath): string =>
  path
    .map(step => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '')
