import { performance } from 'node:perf_hooks'
import type { Registry } from 'prom-client'

/**
 * Adds the metrics of this process to a registry, under the names of prom-client. prom-client's own collection also
 * observes each garbage collection and measures delays with a timer of 10 ms, which takes 5 ms of CPU time a second in
 * an idle process.
 */
export const addProcessMetrics = async (registry: Registry): Promise<void> => {
  const { Counter, Gauge } = await import('prom-client')
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value())
      },
    })

  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  const startedAt = Math.round(performance.timeOrigin) / 1000
  gauge('process_start_time_seconds', 'When the process started, in seconds since 1970', () => startedAt)
  gauge('process_resident_memory_bytes', 'Memory of the process in RAM', () => process.memoryUsage.rss())
  gauge('nodejs_heap_size_used_bytes', 'Used part of the heap of V8', () => process.memoryUsage().heapUsed)
  new Gauge({
    name: 'nodejs_version_info',
    help: 'Always 1; its label says which Node.js runs',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: process.version }, 1)

  let last = performance.eventLoopUtilization()
  gauge(
    'nodejs_eventloop_utilization',
    'Share of the time since the last scrape in which the event loop was busy',
    () => {
      const now = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(now, last)
      last = now
      return utilization
    },
  )
}
