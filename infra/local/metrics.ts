import type { Gauge } from 'prom-client'
import type { Activator } from './activator.ts'
import type { Broker } from './broker/broker.ts'

export interface Measured {
  activator: Pick<Activator, 'report' | 'waiting'>
  broker: Pick<Broker, 'stats'>
}

/** The runtime's own figures for Prometheus. The library is loaded when somebody asks for the first time. */
export const runtimeMetrics = ({ activator, broker }: Measured) => {
  const registry = async () => {
    const prometheus = await import('prom-client')
    const { collectDefaultMetrics, Registry } = prometheus
    const register = new Registry()
    collectDefaultMetrics({ register })
    const gauge = (name: string, help: string, labelNames: string[], collect: (one: Gauge) => void) =>
      new prometheus.Gauge({
        name,
        help,
        labelNames,
        registers: [register],
        collect() {
          this.reset()
          collect(this)
        },
      })
    gauge('vigia_function_processes', 'Processes of a function', ['function', 'state'], one => {
      for (const { name, state, replicas } of activator.report()) one.set({ function: name, state }, replicas.length)
    })
    gauge('vigia_function_requests', 'Requests in a function', ['function', 'state'], one => {
      for (const { name, replicas } of activator.report()) {
        const inFlight = replicas.reduce((sum, replica) => sum + replica.inFlight, 0)
        one.set({ function: name, state: 'in_flight' }, inFlight)
        one.set({ function: name, state: 'waiting' }, activator.waiting(name))
      }
    })
    gauge('vigia_function_cold_starts_total', 'Processes started since the runtime has', ['function'], one => {
      for (const { name, coldStarts } of activator.report()) one.set({ function: name }, coldStarts)
    })
    gauge('vigia_broker_events_total', 'Events at the door since the start', ['outcome'], one => {
      const { accepted, duplicates, refused } = broker.stats()
      one.set({ outcome: 'accepted' }, accepted)
      one.set({ outcome: 'duplicate' }, duplicates)
      for (const [status, count] of Object.entries(refused)) one.set({ outcome: `refused_${status}` }, count)
    })
    gauge('vigia_broker_deliveries_total', 'Deliveries that ended since the start', ['outcome'], one => {
      const { done, dead } = broker.stats()
      one.set({ outcome: 'done' }, done)
      one.set({ outcome: 'dead' }, dead)
    })
    gauge('vigia_broker_deliveries', 'Deliveries in memory', ['state'], one => {
      const { inMemory, inFlight } = broker.stats()
      one.set({ state: 'waiting' }, inMemory - inFlight)
      one.set({ state: 'in_flight' }, inFlight)
    })
    return register
  }
  let loaded: ReturnType<typeof registry> | undefined
  return async () => {
    loaded ??= registry()
    const register = await loaded
    return { type: register.contentType, text: await register.metrics() }
  }
}
