/** What a verb is given. */
export interface Shell {
  env: NodeJS.ProcessEnv
  /** Lines for standard output. */
  out(text: string): void
  /** Lines for standard error. */
  complain(text: string): void
}

export interface Verb {
  /** Lines of the help, without an indent. */
  help: string
  /** Throws Misuse for arguments that it does not know, any other Error for what did not work. */
  run(args: string[], shell: Shell): Promise<void>
}
