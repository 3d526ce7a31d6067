import { join } from 'node:path'
import type { Postgres } from '#database/connect.ts'
import { systemClock } from '#functions/host/clock.ts'
import { Refusal } from '../refusal.ts'
import { type Activator, activator } from './activator/activator.ts'
import { functionEnv, missingVariables, type Variables, variableOf } from './activator/function-environment.ts'
import { functionLog, type LogOf, readable } from './activator/function-log.ts'
import { startProcess } from './activator/function-process.ts'
import { buildInBackground } from './activator/functions-build.ts'
import { processJournal } from './activator/process-journal.ts'
import type { Broker, Subscriber } from './broker/broker.ts'
import type { MongoServer } from './databases/mongodb.ts'
import type { PostgresServer } from './databases/postgres.ts'
import type { Settings } from './environment.ts'
import { controlApi, sendJson } from './http/api/api.ts'
import { homePage } from './http/home/page.ts'
import { loopbackPost } from './http/loopback-post.ts'
import { runtimeMetrics } from './http/metrics.ts'
import { listenOutside } from './http/public-listener.ts'
import { publicAddress } from './http/public-routes.ts'
import type { Server } from './http/server.ts'
import type { Progress } from './http/starting/progress.ts'
import type { Destination, FunctionManifest, Manifests } from './manifests/manifests.ts'
import { type Outside, outsideWorld } from './outside-world/outside-world.ts'
import type { TelegramBridge } from './outside-world/telegram-bridge.ts'
import { databaseWords, type Readiness, readinessOf } from './readiness.ts'
import { type PingSources, startPingSources } from './sources/ping-source.ts'
import type { Terminal } from './terminal.ts'

export interface RuntimeStart {
  root: string
  settings: Settings
  /** Listens already. */
  server: Server
  progress: Progress
  manifests: Manifests
  dataDir: string
  /** Where the manifests are read again, when they are watched. */
  manifestRoot: string
  /** Restart what a change in the checkout touches. */
  watch: boolean
  downloadMongod: boolean
  terminal: Terminal
  env: NodeJS.ProcessEnv
  /** Somebody wants to stop before everything is up. */
  signal: AbortSignal
}

export interface Runtime {
  publicPort: number
  isSimulated: boolean
  mongo: Pick<MongoServer, 'step' | 'words'>
  /** Rejects with a Refusal when one of the functions cannot be built. */
  allBuilt: Promise<unknown>
  /** Ends everything that was started, in order, within five seconds. A second call hurries. */
  stop(): Promise<void>
}

/** The function that takes Telegram's updates. */
const webhookFunction = 'telegram-webhook'

/** Out of five seconds: what is on its way, the functions, the databases. */
const grace = { broker: 1_000, functions: 1_500 }

/** Brings up the system from its manifests. Whatever fails, all that was started before is ended again. */
export const startRuntime = async (start: RuntimeStart): Promise<Runtime> => {
  const ending = endings()
  start.signal.addEventListener('abort', () => void ending.run(), { once: true })
  try {
    return await bringUp(start, ending)
  } catch (error) {
    await ending.run()
    throw error
  }
}

const bringUp = async (
  {
    root,
    manifestRoot,
    watch: isWatching,
    settings,
    server,
    progress,
    manifests,
    dataDir,
    downloadMongod,
    terminal,
    env,
    signal,
  }: RuntimeStart,
  ending: Endings,
): Promise<Runtime> => {
  const down = new Set(['the start'])
  const builds = functionBuilds({ root, manifests, terminal, progress, warm: !isWatching })
  ending.last(builds.stop)
  const outdoors = await listenOutside(
    settings,
    { functions: manifests.functions, baseFunction: webhookFunction },
    terminal.warn,
  )
  ending.last(() => outdoors.close())

  const journal = processJournal(join(dataDir, 'processes'))
  const orphans = await journal.endOrphans()
  if (orphans > 0)
    terminal.say(
      `  ended ${orphans} function ${orphans === 1 ? 'process' : 'processes'} that a killed runtime left behind`,
    )

  const [postgres, mongo, , outside] = await all([
    terminal.step('PostgreSQL', say => databaseUp(settings, dataDir, say, ending)),
    terminal.step('MongoDB', say => mongoUp(settings, dataDir, downloadMongod, env, say, ending)),
    terminal.step(webhookFunction, builds.first),
    worldUp(settings, dataDir, terminal, ending),
  ])
  signal.throwIfAborted()
  watch('PostgreSQL', postgres, down, terminal, signal)
  watch('MongoDB', mongo, down, terminal, signal)

  const variables: Variables = {
    DATABASE_URL: postgres.url,
    MONGODB_URI: mongo.uri,
    LOG_LEVEL: settings.logLevel,
    PUBLIC_URL: settings.publicUrl?.href,
    DEAD_LETTERS_COMMAND: 'npm run vigia -- dead-letters',
    ...settings.limits,
    ...outside.variables,
  }
  const missing = missingVariables(manifests.functions, variables)
  if (missing.length > 0) throw new Refusal(missing.join('\n'))

  const functions = functionsOf(manifests.functions, {
    start: { root, dataDir, variables, port: server.port, env },
    built: builds.ready,
    journal,
    terminal: untilStopping(terminal, signal),
  })
  ending.last(functions.closeLogs)
  ending.first(async () => {
    // Starts that wait for the build end with it.
    void builds.stop()
    await functions.activator.close(grace.functions)
  }, functions.hurry)
  const brokerFor = (read: Manifests) =>
    brokerUp(read, functions.activator, postgres.url, {
      server,
      terminal,
      deliverTwice: env.VIGIA_DELIVER_EVERY_EVENT_TWICE === '1',
      signal,
    })
  let running = await terminal.step('broker', () => brokerFor(manifests))
  const broker = following(() => running)
  ending.first(() => broker.stop({ graceMs: grace.broker }))
  signal.throwIfAborted()

  const sourcesFor = (read: Manifests) =>
    startPingSources({
      sources: read.sources,
      send: (_, { headers, body }) => broker.take(headers, body),
      clock: systemClock,
      onLostTick: terminal.warn,
    })
  let ticking = sourcesFor(manifests)
  const sources: PingSources = {
    report: () => ticking.report(),
    has: name => ticking.has(name),
    fire: name => ticking.fire(name),
    stop: () => ticking.stop(),
  }
  ending.first(async () => sources.stop())

  const readiness = readinessOf({
    dataDir,
    databaseUrl: postgres.url,
    mongodbUri: mongo.uri,
    known: () => {
      const { storeOpen, storeFault } = broker.stats()
      return [
        ...down,
        ...builds.waitingFor(),
        ...(storeOpen ? [] : ['the event store']),
        ...(storeFault ? [databaseWords(storeFault)] : []),
        ...functions.activator.faults(),
      ]
    },
  })
  const { postgres: connect } = await import('#database/connect.ts')
  const db = connect(postgres.url, { max: 2, applicationName: 'vigia control api' })
  ending.last(() => db.end())
  const failed = (error: unknown) =>
    terminal.warn(error instanceof Error ? (error.stack ?? error.message) : String(error))
  let isMisdirected = false
  server.serve({
    hosts: { functions: functions.activator, simulated: outside.isSimulated },
    broker: broker.handler,
    brokerPath: `/${manifests.namespace}/${manifests.broker.name}`,
    function: functions.activator.proxy,
    ...(outside.sites ? { sites: outside.sites } : {}),
    runtime: await insides({
      db,
      broker,
      activator: functions.activator,
      sources,
      outside,
      readiness,
      dataDir,
      server,
    }),
    failed,
    misdirected: () => {
      if (isMisdirected) return
      isMisdirected = true
      terminal.warn(
        `port ${server.port} refused an update from Telegram: the proxy should send to PUBLIC_PORT, ${outdoors.port}`,
      )
    },
  })
  ending.last(() => server.close())
  outdoors.serve({ variableOf: entry => variableOf(entry, variables), proxy: functions.activator.proxy, failed })
  functions.activator.warm()
  const { post, close } = loopbackPost(server.port)
  const webhookUrl = webhookUrlOf(manifests.functions, settings, outside, {
    inside: server.port,
    outside: outdoors.port,
  })
  ending.last(async () => close())
  const bridge = await bridgeUp(outside, webhookUrl, post, terminal)
  ending.first(async () => bridge.stop())
  if (!mongo.kept && sources.has('series-refresher')) {
    // A catalogue that is kept nowhere is empty now: do not wait for the hour.
    const refill = () =>
      void sources.fire('series-refresher').catch(error => {
        if (!signal.aborted) terminal.warn(`series-refresher: ${(error as Error).message}`)
      })
    refill()
    mongo.onUp(refill)
  }

  ending.first(async () => {
    server.refuseNew()
    outdoors.refuseNew()
  })
  if (isWatching) {
    const { devLoop } = await import('./dev/loop.ts')
    let applied = manifests
    const stop = devLoop({
      root,
      manifestRoot,
      manifests,
      terminal,
      rebuild: builds.again,
      restart: async target => {
        const names = functions.activator.report().map(({ name }) => name)
        if (names.includes(target)) await functions.activator.stop(target)
      },
      apply: async (read, changes) => {
        const missing = missingVariables(changes.functions, variables)
        if (missing.length > 0) throw new Refusal(missing.join('\n'))
        await Promise.all(changes.functions.map(functions.activator.replace))
        if (changes.triggers || changes.functions.length > 0 || changes.gone.length > 0) {
          await running.stop({ graceMs: grace.broker })
          // A filter that is a trap is refused here; then the Triggers of before go on.
          running = await brokerFor(read).catch(async error => {
            running = await brokerFor(applied)
            throw error
          })
        }
        applied = read
        if (changes.sources) {
          ticking.stop()
          ticking = sourcesFor(read)
        }
        await Promise.all(changes.gone.map(functions.activator.remove))
      },
    })
    ending.first(async () => stop())
  }
  down.delete('the start')
  if (settings.heartbeatUrl !== undefined) {
    const { startHeartbeat } = await import('./outside-world/heartbeat.ts')
    const heartbeat = startHeartbeat({ url: settings.heartbeatUrl, look: readiness.look, warn: terminal.warn })
    ending.first(async () => heartbeat.stop())
  }
  return {
    publicPort: outdoors.port,
    isSimulated: outside.isSimulated,
    mongo,
    allBuilt: builds.all,
    stop: ending.run,
  }
}

/** Where Telegram sends updates; undefined: it is asked for them. */
const webhookUrlOf = (
  functions: FunctionManifest[],
  { publicUrl }: Settings,
  { isSimulated }: Outside,
  ports: { inside: number; outside: number },
): string | undefined => {
  const path = functions.find(({ name }) => name === webhookFunction)?.public?.path
  if (isSimulated)
    return path === undefined
      ? `http://${webhookFunction}.localhost:${ports.inside}/`
      : `http://127.0.0.1:${ports.outside}${path}`
  if (publicUrl === undefined) return undefined
  if (path === undefined)
    throw new Refusal(`PUBLIC_URL needs the label vigia.dev/public in knative/services/${webhookFunction}.yaml`)
  return publicAddress(publicUrl, path)
}

/** All at once; when one fails the others are waited for, so that what they started can be ended. */
const all = async <T extends readonly Promise<unknown>[]>(
  work: readonly [...T],
): Promise<{ [K in keyof T]: Awaited<T[K]> }> => {
  await Promise.allSettled(work)
  return Promise.all(work) as Promise<{ [K in keyof T]: Awaited<T[K]> }>
}

const databaseUp = async (
  { databaseUrl }: Settings,
  dataDir: string,
  log: (line: string) => void,
  ending: Endings,
): Promise<PostgresServer> => {
  const { startPostgres } = await import('./databases/postgres.ts')
  const server = await startPostgres({ dataDir, databaseUrl, log })
  ending.last(() => server.stop())
  const { migrate } = await import('#database/migrate.ts')
  await migrate(server.url)
  return server
}

const mongoUp = async (
  { mongodbUri }: Settings,
  dataDir: string,
  download: boolean,
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
  ending: Endings,
): Promise<MongoServer> => {
  const { startMongo } = await import('./databases/mongodb.ts')
  const server = await startMongo({
    dataDir,
    env: { ...env, MONGODB_URI: mongodbUri },
    download,
    log,
  })
  ending.last(() => server.stop())
  return server
}

interface BuildsStart {
  root: string
  warm: boolean
  manifests: Manifests
  terminal: Terminal
  progress: Progress
}

/** The function of the chat is built first, because a person waits for it; the start goes on while the others are built. */
const functionBuilds = ({ root, manifests, terminal, progress, warm }: BuildsStart) => {
  const webhook = manifests.functions.find(({ name }) => name === webhookFunction)?.target
  let [built, of] = [0, 1]
  const first = buildInBackground({
    root,
    warm,
    first: webhook,
    log: line => terminal.say(`  ${line}`),
    progress: (done, total) => {
      built = done
      of = total
      progress.set('functions', { detail: `${done}/${total}` })
    },
  })
  let latest = first
  const bundles = new Map<string, string>()
  const all = terminal.step('functions', () => first.all)
  // The caller of `first` or of `all` hears of it.
  all.catch(() => {})
  return {
    all,
    first: () => (webhook === undefined ? Promise.resolve() : first.ready(webhook)),
    /** A function that does not compile any more goes on with its bundle of before. */
    ready: async (target: string) => {
      await latest.ready(target).catch(error => {
        if (!bundles.has(target)) throw error
      })
    },
    waitingFor: () => (built < of ? [`functions (${built} of ${of} built)`] : []),
    /** Builds what has changed; says which bundles are others than before. */
    again: async () => {
      for (const { name, id } of latest.built) bundles.set(name, id)
      latest = buildInBackground({ root, warm: false, log: line => terminal.say(`  ${line}`) })
      await latest.all.catch(error => {
        // What is wrong with a function is told with its name; anything else is for all.
        if (latest.faults.length === 0) throw error
      })
      return { changed: latest.built.filter(({ name, id }) => bundles.get(name) !== id), faults: latest.faults }
    },
    stop: async () => {
      for (const build of new Set([first, latest])) build.stop()
      await Promise.all([first.over, latest.over])
    },
  }
}

const worldUp = async (settings: Settings, dataDir: string, terminal: Terminal, ending: Endings): Promise<Outside> => {
  const outside = await outsideWorld(settings, dataDir, terminal.warn)
  ending.last(outside.stop)
  return outside
}

/** How much later than its servers this process may hear of its end. */
const signalSkewMs = 250

/** Whoever ends a whole process group at once ends the databases too, maybe before us: what that breaks is no fault. */
const warnUnlessStopping = (words: string, terminal: Terminal, signal: AbortSignal) =>
  setTimeout(() => {
    if (!signal.aborted) terminal.warn(words)
  }, signalSkewMs)

/** Keeps `down` true to what a supervisor sees. */
const watch = (
  name: string,
  server: Pick<PostgresServer, 'onDown' | 'onUp' | 'onGivenUp'>,
  down: Set<string>,
  terminal: Terminal,
  signal: AbortSignal,
) => {
  server.onDown(words => {
    down.add(name)
    warnUnlessStopping(words, terminal, signal)
  })
  server.onUp(() => {
    down.delete(name)
    if (!signal.aborted) terminal.say(`  ${name} answers again`)
  })
  server.onGivenUp(words =>
    warnUnlessStopping(`${words}\n  Nothing works without it; it is tried again once a minute.`, terminal, signal),
  )
}

/**
 * A signal to the whole process group ends the databases before the functions. Their errors then say nothing: what they were
 * handling is delivered at the next start. Their log files have the lines.
 */
const untilStopping = (terminal: Terminal, signal: AbortSignal): Terminal => ({
  ...terminal,
  warn: words => warnUnlessStopping(words, terminal, signal),
  functionLine: (name, line) =>
    void setTimeout(() => {
      if (!signal.aborted) terminal.functionLine(name, line)
    }, signalSkewMs),
})

interface FunctionsStart {
  start: { root: string; dataDir: string; variables: Variables; port: number; env: NodeJS.ProcessEnv }
  /** Resolves when the bundle of a function is there. */
  built(target: string): Promise<void>
  journal: ReturnType<typeof processJournal>
  terminal: Terminal
}

const functionsOf = (manifests: FunctionManifest[], { start, built, journal, terminal }: FunctionsStart) => {
  const { root, dataDir, variables, port, env } = start
  const logs = new Map<string, LogOf>()
  const logOf = (name: string) => {
    const log = logs.get(name) ?? functionLog(join(dataDir, 'logs'), name, terminal.functionLine)
    logs.set(name, log)
    return log
  }
  const processes = activator(
    manifests,
    async manifest => {
      await built(manifest.target)
      const command = [process.execPath, join(root, `.build/functions/${manifest.target}.mjs`)]
      return startProcess({
        command,
        env: functionEnv(manifest, variables, { brokerOrigin: `http://127.0.0.1:${port}`, ours: env }),
        readinessPath: manifest.readinessPath,
        startTimeoutMs: manifest.startTimeoutMs,
        log: logOf(manifest.name),
        remember: pid => journal.remember(pid, command),
        forget: journal.forget,
      })
    },
    (level, words) => (level === 'warn' ? terminal.warn(words) : undefined),
  )
  return {
    activator: processes,
    hurry: () => processes.close(0),
    closeLogs: () => Promise.all([...logs.values()].map(log => log.close())),
  }
}

interface BrokerStart {
  server: Server
  terminal: Terminal
  deliverTwice: boolean
  signal: AbortSignal
}

const brokerUp = async (
  manifests: Manifests,
  functions: Activator,
  databaseUrl: string,
  { server, terminal, deliverTwice, signal }: BrokerStart,
): Promise<Broker> => {
  const { startBroker } = await import('./broker/broker.ts')
  const byName = new Map(manifests.functions.map(manifest => [manifest.name, manifest]))
  const brokerUrl = `http://broker-ingress.localhost:${server.port}/${manifests.namespace}/${manifests.broker.name}`
  const resolve = (destination: Destination): Subscriber => {
    switch (destination.kind) {
      case 'function':
        return {
          url: `http://${destination.name}.localhost:${server.port}${destination.path}`,
          function: destination.name,
          timeoutMs: byName.get(destination.name)!.timeoutMs,
          reach: () => functions.reach(destination.name),
        }
      case 'broker':
        return { url: brokerUrl, function: null }
      case 'url':
        return { url: destination.url, function: null }
      default:
        return destination satisfies never
    }
  }
  const words = (details: object, message: string) => readable(JSON.stringify({ message, ...details }, errorsAsText))
  return startBroker({
    databaseUrl,
    namespace: manifests.namespace,
    name: manifests.broker.name,
    url: brokerUrl,
    triggers: manifests.triggers,
    resolve,
    // For journeys: whoever cannot bear a repeat shows it.
    deliverTwice,
    log: {
      info: (details, message) => terminal.say(`  broker: ${words(details, message)}`),
      warn: (details, message) => warnUnlessStopping(`broker: ${words(details, message)}`, terminal, signal),
      error: (details, message) => terminal.warn(`broker: ${words(details, message)}`),
    },
  })
}

/** A broker that is always the one which runs now: a change of Triggers starts another. */
const following = (now: () => Broker): Broker => ({
  handler: (request, response) => now().handler(request, response),
  take: (headers, body) => now().take(headers, body),
  reads: { events: query => now().reads.events(query), event: seq => now().reads.event(seq) },
  redeliver: (event, trigger) => now().redeliver(event, trigger),
  stats: () => now().stats(),
  clean: () => now().clean(),
  tap: listener => now().tap(listener),
  stop: options => now().stop(options),
})

const errorsAsText = (_: string, value: unknown) => (value instanceof Error ? value.message : value)

interface Insides {
  db: Postgres
  broker: Broker
  activator: Activator
  sources: PingSources
  outside: Outside
  readiness: Readiness
  dataDir: string
  server: Server
}

/** What plain localhost shows: the control API, the chat and the page. */
const insides = async ({ db, broker, activator: functions, sources, outside, readiness, dataDir, server }: Insides) => {
  const [{ deadLettersIn }, { BadEvent, UnknownTrigger }] = await Promise.all([
    import('#database/operations/dead-letters.ts'),
    import('./broker/broker.ts'),
  ])
  const letters = deadLettersIn(db)
  const api = controlApi({
    activator: functions,
    sources,
    waitingFor: readiness.look,
    metrics: runtimeMetrics({ activator: functions, broker }),
    events: broker.reads.events,
    event: broker.reads.event,
    deadLetters: letters.newest,
    deadLetter: letters.find,
    replay: async id => {
      const letter = await letters.find(id)
      if (!letter) return 'unknown'
      try {
        await broker.redeliver(letter.event, letter.trigger)
      } catch (error) {
        if (error instanceof UnknownTrigger || error instanceof BadEvent) return { impossible: error.message }
        throw error
      }
      await letters.markReplayed(id, systemClock())
      return 'accepted'
    },
  })
  const home = () => {
    // The page is drawn at once; what this look finds is on the next one.
    void readiness.look()
    return {
      port: server.port,
      isSimulated: outside.isSimulated,
      dataDir,
      waitingFor: readiness.latest(),
      functions: functions.report(),
      sources: sources.report(),
    }
  }
  return async (...[request, response, url]: Parameters<typeof api>) => {
    if (await api(request, response, url)) return
    if (homePage(request, response, url.pathname, home)) return
    if (await outside.chat?.(request, response)) return
    sendJson(response, 404, { error: `there is nothing at ${url.pathname}` })
  }
}

const bridgeUp = async (
  { apiRoot, botToken, webhookSecret }: Outside,
  publicUrl: string | undefined,
  post: ReturnType<typeof loopbackPost>['post'],
  terminal: Terminal,
): Promise<TelegramBridge> => {
  const [{ startTelegramBridge }, { commandMenu }] = await Promise.all([
    import('./outside-world/telegram-bridge.ts'),
    import('#functions/telegram-webhook/command-menu.ts'),
  ])
  return startTelegramBridge({
    apiRoot,
    token: botToken,
    webhookSecret,
    ...(publicUrl === undefined ? {} : { publicUrl }),
    deliver: ({ headers, body }) => post(`${webhookFunction}.localhost`, '/', headers, body),
    menu: commandMenu,
    say: terminal.warn,
  })
}

type End = () => Promise<unknown>

interface Endings {
  /** Ended before everything that was there before it. */
  first(end: End, hurry?: End): void
  /** Ended after everything else, all at once. */
  last(end: End): void
  run(): Promise<void>
}

/** What has to be ended. What comes when the end has begun is ended at once; the second call of `run` hurries what can be. */
const endings = (): Endings => {
  const inOrder: End[] = []
  const atLast: End[] = []
  const hurries: End[] = []
  let running: Promise<void> | undefined
  const ended = async (end: End) => {
    try {
      await end()
    } catch (error) {
      process.stderr.write(`while stopping: ${(error as Error).message}\n`)
    }
  }
  return {
    first: (end, hurry) => {
      if (running) return void ended(end)
      inOrder.unshift(end)
      if (hurry) hurries.push(hurry)
    },
    last: end => {
      if (running) void ended(end)
      else atLast.push(end)
    },
    run: () => {
      if (running) for (const hurry of hurries) void ended(hurry)
      running ??= (async () => {
        for (const end of inOrder) await ended(end)
        await Promise.all(atLast.map(ended))
      })()
      return running
    },
  }
}
