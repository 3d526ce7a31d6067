import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeFileAtomic } from '#infra/files/atomic-write.ts'
import { cron } from '#local/sources/cron.ts'
import { functionLists } from './function-lists.ts'
import { camelCase, eventNames, type NewFunction, newFunctionFiles } from './new-function.ts'
import { write } from './write.ts'

const usage = "usage: npm run new -- <name> [--tick '*/5 * * * *' | --event monitor.down]"

/** Names with another meaning in a local URL or in JavaScript. */
const reservedNames = [
  'localhost',
  'sites',
  'broker-ingress',
  'default',
  'delete',
  'export',
  'import',
  'new',
  'switch',
  'test',
]

/** Reads the arguments. Returns the new function, or one line that says what is wrong. `root` is the checkout. */
export const readRequest = (args: readonly string[], root: string): NewFunction | string => {
  const rest = [...args]
  /** Removes an option and its value from the arguments. null if the option is absent, '' if its value is absent. */
  const take = (option: string): string | null => {
    const at = rest.indexOf(option)
    return at < 0 ? null : (rest.splice(at, 2)[1] ?? '')
  }
  const tick = take('--tick')
  const event = take('--event')
  const [name, ...others] = rest
  if (tick === '') return `--tick needs a schedule; ${usage}`
  if (event === '') return `--event needs the name of an event; ${usage}`
  if (tick !== null && event !== null) return usage
  if (name === undefined || others.length > 0 || name.startsWith('--')) return usage
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name) || name.length > 50)
    return `"${name}" is not a valid function name: use words of a-z and 0-9 with hyphens between them, 50 characters at most`
  if (reservedNames.includes(name)) return `"${name}" is reserved; choose another name`
  // Folders of shared code count too, because a name must have one meaning.
  const existing = [
    `functions/${name}`,
    `knative/services/${name}.yaml`,
    `triggers/${name}.yaml`,
    `test/functions/${name}.test.ts`,
  ].find(path => existsSync(join(root, path)))
  if (existing !== undefined) return `${existing} exists already; choose another name`
  const clash = readdirSync(join(root, 'functions')).find(other => camelCase(other) === camelCase(name))
  if (clash !== undefined) return `functions/${clash} has the same name in code; choose another name`
  if (tick !== null) {
    const schedule = cron(tick)
    if ('error' in schedule) return `--tick "${tick}" is not a valid schedule: ${schedule.error}`
  }
  if (event !== null && !isEvent(event, root))
    return `"${event}" is not an event; create events/${eventNames(event).file}.ts first (CONTRIBUTING, "A new event")`
  return { name, tick, event: event ?? 'monitor.down' }
}

/** Whether a file of events/ defines the event. */
const isEvent = (name: string, root: string): boolean => {
  const path = join(root, 'events', `${eventNames(name).file}.ts`)
  return /^[a-z]+(\.[a-z]+)+$/.test(name) && existsSync(path) && readFileSync(path, 'utf8').includes(`'${name}',`)
}

/** Writes the files of a new function into a checkout, and the lists that name every function. Returns their paths. */
export const createFunction = async (requested: NewFunction, root: string): Promise<string[]> => {
  const files = await newFunctionFiles(requested, path => readFile(join(root, path), 'utf8'))
  for (const [path, text] of files) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFileAtomic(join(root, path), text, 0o644)
  }
  return [...files.keys(), ...(await write(functionLists, root))]
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../..')
  const requested = readRequest(process.argv.slice(2), root)
  if (typeof requested === 'string') {
    process.stderr.write(`${requested}\n`)
    process.exitCode = 1
  } else {
    const paths = await createFunction(requested, root)
    process.stdout.write(
      `${paths.map(path => `  ${path}`).join('\n')}

Run its test: npx vitest run --config test/vitest.config.ts test/functions/${requested.name}.test.ts
npm run dev restarts it after each change. npm run generate updates the chart. CONTRIBUTING, "A new function", lists the next steps.
`,
    )
  }
}
