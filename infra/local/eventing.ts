import { systemClock } from '#functions/host/clock.ts'
import type { Activator } from './activator/activator.ts'
import { readable } from './activator/log-lines.ts'
import type { Broker, Subscriber } from './broker/broker.ts'
import type { Destination, Manifests } from './manifests/manifests.ts'
import type { Shutdown } from './shutdown.ts'
import { type PingSources, startPingSources } from './sources/ping-source.ts'
import { type Terminal, warnUnlessStopping } from './terminal.ts'

/** The counterpart of Knative Eventing on one machine: the broker with its Triggers, and the PingSources. */
export interface Eventing {
  /** Stays valid when the Triggers are replaced: each call goes to the running broker. */
  broker: Broker
  /** Stays valid when the sources are replaced: each call goes to the running sources. */
  sources: PingSources
  /**
   * Starts the broker again with the Triggers of other manifests. If the broker refuses these Triggers, it is started
   * with the previous ones, and the promise rejects.
   */
  replaceTriggers(manifests: Manifests): Promise<void>
  replaceSources(manifests: Manifests): void
}

export interface EventingOptions {
  manifests: Manifests
  activator: Activator
  databaseUrl: string
  port: number
  /** Test mode: each delivery is sent a second time, to find functions that are not idempotent. */
  deliverTwice: boolean
  terminal: Terminal
  shutdown: Shutdown
  signal: AbortSignal
}

/** How long the broker waits for deliveries in flight when it stops. */
const brokerGraceMs = 1_000

export const startEventing = async (options: EventingOptions): Promise<Eventing> => {
  const { terminal, shutdown, signal } = options
  let manifests = options.manifests
  let runningBroker = await terminal.step('broker', () => startBrokerOf(manifests, options))
  const broker: Broker = {
    handler: (request, response) => runningBroker.handler(request, response),
    take: (headers, body) => runningBroker.take(headers, body),
    reads: {
      events: query => runningBroker.reads.events(query),
      event: seq => runningBroker.reads.event(seq),
    },
    redeliver: (event, trigger) => runningBroker.redeliver(event, trigger),
    stats: () => runningBroker.stats(),
    clean: () => runningBroker.clean(),
    tap: listener => runningBroker.tap(listener),
    stop: stopOptions => runningBroker.stop(stopOptions),
  }
  shutdown.inOrder(() => broker.stop({ graceMs: brokerGraceMs }))
  signal.throwIfAborted()

  const startSources = () =>
    startPingSources({
      sources: manifests.sources,
      send: (_, { headers, body }) => broker.take(headers, body),
      clock: systemClock,
      onLostTick: terminal.warn,
    })
  let runningSources = startSources()
  const sources: PingSources = {
    report: () => runningSources.report(),
    has: name => runningSources.has(name),
    fire: name => runningSources.fire(name),
    stop: () => runningSources.stop(),
  }
  shutdown.inOrder(async () => sources.stop())

  return {
    broker,
    sources,
    replaceTriggers: async next => {
      await runningBroker.stop({ graceMs: brokerGraceMs })
      runningBroker = await startBrokerOf(next, options).catch(async error => {
        runningBroker = await startBrokerOf(manifests, options)
        throw error
      })
      manifests = next
    },
    replaceSources: next => {
      manifests = next
      runningSources.stop()
      runningSources = startSources()
    },
  }
}

const startBrokerOf = async (
  manifests: Manifests,
  { activator, databaseUrl, port, deliverTwice, terminal, signal }: EventingOptions,
): Promise<Broker> => {
  const { startBroker } = await import('./broker/broker.ts')
  const url = `http://broker-ingress.localhost:${port}/${manifests.namespace}/${manifests.broker.name}`
  const line = (details: object, message: string) =>
    `broker: ${readable(JSON.stringify({ message, ...details }, errorsAsText))}`
  return startBroker({
    databaseUrl,
    namespace: manifests.namespace,
    name: manifests.broker.name,
    url,
    triggers: manifests.triggers,
    resolve: destination => subscriberOf(destination, { manifests, activator, port, brokerUrl: url }),
    deliverTwice,
    log: {
      info: (details, message) => terminal.say(`  ${line(details, message)}`),
      warn: (details, message) => warnUnlessStopping(line(details, message), terminal, signal),
      error: (details, message) => terminal.warn(line(details, message)),
    },
  })
}

interface Subscribers {
  manifests: Manifests
  activator: Activator
  port: number
  brokerUrl: string
}

const subscriberOf = (destination: Destination, { manifests, activator, port, brokerUrl }: Subscribers): Subscriber => {
  switch (destination.kind) {
    case 'function': {
      const { name, path } = destination
      return {
        url: `http://${name}.localhost:${port}${path}`,
        function: name,
        timeoutMs: manifests.functions.find(manifest => manifest.name === name)!.timeoutMs,
        reach: () => activator.reach(name),
      }
    }
    case 'broker':
      return { url: brokerUrl, function: null }
    case 'url':
      return { url: destination.url, function: null }
    default:
      return destination satisfies never
  }
}

const errorsAsText = (_: string, value: unknown) => (value instanceof Error ? value.message : value)
