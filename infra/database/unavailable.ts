/**
 * Codes of Node.js and SQLSTATEs by which a server that starts, or a network that is not ready yet, refuses a
 * connection.
 */
const startingCodes = ['ECONNREFUSED', 'EHOSTUNREACH', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', '57P03']

/**
 * `startingCodes`, and the codes for: the connection was lost, the socket file is missing, PostgreSQL shuts down,
 * PostgreSQL has no free connection.
 */
const unavailableCodes = [
  ...startingCodes,
  ...['ECONNRESET', 'ENETUNREACH', 'ENOENT', 'EPIPE'],
  ...['08000', '08001', '08003', '08004', '08006', '53300', '57P01', '57P02'],
]

/** Classes of SQLSTATE: connection, transaction rolled back, resources, object in use, operator intervention. */
const transientClasses = new Set(['08', '40', '53', '55', '57'])

const starting = new Set(startingCodes)
const unavailable = new Set(unavailableCodes)

/** The SQLSTATE, or the code of Node.js; '' without one. */
const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')

/** Whether a first connection failed because PostgreSQL, or the network of a new pod, is not ready yet. */
export const isStarting = (error: unknown): boolean => starting.has(codeOf(error))

/**
 * Whether the error, or an error that caused it, says that PostgreSQL cannot be reached. The statement is not at fault.
 */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof Error &&
  (unavailable.has(codeOf(error)) ||
    // pg sets no code when a connection closes while it is in use.
    error.message.startsWith('Connection terminated') ||
    isUnavailable(error.cause))

/**
 * Whether the same statement may succeed in a moment: PostgreSQL is unavailable or busy, or it rolled the transaction
 * back in favour of another one. An error without an SQLSTATE comes from the connection, so it counts as transient,
 * except an error of our own code.
 */
export const isTransient = (error: unknown): boolean => {
  const code = codeOf(error)
  const isSqlState = /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)
  return isSqlState
    ? transientClasses.has(code.slice(0, 2))
    : !(error instanceof TypeError || error instanceof RangeError)
}
