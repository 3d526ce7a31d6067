import { setTimeout } from 'node:timers/promises'
import type { Postgres } from '#database/connect.ts'
import { deadLettersIn } from '#database/operations/dead-letters.ts'
import { readFigures } from '#database/operations/figures.ts'
import { databaseMetrics } from '#functions/database-metrics/database-metrics.ts'
import { systemClock } from '#functions/host/clock.ts'
import type { Activator } from './activator/activator.ts'
import { replayDeadLetter } from './dead-letter-replay.ts'
import type { Eventing } from './eventing.ts'
import { localPages } from './http/local-pages.ts'
import { runtimeMetrics } from './http/metrics.ts'
import type { Handlers } from './http/server.ts'
import type { Manifests } from './manifests/manifests.ts'
import type { OutsideWorld } from './outside-world/outside-world.ts'
import type { Readiness } from './readiness.ts'

export interface LocalHandlersOptions {
  manifests: Manifests
  activator: Activator
  eventing: Eventing
  outsideWorld: OutsideWorld
  readiness: Readiness
  /** The runtime's own connections to PostgreSQL. */
  db: Postgres
  /** The connection for metrics, separate from `db` because a slow query for metrics must not delay the API. */
  metricsDb: Postgres
  dataDir: string
  port: number
  publicPort: number
  warn(text: string): void
  /** Gets the error of a handler that did not answer. */
  failed(error: unknown): void
}

/** The handlers of requests on PORT once everything is up. */
export const localHandlers = (options: LocalHandlersOptions): Handlers => {
  const { manifests, activator, eventing, outsideWorld, port, publicPort, warn, failed } = options
  let isMisdirectionReported = false
  return {
    hosts: { functions: activator, simulated: outsideWorld.isSimulated },
    broker: eventing.broker.handler,
    brokerPath: `/${manifests.namespace}/${manifests.broker.name}`,
    function: activator.proxy,
    ...(outsideWorld.sites ? { sites: outsideWorld.sites } : {}),
    localPages: localPagesOf(options),
    failed,
    misdirected: () => {
      if (isMisdirectionReported) return
      isMisdirectionReported = true
      warn(`port ${port} refused an update from Telegram: the proxy should send to PUBLIC_PORT, ${publicPort}`)
    },
  }
}

const localPagesOf = (options: LocalHandlersOptions) => {
  const { activator, eventing, outsideWorld, readiness, db, dataDir, port, failed } = options
  const { broker, sources } = eventing
  const deadLetters = deadLettersIn(db)
  const database = databaseMetricsOf(options)
  return localPages({
    activator,
    sources,
    status: {
      waitingFor: readiness.check,
      metrics: runtimeMetrics({ activator, broker, database }),
      addresses: activator.addresses,
    },
    events: broker.reads,
    deadLetters: {
      newest: deadLetters.newest,
      find: deadLetters.find,
      replay: id => replayDeadLetter(id, { deadLetters, broker, clock: systemClock }),
    },
    home: () => {
      // The page shows the latest result at once; the next page shows the result of this check.
      void readiness.check()
      return {
        port,
        isSimulated: outsideWorld.isSimulated,
        dataDir,
        waitingFor: readiness.latest(),
        functions: activator.report(),
        sources: sources.report(),
      }
    },
    chat: outsideWorld.chat,
    failed,
  })
}

const databaseMetricsOf = ({ metricsDb, warn }: LocalHandlersOptions) =>
  databaseMetrics({
    figures: now => readFigures(metricsDb, now, { withBroker: true }),
    clock: systemClock,
    pause: ms => setTimeout(ms, undefined, { ref: false }),
    failed: error =>
      warn(`/metrics has no metrics from PostgreSQL: ${error instanceof Error ? error.message : String(error)}`),
  })
