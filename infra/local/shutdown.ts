type Stop = () => Promise<unknown>

/** Stops the parts that the start has started. A part that is registered after the call of `run` is stopped at once. */
export interface Shutdown {
  /**
   * Registers a part that is stopped in order, one after the other: the part that was registered last is stopped first.
   * A second call of `run` calls `stopWithoutWaiting`, which ends the wait of `stop` early.
   */
  inOrder(stop: Stop, stopWithoutWaiting?: Stop): void
  /** Registers a part that is stopped after all parts of `inOrder`. The parts of `atTheEnd` are stopped together. */
  atTheEnd(stop: Stop): void
  /** Stops everything; resolves when all is stopped. It never rejects: an error is written to stderr. */
  run(): Promise<void>
}

export const createShutdown = (): Shutdown => {
  const ordered: Stop[] = []
  const last: Stop[] = []
  const stopsWithoutWaiting: Stop[] = []
  let running: Promise<void> | undefined

  const stopPart = async (stop: Stop) => {
    try {
      await stop()
    } catch (error) {
      process.stderr.write(`while stopping: ${(error as Error).message}\n`)
    }
  }
  const stopAll = async () => {
    for (const stop of ordered) await stopPart(stop)
    await Promise.all(last.map(stopPart))
  }
  return {
    inOrder: (stop, stopWithoutWaiting) => {
      if (running) return void stopPart(stop)
      ordered.unshift(stop)
      if (stopWithoutWaiting) stopsWithoutWaiting.push(stopWithoutWaiting)
    },
    atTheEnd: stop => {
      if (running) void stopPart(stop)
      else last.push(stop)
    },
    run: () => {
      if (running) for (const stopWithoutWaiting of stopsWithoutWaiting) void stopPart(stopWithoutWaiting)
      running ??= stopAll()
      return running
    },
  }
}
