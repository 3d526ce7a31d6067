/** What happened in ten seconds. */
export interface Bucket {
  /** The first second of the bucket. */
  fromS: number
  /** Pods that were ready, on average. */
  pods: number
  /** Events that were not answered yet, on average. */
  unanswered: number
  /** Checks that were due in these seconds. */
  checks: number
  /** How many of these checks began more than a second late or were missed. */
  late: number
}

export interface Outcome {
  checks: number
  /** Checks that began more than 1 s after their due second. */
  lateOver1s: number
  lateOver10s: number
  /**
   * Checks that the prober skipped: more than 30 s late, with the next slot already due
   * (functions/uptime-prober/slot-disposition.ts).
   */
  missed: number
  /** The longest delay of a check that was done. */
  worstMs: number
  mostPods: number
  /** The cost: the lifetime of every pod, from the decision to start it until it is gone. */
  podSeconds: number
  buckets: Bucket[]
}

/** The seconds that are counted. Checks and pods outside this window are simulated but not counted. */
export interface MeasuredWindow {
  from: number
  to: number
}

const bucketS = 10

/** Counts what happens to the checks, by the second at which each was due. */
export const createTally = ({ from, to }: MeasuredWindow) => {
  const outcome: Outcome = {
    checks: 0,
    lateOver1s: 0,
    lateOver10s: 0,
    missed: 0,
    worstMs: 0,
    mostPods: 0,
    podSeconds: 0,
    buckets: Array.from({ length: Math.ceil((to - from) / bucketS) }, (_, at) => ({
      fromS: from + at * bucketS,
      pods: 0,
      unanswered: 0,
      checks: 0,
      late: 0,
    })),
  }
  const bucketOf = (second: number): Bucket | undefined => outcome.buckets[Math.floor((second - from) / bucketS)]
  return {
    outcome,
    due: (second: number) => {
      const bucket = bucketOf(second)
      if (!bucket) return
      outcome.checks++
      bucket.checks++
    },
    began: (dueSecond: number, lateMs: number) => {
      const bucket = bucketOf(dueSecond)
      if (!bucket) return
      outcome.worstMs = Math.max(outcome.worstMs, lateMs)
      if (lateMs > 10_000) outcome.lateOver10s++
      if (lateMs <= 1_000) return
      outcome.lateOver1s++
      bucket.late++
    },
    missed: (dueSecond: number) => {
      const bucket = bucketOf(dueSecond)
      if (!bucket) return
      outcome.missed++
      bucket.late++
    },
    /**
     * Called once a second with the number of pods that take events, the number of all pods, which all cost money, and
     * the number of unanswered events.
     */
    pods: (second: number, ready: number, all: number, unanswered: number) => {
      const bucket = bucketOf(second)
      if (!bucket) return
      bucket.unanswered += unanswered / bucketS
      bucket.pods += ready / bucketS
      outcome.podSeconds += all
      outcome.mostPods = Math.max(outcome.mostPods, ready)
    },
  }
}
