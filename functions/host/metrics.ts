import type { Histogram, Registry } from 'prom-client'
import { release } from './release.ts'

/** How one request or event ended. */
export interface Observation {
  /** The CloudEvents type; for what has none of ours, what it was taken for. */
  type: string
  outcome: string
  ms: number
}

/** More than this is not kept for a scrape that may never come: the library is then loaded, which sums them up. */
const mostKept = 1_000

export type Metrics = ReturnType<typeof createMetrics>

/** Counts what a function does, for Prometheus. prom-client is loaded by the first scrape, not by the first event. */
export const createMetrics = (functionName: string) => {
  let waiting: Observation[] = []
  let loaded: Promise<{ registry: Registry; duration: Histogram<'type' | 'outcome'> }> | undefined

  const load = async () => {
    const { default: prometheus } = await import('prom-client')
    const registry = new prometheus.Registry()
    registry.setDefaultLabels({ function: functionName })
    prometheus.collectDefaultMetrics({ register: registry })
    const { version, revision } = release()
    new prometheus.Gauge({
      name: 'vigia_build_info',
      help: 'Always 1; its labels say which release runs',
      labelNames: ['version', 'revision'],
      registers: [registry],
    }).set({ version, revision }, 1)
    const duration = new prometheus.Histogram({
      name: 'vigia_handled_seconds',
      help: 'Events and requests by type and outcome, and how long they took',
      labelNames: ['type', 'outcome'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers: [registry],
    })
    return { registry, duration }
  }

  const summedUp = async () => {
    loaded ??= load()
    const { registry, duration } = await loaded
    for (const { type, outcome, ms } of waiting) duration.observe({ type, outcome }, ms / 1000)
    waiting = []
    return registry
  }

  return {
    observe: (observation: Observation) => {
      waiting.push(observation)
      if (waiting.length === mostKept) void summedUp()
    },
    /** Everything in Prometheus' text format. */
    page: async () => {
      const registry = await summedUp()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
