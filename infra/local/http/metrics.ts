import type { Activator } from '../activator/activator.ts'
import type { Broker } from '../broker/broker.ts'

export interface Measured {
  activator: Pick<Activator, 'report' | 'waiting'>
  broker: Pick<Broker, 'stats'>
}

/** The runtime's own figures for Prometheus. The library is loaded when somebody asks for the first time. */
export const runtimeMetrics = ({ activator, broker }: Measured) => {
  const registry = async () => {
    const { collectDefaultMetrics, Counter, Gauge, Registry } = await import('prom-client')
    const register = new Registry()
    collectDefaultMetrics({ register })
    type Tell = (labels: Record<string, string>, value: number) => void
    const gauge = (name: string, help: string, labelNames: string[], collect: (tell: Tell) => void) =>
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
    const counter = (name: string, help: string, labelNames: string[], collect: (tell: Tell) => void) =>
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
    gauge('vigia_function_processes', 'Processes of a function', ['function', 'state'], tell => {
      for (const { name, state, replicas } of activator.report()) tell({ function: name, state }, replicas.length)
    })
    gauge('vigia_function_requests', 'Requests in a function', ['function', 'state'], tell => {
      for (const { name, replicas } of activator.report()) {
        const inFlight = replicas.reduce((sum, replica) => sum + replica.inFlight, 0)
        tell({ function: name, state: 'in_flight' }, inFlight)
        tell({ function: name, state: 'waiting' }, activator.waiting(name))
      }
    })
    counter('vigia_function_cold_starts_total', 'Processes started since the runtime has', ['function'], tell => {
      for (const { name, coldStarts } of activator.report()) tell({ function: name }, coldStarts)
    })
    counter('vigia_broker_events_total', 'Events at the door since the start', ['outcome'], tell => {
      const { accepted, duplicates, refused } = broker.stats()
      tell({ outcome: 'accepted' }, accepted)
      tell({ outcome: 'duplicate' }, duplicates)
      for (const [status, count] of Object.entries(refused)) tell({ outcome: `refused_${status}` }, count)
    })
    counter('vigia_broker_deliveries_total', 'Deliveries that ended since the start', ['outcome'], tell => {
      const { done, dead } = broker.stats()
      tell({ outcome: 'done' }, done)
      tell({ outcome: 'dead' }, dead)
    })
    gauge('vigia_broker_deliveries', 'Deliveries in memory', ['state'], tell => {
      const { inMemory, inFlight } = broker.stats()
      tell({ state: 'waiting' }, inMemory - inFlight)
      tell({ state: 'in_flight' }, inFlight)
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
