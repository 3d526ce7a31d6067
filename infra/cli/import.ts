import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { makePlan } from '#functions/vigia-yaml/apply.ts'
import { fileText } from '#functions/vigia-yaml/export.ts'
import { printPlan } from '#functions/vigia-yaml/print-plan.ts'
import { chatIdOf } from './export.ts'
import { importCrontab } from './import/crontab.ts'
import { desiredImport, type ImportResult } from './import/desired-import.ts'
import { importGatus } from './import/gatus.ts'
import { importHealthchecks } from './import/healthchecks.ts'
import type { Imported } from './import/imported.ts'
import { importReport } from './import/report.ts'
import { parseArguments, UsageError } from './usage-error.ts'
import type { Shell, Verb, VerbShell } from './verb.ts'
import { applyChats } from './vigia-yaml/apply-chats.ts'
import { outsideOf } from './vigia-yaml/outside.ts'
import { withTables } from './vigia-yaml/with-tables.ts'

interface Source {
  path: string
  env: NodeJS.ProcessEnv
  /** The lines of a crontab have the user before the command. */
  hasUser: boolean
}

const programs: Record<string, (source: Source) => Imported | Promise<Imported>> = {
  // node:sqlite is loaded only here.
  kuma: async ({ path }) => (await import('./import/kuma.ts')).importKuma(path),
  gatus: ({ path, env }) => importGatus(readFileSync(path, 'utf8'), env),
  healthchecks: ({ path }) => importHealthchecks(readFileSync(path, 'utf8')),
  crontab: ({ path, hasUser }) =>
    importCrontab(readFileSync(path, 'utf8'), {
      hasUser,
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }),
}

/** Imports the monitors of another program: shows the plan, applies it, or writes it as vigia.yaml. */
export const verb: Verb = {
  help: `import kuma <kuma.db or backup> --chat=<id> [--apply | --write <file>]
import gatus <config.yaml>     --chat=<id> …    without --apply and --write it only shows what would be
import healthchecks <json>     --chat=<id> …    imported, and what cannot be and why; <json> is the response to
import crontab <file> [--user] --chat=<id> …    GET /api/v3/checks/; --user: a user before each command`,

  run: async (args, shell) => {
    const { env, print } = shell
    const { values, positionals } = parseArguments({
      args,
      options: {
        chat: { type: 'string' },
        apply: { type: 'boolean' },
        write: { type: 'string' },
        user: { type: 'boolean' },
      },
      allowPositionals: true,
    })
    const [program = '', file, ...more] = positionals
    const read = Object.hasOwn(programs, program) ? programs[program] : undefined
    if (read === undefined) throw new UsageError(`import needs one of ${Object.keys(programs).join(', ')}`)
    if (file === undefined || more.length > 0) throw new UsageError(`import ${program} needs one file`)
    if (values.chat === undefined) throw new UsageError('import needs --chat=<id>: the chat that gets the messages')
    if (values.apply && values.write !== undefined) throw new UsageError('use --apply or --write, not both')
    if (values.user && program !== 'crontab') throw new UsageError('--user works only with crontab')
    const path = resolve(file)
    if (!existsSync(path)) throw new Error(`there is no file ${file}`)

    const found = await read({ path, env, hasUser: values.user === true })
    const { mayDial } = outsideOf(env, dirname(path))
    const result = await desiredImport(found, chatIdOf(values.chat), mayDial)
    print(`${importReport(result.imported)}\n`)
    if (values.write !== undefined) writeResult(resolve(values.write), result, print)
    else await toDatabase(result, values.apply === true, shell)
  },
}

const toDatabase = ({ chat }: ImportResult, applies: boolean, shell: VerbShell) =>
  withTables(shell, async db => {
    const { print } = shell
    const chats = [chat]
    // The monitors of an import are only a part of the chat's, so none is deleted.
    if (applies) return applyChats(db, { chats, prune: false, isConfirmed: false, check: () => {}, print })
    print(printPlan(await makePlan(db, chats, false)))
    print('add --apply to import them, or --write vigia.yaml to write them to a file')
  })

/** Writes vigia.yaml, and its secrets to a file of variables that only its owner can read. */
const writeResult = (path: string, { file, variables }: ImportResult, print: Shell['print']): void => {
  const secretsPath = path.replace(/(\.ya?ml)?$/, '.env')
  for (const each of [path, secretsPath])
    if (existsSync(each)) throw new Error(`${each} exists already; choose another name for --write`)
  writeFileSync(path, fileText(file))
  print(`written to ${path}`)
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${inEnvFile(name, value)}\n`)
  if (lines.length === 0) return
  writeFileSync(secretsPath, lines.join(''), { mode: 0o600 })
  print(`its secrets are in ${secretsPath}: npm run vigia -- apply ${path} --secrets ${secretsPath}`)
}

/** A value in an .env file, without quotes if possible, because kubectl does not understand them. */
const inEnvFile = (name: string, value: string): string => {
  if (/^[\w./+=:@-]+$/.test(value)) return value
  const quote = ["'", '`', '"'].find(sign => !value.includes(sign))
  if (quote === undefined) throw new Error(`${name} has all kinds of quotes; set this secret by hand`)
  return `${quote}${value}${quote}`
}
