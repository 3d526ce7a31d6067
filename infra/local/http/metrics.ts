import { addProcessMetrics } from '#functions/host/process-metrics.ts'
import type { Activator } from '../activator/activator.ts'
import type { Broker } from '../broker/broker.ts'

export interface MetricsSources {
  activator: Pick<Activator, 'report' | 'waiting'>
  broker: Pick<Broker, 'stats'>
  /** The metrics from PostgreSQL, in the text format of Prometheus. */
  database(): Promise<string>
}

/**
 * The runtime's own metrics and those from PostgreSQL, in the text format of Prometheus. prom-client is loaded at the
 * first request.
 */
export const runtimeMetrics = ({ activator, broker, database }: MetricsSources) => {
  const registry = async () => {
    const { Counter, Gauge, Registry } = await import('prom-client')
    const register = new Registry()
    await addProcessMetrics(register)
    type SetValue = (labels: Record<string, string>, value: number) => void
    const gauge = (name: string, help: string, labelNames: string[], collect: (set: SetValue) => void) =>
      new Gauge({
        name,
        help,
        labelNames,
        registers: [register],
        collect() {
          this.reset()
          collect((labels, value) => this.set(labels, value))
        },
      })
    const counter = (name: string, help: string, labelNames: string[], collect: (set: SetValue) => void) =>
      new Counter({
        name,
        help,
        labelNames,
        registers: [register],
        collect() {
          this.reset()
          collect((labels, value) => this.inc(labels, value))
        },
      })
    gauge('vigia_function_processes', 'Processes of a function', ['function', 'state'], set => {
      for (const { name, state, replicas } of activator.report()) set({ function: name, state }, replicas.length)
    })
    gauge(
      'vigia_function_requests',
      'Requests that a function handles or that wait for it',
      ['function', 'state'],
      set => {
        for (const { name, replicas } of activator.report()) {
          const inFlight = replicas.reduce((sum, replica) => sum + replica.inFlight, 0)
          set({ function: name, state: 'in_flight' }, inFlight)
          set({ function: name, state: 'waiting' }, activator.waiting(name))
        }
      },
    )
    counter('vigia_function_cold_starts_total', 'Processes started since the runtime started', ['function'], set => {
      for (const { name, coldStarts } of activator.report()) set({ function: name }, coldStarts)
    })
    counter('vigia_broker_events_total', 'Events received since the runtime started', ['outcome'], set => {
      const { accepted, duplicates, refused } = broker.stats()
      set({ outcome: 'accepted' }, accepted)
      set({ outcome: 'duplicate' }, duplicates)
      for (const [status, count] of Object.entries(refused)) set({ outcome: `refused_${status}` }, count)
    })
    counter('vigia_broker_deliveries_total', 'Deliveries that ended since the runtime started', ['outcome'], set => {
      const { done, dead } = broker.stats()
      set({ outcome: 'done' }, done)
      set({ outcome: 'dead' }, dead)
    })
    gauge('vigia_broker_deliveries', 'Deliveries in memory', ['state'], set => {
      const { inMemory, inFlight } = broker.stats()
      set({ state: 'waiting' }, inMemory - inFlight)
      set({ state: 'in_flight' }, inFlight)
    })
    return register
  }
  let loaded: ReturnType<typeof registry> | undefined
  return async () => {
    loaded ??= registry()
    const register = await loaded
    const texts = await Promise.all([register.metrics(), database()])
    return { type: register.contentType, text: texts.join('') }
  }
}
