import { UsageError } from './usage-error.ts'
import type { Shell, Verb } from './verb.ts'

/** The commands by name. Each is loaded when it is used. */
const verbs: Record<string, () => Promise<{ verb: Verb }>> = {
  'dead-letters': () => import('./dead-letters.ts'),
  plan: () => import('./plan.ts'),
  apply: () => import('./apply.ts'),
  export: () => import('./export.ts'),
  import: () => import('./import.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./restore.ts'),
  doctor: () => import('./doctor.ts'),
  page: () => import('./page.ts'),
  key: () => import('./key.ts'),
  run: () => import('./run.ts'),
}

const help = async (): Promise<string> => {
  const all = await Promise.all(Object.values(verbs).map(load => load()))
  const lines = all.flatMap(({ verb }) => verb.help.split('\n')).map(line => `  ${line}`)
  return [
    'npm run vigia -- <command>',
    '',
    ...lines,
    '',
    'Environment: PORT of the running Vigia (default 8080), DATA_DIR of its data (default .vigia), DATABASE_URL of another PostgreSQL.',
    'Exit codes: 0 done, 1 failed, 2 wrong arguments; of run: that of the command.',
  ].join('\n')
}

/** Runs one command and returns its exit code: 0 done, 1 failed, 2 wrong arguments, or the one of the verb. */
export const vigia = async ([name, ...args]: string[], shell: Shell): Promise<number> => {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    shell.print(await help())
    return name === undefined ? 2 : 0
  }
  const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!load) {
    shell.printError(`there is no command ${name}; use one of these: ${Object.keys(verbs).join(', ')}`)
    return 2
  }
  const { verb } = await load()
  // What follows -- belongs to another program.
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args
  if (own.includes('--help') || own.includes('-h')) {
    shell.print(verb.help)
    return 0
  }
  try {
    const openDatabase = async () => (await import('./database.ts')).openDatabaseAlsoWhileRunning(shell.env)
    return (await verb.run(args, { ...shell, openDatabase })) ?? 0
  } catch (error) {
    shell.printError((error as Error).message)
    if (!(error instanceof UsageError)) return 1
    shell.printError(`usage:\n${verb.help}`)
    return 2
  }
}
