import pino from 'pino'
import { ecsFields, type LogFields } from './log-fields.ts'
import { logLevel } from './log-level.ts'
import { redact } from './redact.ts'
import { release, unreleased } from './release.ts'

export type { LogFields } from './log-fields.ts'
export { redact } from './redact.ts'

interface LogMethod {
  (message: string): void
  (fields: LogFields, message: string): void
}

/** Writes log lines. The fields of a line have short names in code; log-fields.ts gives them the names of ECS. */
export interface Logger {
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
  fatal: LogMethod
}

export interface HostLogger extends Logger {
  /** A logger whose lines have these fields too. */
  with(fields: LogFields): Logger
}

/** Receives finished log lines. */
export interface LogOutput {
  write(line: string): unknown
}

/**
 * A logger that writes one JSON line per entry to standard output, with the field names of the Elastic Common Schema;
 * log-line.ts has the schema of a line. Writes are synchronous, so that no line is lost when the process ends. Secrets
 * are redacted in the finished line.
 */
export const logger = (
  name: string,
  { output = standardOutput(), level = logLevel() }: { output?: LogOutput | undefined; level?: string } = {},
): HostLogger => {
  const { version, revision } = release()
  return loggerOf(
    pino(
      {
        level,
        base: {
          'service.name': name,
          'service.version': version,
          ...(revision === unreleased ? {} : { 'vigia.revision': revision }),
        },
        messageKey: 'message',
        errorKey: 'error',
        timestamp: () => `,"@timestamp":"${new Date().toISOString()}"`,
        formatters: { level: label => ({ 'log.level': label }), log: ecsFields },
      },
      { write: line => output.write(redact(line)) },
    ),
  )
}

const loggerOf = (lines: pino.Logger): HostLogger =>
  Object.assign(lines, { with: (fields: LogFields) => lines.child(ecsFields(fields)) })

let stdout: LogOutput | undefined
const standardOutput = () => {
  stdout ??= pino.destination({ fd: 1, sync: true })
  return stdout
}
