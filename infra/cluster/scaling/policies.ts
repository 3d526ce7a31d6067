/** What a policy may look at, once a second. */
export interface Signals {
  second: number
  /** Events that were pushed and are not answered yet, those that wait for a pod included. */
  unanswered: number
  /** Cores that all pods together used in this second. */
  cores: number
  ready: number
  /** Ready or starting. */
  pods: number
}

/** Told the signals of each second in turn, says how many pods there shall be. */
export type Policy = (signals: Signals) => number

export interface Limits {
  min: number
  max: number
}

const within = ({ min, max }: Limits, pods: number) => Math.min(max, Math.max(min, pods))

/** The mean of the last so many seconds, of as many as there were. */
const meanOf = (seconds: number) => {
  const ring = new Float64Array(seconds)
  let seen = 0
  return (value: number): number => {
    ring[seen++ % seconds] = value
    const kept = Math.min(seen, seconds)
    let sum = 0
    for (let i = 0; i < kept; i++) sum += ring[i]!
    return sum / kept
  }
}

/**
 * Knative's own: requests in flight a pod, looked at every 2 s over the stable window, and over a tenth of it to see a surge: twice
 * what the ready pods should have, and it only scales up until a stable window has passed. Read in knative/serving, pkg/autoscaler/scaling/autoscaler.go;
 * defaults from config-autoscaler. `target` is already times the target utilisation (70 %).
 */
export const concurrencyPolicy = (limits: Limits, target: number, stableS = 60): Policy => {
  const tickS = 2
  const panicS = Math.max(1, Math.round(stableS / 10))
  const panicThreshold = 2
  const mostDown = 2
  const stable = meanOf(stableS)
  const panic = meanOf(panicS)
  let wanted = limits.min
  let panicSince: number | null = null
  let mostInPanic = 0
  return ({ second, unanswered, ready }) => {
    const [overStable, overPanic] = [stable(unanswered), panic(unanswered)]
    if (second % tickS !== 0) return wanted
    const now = Math.max(1, ready)
    const least = Math.floor(now / mostDown)
    const inPanic = Math.max(least, Math.ceil(overPanic / target))
    if (Math.ceil(overPanic / target) / now >= panicThreshold) panicSince = second
    else if (panicSince !== null && second > panicSince + stableS) {
      panicSince = null
      mostInPanic = 0
    }
    wanted = Math.max(least, Math.ceil(overStable / target))
    if (panicSince !== null) wanted = mostInPanic = Math.max(mostInPanic, wanted, inPanic)
    wanted = within(limits, wanted)
    return wanted
  }
}

/** What Kubernetes' HorizontalPodAutoscaler does with a proposal: every 15 s, a tenth is no reason, down only after 300 s without need. */
const horizontal = (limits: Limits, ratioOf: (signals: Signals) => number): Policy => {
  const syncS = 15
  const tolerance = 0.1
  const calmS = 300
  const proposals: { second: number; pods: number }[] = []
  let wanted = limits.min
  return signals => {
    const { second, pods, ready } = signals
    if (second % syncS !== 0 || ready === 0) return wanted
    const ratio = ratioOf(signals)
    const proposal = Math.abs(ratio - 1) <= tolerance ? pods : Math.ceil(ratio * ready - 1e-9)
    proposals.push({ second, pods: within(limits, proposal) })
    while (proposals[0]!.second <= second - calmS) proposals.shift()
    const calm = Math.max(...proposals.map(one => one.pods))
    // Up to twice as many, or four more, whichever is more; down as far as the calm of the last five minutes allows.
    wanted = Math.min(Math.max(pods * 2, pods + 4), proposal > pods ? within(limits, proposal) : Math.min(pods, calm))
    return wanted
  }
}

/** CPU of a pod against its target, cores. The metrics are a minute's mean, so half a minute old on average. */
export const cpuPolicy = (limits: Limits, target: number): Policy => {
  const minute = meanOf(60)
  let cores = 0
  const decide = horizontal(limits, ({ ready }) => cores / ready / target)
  return signals => {
    cores = minute(signals.cores)
    return decide(signals)
  }
}

/**
 * What KEDA makes of a queue: `threshold` unanswered messages a pod, asked anew at each sync. Between one and many it is the same
 * HorizontalPodAutoscaler that decides; polling interval and cooldown only matter between zero and one.
 */
export const queuePolicy = (limits: Limits, threshold: number): Policy =>
  horizontal(limits, ({ unanswered, ready }) => unanswered / (threshold * ready))
