/** The resolution of the simulation's time: 10 ms. */
export const stepMs = 10
const steps = 8_192

/**
 * A timer wheel that holds the end of each running check: a ring of linked lists, one list for each step. The ring
 * covers 82 s, and no check lasts longer than 34 s. A check is in at most one list, so one number for each check is
 * enough for the links of all lists.
 */
export const createTimerWheel = (checks: number) => {
  const first = new Int32Array(steps).fill(-1)
  const next = new Int32Array(checks)
  return {
    /**
     * Adds a check to the step in which it ends. This step is at least one after `nowMs`, because the checks of the
     * current step are already removed.
     */
    put: (check: number, endMs: number, nowMs: number) => {
      const slot = Math.ceil(Math.max(endMs, nowMs + stepMs) / stepMs) % steps
      next[check] = first[slot]!
      first[slot] = check
    },
    /** Removes the checks that end in this step and calls `onEnd` for each. */
    take: (step: number, onEnd: (check: number) => void) => {
      const slot = step % steps
      let check = first[slot]!
      first[slot] = -1
      while (check !== -1) {
        const after = next[check]!
        onEnd(check)
        check = after
      }
    },
  }
}
