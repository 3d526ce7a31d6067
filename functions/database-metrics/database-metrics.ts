import type { Figures } from '#database/operations/figures.ts'
import type { Clock } from '#functions/host/clock.ts'
import { figureMetrics } from './figure-metrics.ts'

export interface DatabaseMetricsOptions {
  /** Reads PostgreSQL. Rejects if PostgreSQL is unavailable. */
  figures(now: Date): Promise<Figures>
  clock: Clock
  /** Resolves after `ms` milliseconds. An argument, so that tests do not wait. */
  pause(ms: number): Promise<undefined>
  /** Gets the error of the first failed read after the start or after a successful read. */
  failed(error: unknown): void
}

/** How long further scrapes get the result of the last read. */
const cacheMs = { figures: 30_000, failure: 10_000 }
/**
 * How long a scrape waits for PostgreSQL. Prometheus gives up after 10 s, and would then also lose the metrics of the
 * process, which are in the same response.
 */
const waitMs = 1_500

/**
 * Metrics from PostgreSQL in Prometheus' text format. PostgreSQL is read at most once in 30 seconds (once in ten
 * seconds while it is unavailable), and only once for scrapes at the same time. If PostgreSQL is unavailable or slow,
 * the text has only `vigia_database_up 0`. A slow read continues, and later scrapes get its result.
 */
export const databaseMetrics = ({ figures, clock, pause, failed }: DatabaseMetricsOptions): (() => Promise<string>) => {
  let cached: { text: string; at: number; forMs: number } | undefined
  let reading: Promise<string> | undefined
  let isFailing = false

  const figuresOrNull = async (): Promise<Figures | null> => {
    try {
      const found = await figures(clock())
      isFailing = false
      return found
    } catch (error) {
      if (!isFailing) failed(error)
      isFailing = true
      return null
    }
  }

  const read = async (): Promise<string> => {
    try {
      const found = await figuresOrNull()
      const text = await metricsText(found, clock())
      cached = { text, at: clock().getTime(), forMs: found === null ? cacheMs.failure : cacheMs.figures }
      return text
    } finally {
      reading = undefined
    }
  }

  // If the clock was set back, `at` is in the future. Without `Math.abs`, the text would count as fresh until then.
  const isFresh = ({ at, forMs }: { at: number; forMs: number }) => Math.abs(clock().getTime() - at) < forMs

  return async () => {
    if (cached && isFresh(cached)) return cached.text
    reading ??= read()
    return (await Promise.race([reading, pause(waitMs)])) ?? metricsText(null, clock())
  }
}

/** The metrics as text; `figures` is null if PostgreSQL did not answer. prom-client is loaded at the first call. */
const metricsText = async (figures: Figures | null, now: Date): Promise<string> => {
  const { Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  new Gauge({
    name: 'vigia_database_up',
    help: '1 if PostgreSQL answered the queries for its metrics in time; 0 if not, and then the other metrics from PostgreSQL are absent',
    registers,
  }).set(figures === null ? 0 : 1)
  if (figures !== null)
    for (const { name, help, labelNames, samples } of figureMetrics) {
      const values = samples(figures, now)
      if (values.length === 0) continue
      const gauge = new Gauge({ name, help, labelNames, registers })
      for (const [labels, value] of values) gauge.set(labels, value)
    }
  return registry.metrics()
}
