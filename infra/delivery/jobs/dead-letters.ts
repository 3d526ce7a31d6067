import { verb } from '#infra/cli/dead-letters.ts'

/**
 * `dead-letters list|show|replay` in a pod: reads the dead letters in DATABASE_URL, and sends events again to K_SINK.
 */
process.once('SIGTERM', () => process.exit(143))
process.env.K_SINK ||= 'http://broker-ingress.knative-eventing.svc.cluster.local/vigia/default'
try {
  await verb.run(process.argv.slice(2), {
    env: process.env,
    print: text => process.stdout.write(`${text}\n`),
    printError: text => process.stderr.write(`${text}\n`),
  })
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${verb.help}\n`)
  process.exitCode = 1
}
