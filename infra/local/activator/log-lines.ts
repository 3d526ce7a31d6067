/** The levels of a function's log lines, from the least to the most severe. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type Level = (typeof levels)[number]

/**
 * The level of a line, without parsing the whole line. A line that is not JSON is a warning of Node.js (`debug`) or the
 * output of a crash (`error`).
 */
export const levelOf = (line: string): Level => {
  if (/^\((node:\d+\)|Use `node )/.test(line)) return 'debug'
  const [, level] = /^\{"log\.level":"(\w+)"/.exec(line) ?? []
  return levels.includes(level as Level) ? (level as Level) : 'error'
}

/** A JSON line as text for people; any other line as it is. */
export const readable = (line: string): string => {
  const entry = parsed(line)
  if (!entry) return line
  const { message, 'error.message': problem, 'event.duration': nanoseconds, ...rest } = entry
  const pairs = Object.entries(rest)
    .filter(([key, value]) => !omitted.has(key) && value !== null && value !== undefined)
    .map(([key, value]) => `${shortKey(key)}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  if (typeof nanoseconds === 'number') pairs.push(`ms=${nanoseconds / 1e6}`)
  return [message, problem === message ? '' : problem, ...pairs]
    .filter(part => typeof part === 'string' && part !== '')
    .join('  ')
}

/** What the terminal shows elsewhere, or what is too long for it. */
const omitted = new Set([
  ...['log.level', '@timestamp', 'service.name', 'service.version', 'vigia.revision'],
  ...['span.id', 'event.outcome', 'error.stack_trace'],
])

/** `event.id` becomes `id`, and `vigia.message_key` becomes `message_key`; `trace.id` becomes `trace`. */
const shortKey = (key: string) => (key === 'trace.id' ? 'trace' : key.slice(key.lastIndexOf('.') + 1))

const parsed = (line: string): Record<string, unknown> | undefined => {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
