import type { MetricsSources } from '#local/http/metrics.ts'

/** Parts of a one-machine runtime for its metrics: a function at zero, and a broker that accepted one event. */
export const runtimeParts: Omit<MetricsSources, 'database'> = {
  activator: {
    report: () => [{ name: 'uptime-prober', state: 'zero', replicas: [], coldStarts: 3 }],
    waiting: () => 0,
  },
  broker: {
    stats: () => ({
      ...{ accepted: 1, duplicates: 0, refused: { 400: 2 }, attempts: 1, done: 1, dead: 0, inMemory: 0, inFlight: 0 },
      ...{ storeOpen: true, storeError: null },
    }),
  },
}
