import { createHash } from 'node:crypto'

/** Patterns of what may differ between two faults of the same kind: ids, numbers, addresses, times, quoted names. */
const particulars = [
  /\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/g,
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /\b[0-9a-f]{12,}\b/gi,
  /"[^"]*"|'[^']*'/g,
  /\b(?:show|monitor|chat|incident|update|shard|series)\/\S+/g,
  /\d+/g,
]

/**
 * Eight hex digits that identify a kind of fault: a hash of the Trigger, the code, and the reason without
 * `particulars`.
 */
export const fingerprint = (trigger: string, code: number | null, reason: string): string => {
  const kind = particulars.reduce((text, pattern) => text.replace(pattern, '#'), reason.slice(0, 500))
  return createHash('sha256').update(`${trigger}\n${code}\n${kind}`).digest('hex').slice(0, 8)
}
