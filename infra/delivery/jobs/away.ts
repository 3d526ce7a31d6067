/** Connections that were refused or lost, names that are not known yet, and a PostgreSQL that starts, ends, or is full. */
const codes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  '53300',
  '57P01',
  '57P02',
  '57P03',
])

/** True when the error, or what caused it, is PostgreSQL being away, and not what it was asked to do. */
export const databaseAway = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  if (codes.has((error as NodeJS.ErrnoException).code ?? '')) return true
  // pg gives no code to a connection that was closed under it.
  return error.message.startsWith('Connection terminated') || databaseAway(error.cause)
}
