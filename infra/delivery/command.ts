import { Refusal } from '#infra/refusal.ts'

/** Runs a command and prints its result on stdout. Prints a Refusal as one line on stderr, with exit code 1. */
export const command = async (work: () => Promise<string> | string): Promise<void> => {
  try {
    const result = await work()
    if (result) process.stdout.write(`${result}\n`)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`${error.message.replaceAll(/\s*\n\s*/g, ' ')}\n`)
    process.exitCode = 1
  }
}

/** An environment variable of the pipeline. Throws a Refusal with its name if it is not set. */
export const setting = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Refusal(`${name} is not set; infra/delivery/README.md explains it`)
  return value
}
