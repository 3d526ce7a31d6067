import pino, { type Logger } from 'pino'
import { logLevel } from './log-level.ts'
import { redact } from './redact.ts'
import { imageRelease } from './release.ts'

export type { Logger } from 'pino'
export { redact } from './redact.ts'

/** Receives finished log lines. */
export interface LogOutput {
  write(line: string): unknown
}

/**
 * A logger that writes one JSON line per entry to standard output. Writes are synchronous, so that no line is lost when
 * the process ends. Secrets are redacted in the finished line.
 */
export const logger = (
  name: string,
  { output = standardOutput(), level = logLevel() }: { output?: LogOutput | undefined; level?: string } = {},
): Logger =>
  pino(
    {
      level,
      // The release is in the log only if the process runs from a container image, because several revisions run side
      // by side on a cluster, but never on one machine.
      base: { function: name, ...imageRelease() },
      messageKey: 'message',
      errorKey: 'error',
      serializers: { cause: pino.stdSerializers.err },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    { write: line => output.write(redact(line)) },
  )

let stdout: LogOutput | undefined
const standardOutput = () => {
  stdout ??= pino.destination({ fd: 1, sync: true })
  return stdout
}
