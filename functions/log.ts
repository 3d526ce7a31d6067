import pino, { type Logger } from 'pino'
import { redact } from './redact.ts'

export type { Logger } from 'pino'
export { redact } from './redact.ts'

/** One JSON line per entry on standard output, written at once, so that nothing is lost when the process ends. Secrets are taken out of the finished line. */
export const logger = (name: string, destination: { write(line: string): unknown } = standardOutput()): Logger =>
  pino(
    {
      level: process.env.LOG_LEVEL || 'info',
      base: { function: name },
      messageKey: 'message',
      errorKey: 'error',
      serializers: { cause: pino.stdSerializers.err },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    { write: line => destination.write(redact(line)) },
  )

let output: ReturnType<typeof pino.destination> | undefined
const standardOutput = () => {
  output ??= pino.destination({ fd: 1, sync: true })
  return output
}
