import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'
import type { Activator } from './activator/activator.ts'
import { checkoutRevision } from './activator/checkout-revision.ts'
import { buildBundles, type FunctionBundles } from './activator/function-bundles.ts'
import { missingVariables, type Variables, variableOf } from './activator/function-environment.ts'
import { localFunctions } from './activator/local-functions.ts'
import { type ProcessJournal, processJournal } from './activator/process-journal.ts'
import type { MongoServer } from './databases/mongodb.ts'
import type { PostgresServer } from './databases/postgres.ts'
import { reportOutages, startCatalogue, startPostgresAndMigrate } from './databases/start-databases.ts'
import type { Settings } from './environment.ts'
import { type Eventing, startEventing } from './eventing.ts'
import { loopbackPost } from './http/loopback-post.ts'
import { pageDomains } from './http/page-domains.ts'
import { type PublicListener, startPublicListener } from './http/public-listener.ts'
import { publicAddress } from './http/public-routes.ts'
import type { Server } from './http/server.ts'
import type { StartProgress } from './http/starting/progress.ts'
import type { Manifests } from './manifests/manifests.ts'
import { type OutsideWorld, startOutsideWorld } from './outside-world/outside-world.ts'
import { connectTelegram, webhookFunction, webhookUrl } from './outside-world/telegram-connection.ts'
import { describeDatabaseError, type Readiness, readinessOf } from './readiness.ts'
import { createShutdown, type Shutdown } from './shutdown.ts'
import { type Terminal, withoutStopErrors } from './terminal.ts'

export interface RuntimeOptions {
  /** The checkout. */
  root: string
  settings: Settings
  /** The server on PORT, which listens already and shows the page of the start. */
  server: Server
  progress: StartProgress
  manifests: Manifests
  dataDir: string
  /** The folder from which the manifests are read again when they change. */
  manifestRoot: string
  /** Whether to restart what a change in the checkout affects. */
  watch: boolean
  downloadMongod: boolean
  terminal: Terminal
  env: NodeJS.ProcessEnv
  /** Aborted when the person wants to stop, also before everything is up. */
  signal: AbortSignal
}

export interface Runtime {
  publicPort: number
  isSimulated: boolean
  mongo: Pick<MongoServer, 'step' | 'description'>
  /** Rejects with a Refusal when one of the functions cannot be built. */
  allBuilt: Promise<unknown>
  /**
   * Stops everything that was started, in order, within five seconds. A second call cuts off the requests that are
   * still in flight.
   */
  stop(): Promise<void>
}

/** The function that shows status pages, also at domains of their own. */
const pageFunction = 'status-page'

/** How long functions may take to finish their requests when the runtime stops. */
const functionsGraceMs = 1_500

/** Starts the system from its manifests. If a step fails, everything that was started before it is stopped. */
export const startRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
  const shutdown = createShutdown()
  options.signal.addEventListener('abort', () => void shutdown.run(), { once: true })
  try {
    return await startInOrder(options, shutdown)
  } catch (error) {
    await shutdown.run()
    throw error
  }
}

const startInOrder = async (options: RuntimeOptions, shutdown: Shutdown): Promise<Runtime> => {
  const { root, settings, server, progress, manifests, dataDir, terminal, signal } = options
  /** The names of the parts that do not run now. /readyz reports them. */
  const down = new Set(['the start'])

  const bundles = buildBundles({
    root,
    functions: manifests.functions,
    firstFunction: webhookFunction,
    warm: !options.watch,
    terminal,
    progress,
  })
  shutdown.atTheEnd(bundles.stop)
  const publicListener = await startPublicListener(
    settings,
    { functions: manifests.functions, baseFunction: webhookFunction, pageFunction },
    terminal.warn,
  )
  shutdown.atTheEnd(() => publicListener.close())
  const journal = await endOrphanedFunctions(dataDir, terminal)

  const { postgres, mongo, outsideWorld, localHandlers } = await startDependencies(options, bundles, shutdown)
  signal.throwIfAborted()
  reportOutages('PostgreSQL', postgres, { down, terminal, signal })
  reportOutages('MongoDB', mongo, { down, terminal, signal })

  const publicUrl = settings.publicUrl ?? new URL(`http://localhost:${publicListener.port}`)
  const variables = {
    ...variablesOf(settings, postgres, mongo, outsideWorld),
    PING_URL: publicUrlOf('heartbeat', manifests, publicUrl),
    PAGES_URL: publicUrlOf(pageFunction, manifests, publicUrl),
    API_URL: publicUrlOf('api', manifests, publicUrl),
  }
  const missing = missingVariables(manifests.functions, variables)
  if (missing.length > 0) throw new Refusal(missing.join('\n'))

  const activator = startFunctions(options, { variables, bundles, journal, shutdown })
  const eventing = await startEventing({
    manifests,
    activator,
    databaseUrl: postgres.url,
    port: server.port,
    deliverTwice: options.env.VIGIA_DELIVER_EVERY_EVENT_TWICE === '1',
    terminal,
    shutdown,
    signal,
  })
  const readiness = readinessOf({
    dataDir,
    databaseUrl: postgres.url,
    mongodbUri: mongo.uri,
    knownFaults: () => [...down, ...bundles.waitingFor(), ...brokerFaults(eventing), ...activator.faults()],
  })

  const { postgres: connect } = await import('#database/connect.ts')
  const db = connect(postgres.url, { max: 2, applicationName: 'vigia control api' })
  const metricsDb = connect(postgres.url, { max: 1, applicationName: 'vigia metrics', statementTimeoutMs: 5_000 })
  for (const pool of [db, metricsDb]) shutdown.atTheEnd(() => pool.end())
  const failed = (error: unknown) =>
    terminal.warn(error instanceof Error ? (error.stack ?? error.message) : String(error))
  const ports = { port: server.port, publicPort: publicListener.port }
  server.serve(
    localHandlers({
      ...{ manifests, activator, eventing, outsideWorld, readiness, db, metricsDb, dataDir },
      ...{ ...ports, warn: terminal.warn, failed },
    }),
  )
  shutdown.atTheEnd(() => server.close())
  const { pageDoorsIn } = await import('#database/pages/page-doors.ts')
  publicListener.serve({
    ...{ variableOf: entry => variableOf(entry, variables), proxy: activator.proxy, failed },
    isPageDomain: pageDomains(pageDoorsIn(db).domains),
  })
  activator.warm()

  await startTelegram(options, { outsideWorld, publicPort: publicListener.port, shutdown })
  if (!mongo.isPersistent) refillCatalogue(mongo, eventing, terminal, signal)
  shutdown.inOrder(async () => refuseNewRequests(server, publicListener))
  if (options.watch) await watchCheckout(options, { variables, bundles, activator, eventing, shutdown })
  down.delete('the start')
  await startHeartbeat(settings, readiness, terminal, shutdown)
  return {
    publicPort: publicListener.port,
    isSimulated: outsideWorld.isSimulated,
    mongo,
    allBuilt: bundles.all,
    stop: shutdown.run,
  }
}

/** Ends the function processes that a killed runtime left behind; returns the journal for the new processes. */
const endOrphanedFunctions = async (dataDir: string, terminal: Terminal): Promise<ProcessJournal> => {
  const journal = processJournal(join(dataDir, 'processes'))
  const orphans = await journal.endOrphans()
  if (orphans > 0)
    terminal.say(
      `  ended ${orphans} function ${orphans === 1 ? 'process' : 'processes'} that a killed runtime left behind`,
    )
  return journal
}

/**
 * Starts at the same time all parts that do not depend on each other. Hono is loaded meanwhile, so that loading it
 * takes no extra time.
 */
const startDependencies = async (
  { settings, dataDir, downloadMongod, terminal, env }: RuntimeOptions,
  bundles: FunctionBundles,
  shutdown: Shutdown,
) => {
  const mongoEnv = { ...env, MONGODB_URI: settings.mongodbUri }
  const work = [
    terminal.step('PostgreSQL', log => startPostgresAndMigrate(settings.databaseUrl, { dataDir, log, shutdown })),
    terminal.step('MongoDB', log => startCatalogue(mongoEnv, downloadMongod, { dataDir, log, shutdown })),
    startWithStop(startOutsideWorld(settings, dataDir, terminal.warn), shutdown),
    import('./local-handlers.ts'),
    terminal.step(webhookFunction, bundles.first),
  ] as const
  // If one of them fails, this function still waits for the others, so that what they have started can be stopped.
  await Promise.allSettled(work)
  const [postgres, mongo, outsideWorld, { localHandlers }] = await Promise.all(work)
  return { postgres, mongo, outsideWorld, localHandlers }
}

const startWithStop = async <T extends { stop(): Promise<void> }>(
  starting: Promise<T>,
  shutdown: Shutdown,
): Promise<T> => {
  const started = await starting
  shutdown.atTheEnd(started.stop)
  return started
}

/** The values for the variables that the manifests take from Secrets and ConfigMaps. */
const variablesOf = (
  settings: Settings,
  postgres: PostgresServer,
  mongo: MongoServer,
  outsideWorld: OutsideWorld,
): Variables => ({
  DATABASE_URL: postgres.url,
  MONGODB_URI: mongo.uri,
  LOG_LEVEL: settings.logLevel,
  OTEL_EXPORTER_OTLP_ENDPOINT: settings.otlpEndpoint,
  PUBLIC_URL: settings.publicUrl?.href,
  DEAD_LETTERS_COMMAND: 'npm run vigia -- dead-letters',
  ...settings.limits,
  ...outsideWorld.variables,
})

/** The URL of a function on the internet; undefined if it is not public. */
const publicUrlOf = (wanted: string, { functions }: Manifests, publicUrl: URL): string | undefined => {
  const path = functions.find(({ name }) => name === wanted)?.public?.path
  return path === undefined ? undefined : publicAddress(publicUrl, path)
}

interface FunctionsStart {
  variables: Variables
  bundles: FunctionBundles
  journal: ProcessJournal
  shutdown: Shutdown
}

const startFunctions = (
  { root, manifests, dataDir, watch, terminal, env, server, signal }: RuntimeOptions,
  { variables, bundles, journal, shutdown }: FunctionsStart,
): Activator => {
  const { activator, closeLogs } = localFunctions(manifests.functions, {
    ...{ root, dataDir, variables, env, journal, port: server.port },
    // With --watch, the sources may differ from the commit at any time.
    revision: watch ? Promise.resolve(undefined) : checkoutRevision(root),
    built: bundles.ready,
    terminal: withoutStopErrors(terminal, signal),
  })
  shutdown.atTheEnd(closeLogs)
  shutdown.inOrder(
    async () => {
      // Without this call, processes whose start waits for the build would wait for ever.
      void bundles.stop()
      await activator.close(functionsGraceMs)
    },
    () => activator.close(0),
  )
  return activator
}

const brokerFaults = ({ broker }: Eventing): string[] => {
  const { storeOpen, storeError } = broker.stats()
  return [...(storeOpen ? [] : ['the event store']), ...(storeError ? [describeDatabaseError(storeError)] : [])]
}

interface TelegramStart {
  outsideWorld: OutsideWorld
  publicPort: number
  shutdown: Shutdown
}

const startTelegram = async (
  { manifests, settings, server, terminal }: RuntimeOptions,
  { outsideWorld, publicPort, shutdown }: TelegramStart,
) => {
  const { post, close } = loopbackPost(server.port)
  const url = webhookUrl({
    functions: manifests.functions,
    publicUrl: settings.publicUrl,
    isSimulated: outsideWorld.isSimulated,
    port: server.port,
    publicPort,
  })
  shutdown.atTheEnd(async () => close())
  const bridge = await connectTelegram(outsideWorld, url, post, terminal.warn)
  shutdown.inOrder(async () => bridge.stop())
}

/**
 * Fills a catalogue that is only in memory, now and after every restart of its server, without waiting for the next
 * tick.
 */
const refillCatalogue = (mongo: MongoServer, { sources }: Eventing, terminal: Terminal, signal: AbortSignal) => {
  if (!sources.has('series-refresher')) return
  const refill = () =>
    void sources.fire('series-refresher').catch(error => {
      if (!signal.aborted) terminal.warn(`series-refresher: ${(error as Error).message}`)
    })
  refill()
  mongo.onUp(refill)
}

const refuseNewRequests = (server: Server, publicListener: PublicListener) => {
  server.refuseNew()
  publicListener.refuseNew()
}

interface Watched {
  variables: Variables
  bundles: FunctionBundles
  activator: Activator
  eventing: Eventing
  shutdown: Shutdown
}

/** `npm run dev`: restarts what a change in the checkout affects. */
const watchCheckout = async (
  { root, manifestRoot, manifests, terminal }: RuntimeOptions,
  { variables, bundles, activator, eventing, shutdown }: Watched,
) => {
  const [{ devLoop }, { applyManifests }] = await Promise.all([
    import('./dev/loop.ts'),
    import('./dev/apply-manifests.ts'),
  ])
  const stop = devLoop({
    root,
    manifestRoot,
    manifests,
    terminal,
    rebuild: bundles.rebuild,
    restart: async target => {
      if (activator.has(target)) await activator.stop(target)
    },
    apply: (next, changes) => applyManifests(next, changes, { activator, eventing, variables }),
  })
  shutdown.inOrder(async () => stop())
}

const startHeartbeat = async (
  { heartbeatUrl }: Settings,
  readiness: Readiness,
  terminal: Terminal,
  shutdown: Shutdown,
) => {
  if (heartbeatUrl === undefined) return
  const { startHeartbeat } = await import('./outside-world/heartbeat.ts')
  const heartbeat = startHeartbeat({ url: heartbeatUrl, check: readiness.check, warn: terminal.warn })
  shutdown.inOrder(async () => heartbeat.stop())
}
