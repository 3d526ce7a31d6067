/** The measurements that a policy gets once a second. */
export interface Signals {
  second: number
  /** Events that the broker sent and that are not answered yet, including those that wait for a pod. */
  unanswered: number
  /** Cores that all pods together used in the last second. */
  cores: number
  /** Pods that are ready. */
  ready: number
  /** Pods that are ready or starting. */
  pods: number
}

/** Called with the signals of every second in turn; returns the number of pods that should run. */
export type Policy = (signals: Signals) => number

export interface Limits {
  min: number
  max: number
}

const clamp = ({ min, max }: Limits, pods: number) => Math.min(max, Math.max(min, pods))

/** The mean of the last `seconds` values, or of all values while there are fewer. */
const movingAverage = (seconds: number) => {
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
 * Knative's own autoscaler (KPA). Every 2 s it compares the requests in flight per pod with the target, averaged over
 * the stable window and over the panic window, which is a tenth as long. When the average of the panic window is twice
 * what the ready pods should have, KPA panics: for one stable window it only scales up. Written from knative/serving,
 * pkg/autoscaler/scaling/autoscaler.go, with the defaults of config-autoscaler. `target` is the target of the
 * annotation multiplied by the target utilisation (70 %).
 */
export const concurrencyPolicy = (limits: Limits, target: number, stableS = 60): Policy => {
  const tickS = 2
  const panicS = Math.max(1, Math.round(stableS / 10))
  const panicThreshold = 2
  const maxScaleDownRate = 2
  const stable = movingAverage(stableS)
  const panic = movingAverage(panicS)
  let wanted = limits.min
  let panicSince: number | null = null
  let mostInPanic = 0
  return ({ second, unanswered, ready }) => {
    const [overStable, overPanic] = [stable(unanswered), panic(unanswered)]
    if (second % tickS !== 0) return wanted
    const now = Math.max(1, ready)
    const least = Math.floor(now / maxScaleDownRate)
    const inPanic = Math.max(least, Math.ceil(overPanic / target))
    if (Math.ceil(overPanic / target) / now >= panicThreshold) panicSince = second
    else if (panicSince !== null && second > panicSince + stableS) {
      panicSince = null
      mostInPanic = 0
    }
    wanted = Math.max(least, Math.ceil(overStable / target))
    if (panicSince !== null) wanted = mostInPanic = Math.max(mostInPanic, wanted, inPanic)
    wanted = clamp(limits, wanted)
    return wanted
  }
}

/**
 * Kubernetes' HorizontalPodAutoscaler: decides every 15 s, ignores a difference of up to 10 %, and scales down only
 * after 300 s in which no proposal asked for more pods.
 */
const horizontalPodAutoscaler = (limits: Limits, ratioOf: (signals: Signals) => number): Policy => {
  const syncS = 15
  const tolerance = 0.1
  const downscaleWindowS = 300
  const proposals: { second: number; pods: number }[] = []
  let wanted = limits.min
  return signals => {
    const { second, pods, ready } = signals
    if (second % syncS !== 0 || ready === 0) return wanted
    const ratio = ratioOf(signals)
    const proposal = Math.abs(ratio - 1) <= tolerance ? pods : Math.ceil(ratio * ready - 1e-9)
    proposals.push({ second, pods: clamp(limits, proposal) })
    while (proposals[0]!.second <= second - downscaleWindowS) proposals.shift()
    const mostProposed = Math.max(...proposals.map(({ pods }) => pods))
    // Up: at most twice as many pods or four more, whichever is more. Down: to the highest proposal of the last five
    // minutes.
    wanted = Math.min(
      Math.max(pods * 2, pods + 4),
      proposal > pods ? clamp(limits, proposal) : Math.min(pods, mostProposed),
    )
    return wanted
  }
}

/**
 * HPA on CPU: `target` is in cores per pod. The metric is the mean of a minute, so it is half a minute old on average.
 */
export const cpuPolicy = (limits: Limits, target: number): Policy => {
  const meanOfMinute = movingAverage(60)
  let cores = 0
  const decide = horizontalPodAutoscaler(limits, ({ ready }) => cores / ready / target)
  return signals => {
    cores = meanOfMinute(signals.cores)
    return decide(signals)
  }
}

/**
 * KEDA on a queue: `threshold` unanswered messages per pod, read at each sync. From one pod upwards the same
 * HorizontalPodAutoscaler decides; KEDA's polling interval and cooldown only matter between zero pods and one.
 */
export const queuePolicy = (limits: Limits, threshold: number): Policy =>
  horizontalPodAutoscaler(limits, ({ unanswered, ready }) => unanswered / (threshold * ready))
