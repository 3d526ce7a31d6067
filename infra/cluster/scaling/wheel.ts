/** Ends lie in steps of 10 ms. */
export const stepMs = 10
const steps = 8_192

/**
 * When each running check ends: a wheel of lists, one turn in 82 s, and no check lasts longer than 34. Each check has one place at most,
 * so millions of them cost two numbers each.
 */
export const wheelFor = (checks: number) => {
  const first = new Int32Array(steps).fill(-1)
  const next = new Int32Array(checks)
  return {
    /** Not in the step that is being played: that one is over. */
    put: (check: number, endMs: number, nowMs: number) => {
      const slot = Math.ceil(Math.max(endMs, nowMs + stepMs) / stepMs) % steps
      next[check] = first[slot]!
      first[slot] = check
    },
    /** Takes out what ends in this step. */
    take: (step: number, use: (check: number) => void) => {
      const slot = step % steps
      let check = first[slot]!
      first[slot] = -1
      while (check !== -1) {
        const after = next[check]!
        use(check)
        check = after
      }
    },
  }
}
