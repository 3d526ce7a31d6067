/** Does the work and prints how long it took. */
export const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now()
  const result = await work()
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1).padStart(7)} s  ${what}\n`)
  return result
}
