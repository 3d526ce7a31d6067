/** One stretch of ten seconds. */
export interface Stretch {
  /** Its first second. */
  from: number
  /** Ready, on average. */
  pods: number
  /** Checks due in it, and how many of them began more than a second late or were missed. */
  checks: number
  late: number
}

export interface Outcome {
  checks: number
  /** Began more than 1 s, more than 10 s after their due second. */
  late1: number
  late10: number
  /** Given up, as functions/uptime-prober/slot-disposition.ts has it: more than 30 s late, with the next slot already due. */
  missed: number
  /** The longest delay of a check that was done, milliseconds. */
  worstMs: number
  mostPods: number
  /** Of every pod from its decision until it is gone: the bill. */
  podSeconds: number
  stretches: Stretch[]
}

/** Seconds; what is due or happens outside is played and not counted. */
export interface Counted {
  from: number
  to: number
}

const stretchS = 10

/** Counts what happens, by the second when a check was due. */
export const tallyOf = ({ from, to }: Counted) => {
  const outcome: Outcome = {
    checks: 0,
    late1: 0,
    late10: 0,
    missed: 0,
    worstMs: 0,
    mostPods: 0,
    podSeconds: 0,
    stretches: Array.from({ length: Math.ceil((to - from) / stretchS) }, (_, at) => ({
      from: from + at * stretchS,
      pods: 0,
      checks: 0,
      late: 0,
    })),
  }
  const stretchOf = (second: number): Stretch | undefined => outcome.stretches[Math.floor((second - from) / stretchS)]
  return {
    outcome,
    due: (second: number) => {
      const stretch = stretchOf(second)
      if (!stretch) return
      outcome.checks++
      stretch.checks++
    },
    began: (dueSecond: number, lateMs: number) => {
      const stretch = stretchOf(dueSecond)
      if (!stretch) return
      outcome.worstMs = Math.max(outcome.worstMs, lateMs)
      if (lateMs > 10_000) outcome.late10++
      if (lateMs <= 1_000) return
      outcome.late1++
      stretch.late++
    },
    missed: (dueSecond: number) => {
      const stretch = stretchOf(dueSecond)
      if (!stretch) return
      outcome.missed++
      stretch.late++
    },
    /** Once a second: the pods that take events, and all that are paid for. */
    pods: (second: number, ready: number, paid: number) => {
      const stretch = stretchOf(second)
      if (!stretch) return
      stretch.pods += ready / stretchS
      outcome.podSeconds += paid
      outcome.mostPods = Math.max(outcome.mostPods, ready)
    },
  }
}
