import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { root } from '#infra/repository.ts'
import { commands, flagsOf } from './kn-flags.ts'

const run = promisify(execFile)

/** The path of a program on PATH, or undefined. */
export const onPath = (name: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, name))
    .find(file => existsSync(file))

/** The code blocks of infra/cluster/kn.md as one script. */
export const knScript = (page = readFileSync(join(root, 'infra/cluster/kn.md'), 'utf8')): string =>
  [...page.matchAll(/^```bash\n(.*?)^```$/gms)].map(([, block]) => block).join('\n')

/** Runs the script in bash with the given program as `kn`. */
export const runScript = (script: string, kn: string, env: Record<string, string> = {}) =>
  withProgramAsKn(kn, folder =>
    run('bash', ['-euo', 'pipefail', '-c', script], {
      env: { ...process.env, ...env, PATH: `${folder}${delimiter}${env.PATH ?? process.env.PATH}` },
    }),
  )

const withProgramAsKn = async <T>(program: string, use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-kn-'))
  try {
    await writeFile(join(folder, 'kn'), program)
    await chmod(join(folder, 'kn'), 0o755)
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs the script with a recorder as `kn`, and returns the arguments of every call. */
export const callsIn = async (script: string): Promise<string[][]> => {
  const folder = await mkdtemp(join(tmpdir(), 'vigia-kn-calls-'))
  try {
    const record = join(folder, 'calls')
    await writeFile(record, '')
    await runScript(script, `#!/bin/sh\n{ printf '%s\\037' "$@"; printf '\\036'; } >> "$CALLS"\n`, { CALLS: record })
    const calls = (await readFile(record, 'utf8')).split('\x1e').slice(0, -1)
    return calls.map(call => call.split('\x1f').slice(0, -1))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface Call {
  command: string
  name: string
  /** Values by the flag's long name, in their order. A switch has the value ''. */
  flags: Map<string, string[]>
}

/** Parses the arguments of a call as kn does. Throws an Error for an unknown command, flag or value. */
export const parseCall = (args: string[]): Call => {
  const command = commands.find(one => one.split(' ').every((word, at) => args[at] === word))
  if (!command) throw new Error(`kn ${args.slice(0, 3).join(' ')}: unknown command`)
  const known = flagsOf(command)!
  const flags = new Map<string, string[]>()
  const names: string[] = []
  const rest = args.slice(command.split(' ').length)
  while (rest.length > 0) {
    const word = rest.shift()!
    if (!word.startsWith('-')) {
      names.push(word)
      continue
    }
    const [, spelt, joined] = /^(--[^=]+|-.)(?:=(.*))?$/s.exec(word) ?? []
    const flag = known.get(spelt ?? word)
    if (!flag) throw new Error(`kn ${command}: unknown flag ${word}`)
    const value = joined ?? (flag.kind === 'switch' ? '' : rest.shift())
    if (value === undefined) throw new Error(`kn ${command}: ${word} needs a value`)
    if (flag.kind.startsWith('int') && !/^-?\d+$/.test(value))
      throw new Error(`kn ${command}: ${word} ${value} is not a number`)
    if ((flag.kind === 'string' || flag.kind.startsWith('int')) && flags.has(flag.name))
      throw new Error(`kn ${command}: ${word} is given twice`)
    flags.set(flag.name, [...(flags.get(flag.name) ?? []), ...(flag.kind === 'strings' ? value.split(',') : [value])])
  }
  if (names.length !== 1) throw new Error(`kn ${command}: it needs one name, not ${names.join(' ') || 'none'}`)
  return { command, name: names[0]!, flags }
}
