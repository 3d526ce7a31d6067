import { UsageError } from '#infra/cli/usage-error.ts'
import type { Verb } from '#infra/cli/verb.ts'

/** Runs a command of the command line in a pod, with the arguments of the container. Exit code 1: it failed. */
export const runVerb = async ({ run, help }: Verb): Promise<void> => {
  process.once('SIGTERM', () => process.exit(143))
  // Without K_SINK, the command would look for a Vigia on this machine.
  process.env.K_SINK ||= 'http://broker-ingress.knative-eventing.svc.cluster.local/vigia/default'
  try {
    await run(process.argv.slice(2), {
      env: process.env,
      print: text => process.stdout.write(`${text}\n`),
      printError: text => process.stderr.write(`${text}\n`),
      openDatabase: async () => ({ url: process.env.DATABASE_URL ?? '', name: 'DATABASE_URL', close: async () => {} }),
    })
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    if (error instanceof UsageError) process.stderr.write(`usage:\n${help}\n`)
    process.exitCode = 1
  }
}
