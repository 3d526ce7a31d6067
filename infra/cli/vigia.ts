import { Misuse } from './misuse.ts'
import type { Shell, Verb } from './verb.ts'

/** Loaded when asked for. */
const verbs: Record<string, () => Promise<{ verb: Verb }>> = {
  'dead-letters': () => import('./dead-letters.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./restore.ts'),
}

const help = async (): Promise<string> => {
  const all = await Promise.all(Object.values(verbs).map(load => load()))
  const lines = all.flatMap(({ verb }) => verb.help.split('\n')).map(line => `  ${line}`)
  return [
    'npm run vigia -- <command>',
    '',
    ...lines,
    '',
    'Environment: PORT of the running Vigia (8080), DATA_DIR for its data folder (.vigia), DATABASE_URL for another PostgreSQL.',
    'Exit codes: 0 done, 1 failed, 2 wrong arguments.',
  ].join('\n')
}

/** Runs one verb of the command line and answers its exit code: 0 done, 1 it did not work, 2 it was not understood. */
export const vigia = async ([name, ...args]: string[], shell: Shell): Promise<number> => {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    shell.out(await help())
    return name === undefined ? 2 : 0
  }
  const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!load) {
    shell.complain(`there is no command ${name}; use one of: ${Object.keys(verbs).join(', ')}`)
    return 2
  }
  const { verb } = await load()
  if (args.includes('--help') || args.includes('-h')) {
    shell.out(verb.help)
    return 0
  }
  try {
    await verb.run(args, shell)
    return 0
  } catch (error) {
    shell.complain((error as Error).message)
    if (!(error instanceof Misuse)) return 1
    shell.complain(`usage:\n${verb.help}`)
    return 2
  }
}
