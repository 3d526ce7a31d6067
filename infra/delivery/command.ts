import { Refusal } from '#infra/refusal.ts'

/** Runs a command's work: its lines go to stdout; a Refusal is one line on stderr and exit code 1. */
export const command = async (work: () => Promise<string> | string): Promise<void> => {
  try {
    const said = await work()
    if (said) process.stdout.write(`${said}\n`)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`${error.message.replaceAll(/\s*\n\s*/g, ' ')}\n`)
    process.exitCode = 1
  }
}

/** A setting of the pipeline; one that is missing is a Refusal that names it. */
export const setting = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Refusal(`${name} is not set; infra/delivery/README.md says what it means`)
  return value
}
