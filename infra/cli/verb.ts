import type { OpenedDatabase } from './database.ts'

/** The environment and the output of a command. */
export interface Shell {
  env: NodeJS.ProcessEnv
  /** Lines for standard output. The result means nothing, and must not be returned as an exit code. */
  print(text: string): unknown
  /** Lines for standard error. */
  printError(text: string): unknown
}

/** What a command works with. */
export interface VerbShell extends Shell {
  /** Opens Vigia's PostgreSQL, also while Vigia runs. */
  openDatabase(): Promise<OpenedDatabase>
}

export interface Verb {
  /** The lines of the help, without indentation. */
  help: string
  /**
   * Throws UsageError for wrong arguments, and any other Error if the command failed. Resolves with an exit code if it
   * is not 0.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a verb without an exit code of its own returns nothing
  run(args: string[], shell: VerbShell): Promise<number | void>
}
