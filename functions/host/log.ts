import pino, { type Logger } from 'pino'
import { logLevel } from './log-level.ts'
import { redact } from './redact.ts'
import { imageRelease } from './release.ts'

export type { Logger } from 'pino'
export { redact } from './redact.ts'

/** Takes finished lines. */
export interface LogOutput {
  write(line: string): unknown
}

/** One JSON line per entry, on standard output and at once, so that none is lost when the process ends. Secrets are taken out of the finished line. */
export const logger = (
  name: string,
  { output = standardOutput(), level = logLevel() }: { output?: LogOutput | undefined; level?: string } = {},
): Logger =>
  pino(
    {
      level,
      // On one machine every line would carry the same; on a cluster revisions run side by side.
      base: { function: name, ...imageRelease() },
      messageKey: 'message',
      errorKey: 'error',
      serializers: { cause: pino.stdSerializers.err },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    { write: line => output.write(redact(line)) },
  )

let opened: LogOutput | undefined
const standardOutput = () => {
  opened ??= pino.destination({ fd: 1, sync: true })
  return opened
}
