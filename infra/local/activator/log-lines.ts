/** The levels of a function's log lines, from the least to the most severe. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type Level = (typeof levels)[number]

/**
 * The level of a line, without parsing the whole line. A line that is not JSON is a warning of Node.js (`debug`) or the
 * output of a crash (`error`).
 */
export const levelOf = (line: string): Level => {
  if (/^\((node:\d+\)|Use `node )/.test(line)) return 'debug'
  const [, level] = /^\{"level":"(\w+)"/.exec(line) ?? []
  return levels.includes(level as Level) ? (level as Level) : 'error'
}

/** A JSON line as text for people; any other line as it is. */
export const readable = (line: string): string => {
  const entry = parsed(line)
  if (!entry) return line
  const { level: _, time: __, function: ___, message, error, ...rest } = entry
  const pairs = Object.entries(rest)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
  const problem = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error
  return [message, problem, ...pairs].filter(part => typeof part === 'string' && part !== '').join('  ')
}

const parsed = (line: string): Record<string, unknown> | undefined => {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
