/** The environment and the output of a command. */
export interface Shell {
  env: NodeJS.ProcessEnv
  /** Lines for standard output. */
  print(text: string): void
  /** Lines for standard error. */
  printError(text: string): void
}

export interface Verb {
  /** The lines of the help, without indentation. */
  help: string
  /** Throws UsageError for wrong arguments, and any other Error if the command failed. */
  run(args: string[], shell: Shell): Promise<void>
}
