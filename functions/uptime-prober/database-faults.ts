/** SQLSTATE, or a code of Node's. */
const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')

/** Connection lost, resources short, server going down or busy, transaction rolled back to let another one through. */
const passingClasses = new Set(['08', '40', '53', '55', '57'])

/** Whether the database may answer the same question in a moment: it is away or busy, and the question is not at fault. */
export const isPassing = (error: unknown): boolean => {
  const code = codeOf(error)
  // What has no SQLSTATE comes from the way there: a socket that is gone, a connection that was cut.
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)
    ? passingClasses.has(code.slice(0, 2))
    : !(error instanceof TypeError || error instanceof RangeError)
}

/** No partition of probe_result takes the row. */
export const lacksPartition = (error: unknown): boolean =>
  codeOf(error) === '23514' && /no partition/.test((error as Error).message)
