import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { table } from '#test/support/table.ts'
import type { Bench } from './bench.ts'

/**
 * `npm run bench [-- name …] [--json]` runs the benchmarks of this folder. In each run, a benchmark measures anew
 * everything that it compares. The results are for people: no test asserts a duration.
 */
const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true })
const known = readdirSync(new URL('.', import.meta.url))
  .filter(file => file.endsWith('.ts') && !['main.ts', 'bench.ts'].includes(file) && !file.endsWith('.process.ts'))
  .map(file => file.slice(0, -'.ts'.length))

const unknown = positionals.filter(name => !known.includes(name))
if (unknown.length > 0) {
  process.stderr.write(`unknown benchmark: ${unknown.join(', ')}; the benchmarks are: ${known.join(', ')}\n`)
  process.exit(2)
}

const results: Record<string, unknown> = {}
for (const name of positionals.length > 0 ? positionals : known) {
  const { bench } = (await import(`./${name}.ts`)) as { bench: Bench }
  if (!values.json) process.stdout.write(`\n${name}: ${bench.title}\n`)
  const outcome = await bench.run(line => process.stderr.write(`  ${line}\n`))
  results[name] = { title: bench.title, ...outcome }
  if (!values.json)
    for (const line of [...table(outcome.columns, outcome.rows), ...(outcome.notes ?? [])])
      process.stdout.write(`  ${line}\n`)
}
if (values.json) process.stdout.write(`${JSON.stringify(results, null, 2)}\n`)
