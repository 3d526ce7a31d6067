import type { FunctionManifest } from './model.ts'
import type { YamlNode } from './yaml-node.ts'

export const scalingPrefix = 'autoscaling.knative.dev/'
const progressDeadline = 'serving.knative.dev/progress-deadline'

/**
 * The default of `startTimeoutMs`. Knative's default is 600 s, because a cluster has to find a node and pull an image.
 * Here only a process is started.
 */
const defaultStartTimeoutMs = 30_000

/** Knative's default for `target`. */
const defaultTarget = 100

const autoscalerTuning = [
  'initial-scale',
  'target-utilization-percentage',
  'panic-window-percentage',
  'panic-threshold-percentage',
  'target-burst-capacity',
]

type Scaling = Pick<
  FunctionManifest,
  'softConcurrency' | 'minScale' | 'maxScale' | 'activationScale' | 'idleMs' | 'startTimeoutMs'
>

/** Reads the autoscaling annotations of a revision by the rules and defaults of Knative's autoscaler. */
export const readScaling = (annotations: YamlNode | undefined, containerConcurrency: number): Scaling => {
  const found = scalingAnnotations(annotations)
  const take = (key: string): YamlNode | undefined => {
    const node = found.get(key)
    found.delete(key)
    return node
  }
  expectValue(take('class'), 'kpa.autoscaling.knative.dev')
  expectValue(take('metric'), 'concurrency')
  if (found.get('initial-scale')?.string() === '0')
    found.get('initial-scale')!.refuse('is 0, which clusters refuse by default; leave it out')
  const target = take('target')
  if (target && !(Number(target.string()) >= 0.01)) target.refuse('should be a number in quotes, at least 0.01')
  if (target && containerConcurrency > 0)
    target.ignore('a process is added when the others have as many requests as containerConcurrency allows')
  const minScale = count(take('min-scale'), 0) ?? 0
  const maxNode = take('max-scale')
  const maxScale = count(maxNode, 0) ?? 0
  if (maxScale > 0 && maxScale < minScale) maxNode!.refuse(`is below min-scale, ${minScale}; raise it`)
  const activationScale = count(take('activation-scale'), 2) ?? 1
  const windowMs = durationMs(take('window'), 6) ?? 60_000
  const retentionMs = durationMs(take('scale-to-zero-pod-retention-period'), 0) ?? 0
  const delayMs = durationMs(take('scale-down-delay'), 0) ?? 0
  const startTimeoutMs = durationMs(take(progressDeadline), 1) ?? defaultStartTimeoutMs
  for (const [key, node] of found)
    if (autoscalerTuning.includes(key)) node.ignore('tunes the autoscaler of a cluster')
    else node.refuse('is not an annotation of the autoscaler; remove it or correct its name')
  return {
    softConcurrency: Math.max(1, Math.floor(Number(target?.string() ?? defaultTarget))),
    minScale,
    maxScale,
    activationScale,
    idleMs: windowMs + Math.max(retentionMs, delayMs),
    startTimeoutMs,
  }
}

/** The annotations about scaling and starting. The keys are their names, without the prefix of the autoscaler. */
const scalingAnnotations = (annotations: YamlNode | undefined): Map<string, YamlNode> => {
  const found = new Map<string, YamlNode>()
  for (const [key, node] of annotations?.entries() ?? [])
    if (key.startsWith(scalingPrefix)) found.set(key.slice(scalingPrefix.length), node)
    else if (key === progressDeadline) found.set(key, node)
    else if (key.endsWith('.knative.dev/rollout-duration'))
      node.refuse('belongs in metadata.annotations of the Service; move it there')
    else node.ignore('an annotation for the cluster')
  return found
}

const expectValue = (node: YamlNode | undefined, value: string) => {
  if (node && node.string() !== value)
    node.refuse(`should be ${value}, because one machine scales by requests in flight`)
}

const count = (node: YamlNode | undefined, minimum: number): number | undefined => {
  if (!node) return undefined
  if (!/^\d{1,6}$/.test(node.string()) || Number(node.string()) < minimum)
    node.refuse(`should be a whole number in quotes, at least ${minimum}`)
  return Number(node.string())
}

/** A Go duration of whole seconds, at most an hour, in milliseconds. */
const durationMs = (node: YamlNode | undefined, minimumSeconds: number): number | undefined => {
  if (!node) return undefined
  const [, hours = 0, minutes = 0, seconds = 0] = /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(node.string()) ?? []
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  const isZero = node.string() === '0s' || node.string() === '0'
  if ((total === 0 && !isZero) || total < minimumSeconds || total > 3600)
    node.refuse(`should be a duration in whole seconds from ${minimumSeconds}s to 1h, such as 30s`)
  return total * 1000
}
