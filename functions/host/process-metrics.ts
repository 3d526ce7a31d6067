import { performance } from 'node:perf_hooks'
import type { Registry } from 'prom-client'

/** The longest interval of a timer, about 25 days. */
const longestIntervalMs = 2 ** 31 - 1

/**
 * Adds prom-client's metrics of this process to a registry. The distribution of event loop delays is replaced by the
 * utilization of the event loop, because prom-client measures the delays with a timer of 10 ms: it takes 5 ms of CPU
 * time a second in an idle process, and shows 10 ms where there is no delay.
 */
export const addProcessMetrics = async (registry: Registry): Promise<void> => {
  const { collectDefaultMetrics, Gauge } = await import('prom-client')
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: longestIntervalMs })
  for (const { name } of registry.getMetricsAsArray())
    if (name.startsWith('nodejs_eventloop_lag')) registry.removeSingleMetric(name)

  let last = performance.eventLoopUtilization()
  new Gauge({
    name: 'nodejs_eventloop_utilization',
    help: 'Share of the time since the last scrape in which the event loop was busy',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization()
      this.set(performance.eventLoopUtilization(now, last).utilization)
      last = now
    },
  })
}
