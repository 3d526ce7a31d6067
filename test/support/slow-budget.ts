import type { CallBudget } from '#functions/tvmaze/rate-limit.ts'

/** A budget of calls to TVmaze that grants each call after a wait of `ms`. */
export const slowBudget = (ms: number): CallBudget => {
  let isGranted = true
  return {
    take: async () => {
      isGranted = !isGranted
      return isGranted ? 0 : ms
    },
    pause: async () => {},
  }
}
