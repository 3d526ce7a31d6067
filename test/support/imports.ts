import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { parseSync } from 'vite'
import { root } from '#infra/repository.ts'

/** One import: the file `from` imports the file `to`. Both are paths in the checkout. */
export interface Import {
  from: string
  to: string
}

/** The TypeScript files below folders of the checkout: text by path. */
export const sourcesIn = (folders: readonly string[]): Map<string, string> =>
  new Map(
    folders.flatMap(folder =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter(name => /\.m?ts$/.test(name) && !name.includes('node_modules/'))
        .map(name => [`${folder}/${name}`, readFileSync(join(root, folder, name), 'utf8')] as const),
    ),
  )

const aliases = Object.entries(
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { imports: Record<string, string> }).imports,
).map(([alias, target]) => [alias.replace('*', ''), target.replace('./', '').replace('*', '')] as const)

/** The imports between the files: values, types, re-exports, dynamic imports and `import('…')` types. */
export const importsOf = (files: ReadonlyMap<string, string>): Import[] =>
  [...files].flatMap(([from, text]) =>
    specifiersIn(from, text).flatMap(specifier => {
      const to = resolve(from, specifier)
      return to === undefined ? [] : [{ from, to }]
    }),
  )

const parsed = new Map<string, string[]>()

const specifiersIn = (path: string, text: string): string[] => {
  const known = parsed.get(text) ?? parse(path, text)
  parsed.set(text, known)
  return known
}

const parse = (path: string, text: string): string[] => {
  const { module, errors } = parseSync(path, text)
  if (errors[0]) throw new Error(`${path}: ${errors[0].message}`)
  const exported = module.staticExports.flatMap(({ entries }) =>
    entries.map(({ moduleRequest }) => moduleRequest?.value),
  )
  const called = [...text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g)].map(([, specifier]) => specifier)
  const all = [...module.staticImports.map(({ moduleRequest }) => moduleRequest.value), ...exported, ...called]
  return [...new Set(all)].filter(specifier => specifier !== undefined)
}

/** The path of an imported file in the checkout; undefined for a package. */
const resolve = (from: string, specifier: string): string | undefined => {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier)
  const [alias, target] = aliases.find(([start]) => specifier.startsWith(start)) ?? []
  return alias === undefined ? undefined : target + specifier.slice(alias.length)
}

/** The groups of files that import each other in a circle, directly or through others (Tarjan's algorithm). */
export const cyclesIn = (imports: readonly Import[]): string[][] => {
  const next = Map.groupBy(imports, ({ from }) => from)
  const order = new Map<string, { index: number; low: number; open: boolean }>()
  const path: string[] = []
  const cycles: string[][] = []
  const visit = (file: string) => {
    const own = { index: order.size, low: order.size, open: true }
    order.set(file, own)
    path.push(file)
    for (const { to } of next.get(file) ?? []) {
      const other = order.get(to) ?? visit(to)
      if (other.open) own.low = Math.min(own.low, other.low)
    }
    if (own.low === own.index) {
      const cycle = path.splice(path.indexOf(file))
      for (const member of cycle) order.get(member)!.open = false
      if (cycle.length > 1 || next.get(file)?.some(({ to }) => to === file)) cycles.push(cycle.toSorted())
    }
    return own
  }
  for (const file of next.keys()) if (!order.has(file)) visit(file)
  return cycles
}
