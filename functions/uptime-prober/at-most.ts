/** Runs what it is given at once, up to `most` at a time; the rest in the order of arrival. */
export const atMost = (most: number): (<T>(work: () => Promise<T>) => Promise<T>) => {
  const queue: (() => void)[] = []
  let running = 0
  return async work => {
    if (running === most) await new Promise<void>(resolve => queue.push(resolve))
    else running++
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else running--
    }
  }
}
