import type { Histogram, Registry } from 'prom-client'
import { addProcessMetrics } from './process-metrics.ts'
import { release } from './release.ts'

/** How one request or event ended. */
export interface Observation {
  /**
   * The CloudEvents type if the function handles it, else the kind of request (`event`, `dead letter`, `http`,
   * `refused`).
   */
  type: string
  outcome: string
  ms: number
}

/**
 * The maximum number of observations that are kept until the first scrape. When it is reached, prom-client is loaded to
 * add them up, because a scrape may never come.
 */
const maxPending = 1_000

export type Metrics = ReturnType<typeof createMetrics>

/**
 * Counts the requests of a function for Prometheus. prom-client is loaded at the first scrape, so that a cold start
 * does not wait for it.
 */
export const createMetrics = (functionName: string) => {
  let pending: Observation[] = []
  let loaded: Promise<{ registry: Registry; duration: Histogram<'type' | 'outcome'> }> | undefined

  const load = async () => {
    const { default: prometheus } = await import('prom-client')
    const registry = new prometheus.Registry()
    registry.setDefaultLabels({ function: functionName })
    await addProcessMetrics(registry)
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

  const flush = async (): Promise<Registry> => {
    loaded ??= load()
    const { registry, duration } = await loaded
    for (const { type, outcome, ms } of pending) duration.observe({ type, outcome }, ms / 1000)
    pending = []
    return registry
  }

  return {
    observe: (observation: Observation) => {
      pending.push(observation)
      if (pending.length === maxPending) void flush()
    },
    /** All metrics in Prometheus' text format. */
    page: async () => {
      const registry = await flush()
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}
