import { spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { renameAtomic, writeFileAtomic } from '#infra/files/atomic-write.ts'
import { freePort } from '#infra/net/free-port.ts'
import { type Account, runAs, serverAccount, serverEnvironment } from './account.ts'
import { mongoAnswers } from './ask-mongo.ts'
import { barrierTo, createPrivateFolder, holdDataFolder, refuseForeignFolder } from './data-folder.ts'
import { downloadMongod, downloads, findMongod, jongodb } from './mongo-programs.ts'
import { commandOf, endProcess, type StopSignal } from './processes.ts'
import { externalServer, type Supervised, supervise, withFacts } from './supervisor.ts'
import { externalServerTimeoutMs, reportWaiting } from './waiting.ts'

/** The MongoDB-compatible server of the catalogue. */
export interface MongoServer extends Supervised {
  /**
   * The kind of server: the server of MONGODB_URI (`given`), a mongod of this machine (found or downloaded), or the
   * in-memory server from npm (`jongodb`).
   */
  step: 'given' | 'mongod' | 'jongodb'
  /** The connection URI with the name of the database. It stays the same when the server is restarted. */
  uri: string
  /** Whether the catalogue survives a restart of the server. If not, the catalogue is empty after each `onUp`. */
  isPersistent: boolean
  /** Where the catalogue is stored, for the banner. */
  description: string
}

export interface MongoStart {
  dataDir: string
  /** The environment with MONGODB_URI, PATH and the settings of the download. */
  env?: NodeJS.ProcessEnv
  /** `--download-mongod`: download a mongod instead of using the in-memory server. */
  download?: boolean
  /** Gets a line for each thing that takes time or that a person wants to know. */
  log?: (line: string) => void
  /** How long the server of MONGODB_URI may take to answer; by default a minute. */
  externalTimeoutMs?: number
}

/**
 * Starts the best server that this machine can run, or connects to MONGODB_URI. The message of an error is one line for
 * a person.
 */
export const startMongo = async ({
  dataDir,
  env = process.env,
  download = false,
  log = () => {},
  externalTimeoutMs = externalServerTimeoutMs,
}: MongoStart): Promise<MongoServer> => {
  if (env.MONGODB_URI) return connectToExternal(env.MONGODB_URI, log, externalTimeoutMs)
  const hold = holdDataFolder(dataDir)
  try {
    const { running, ...facts } = await startBest(await realpath(dataDir), env, download, log)
    return withFacts(running, facts, hold.release)
  } catch (error) {
    hold.release()
    throw error
  }
}

type StartedServer = { running: Supervised } & Omit<MongoServer, keyof Supervised>

/**
 * Tries every mongod that is found, then (with `download`, or if there is no in-memory server) a download, then the
 * in-memory server.
 */
const startBest = async (
  dataDir: string,
  env: NodeJS.ProcessEnv,
  download: boolean,
  log: (line: string) => void,
): Promise<StartedServer> => {
  const account = process.platform === 'win32' ? null : serverAccount()
  const memoryServer = jongodb()
  const found = await findMongod(dataDir, env)
  let problem = ''
  const tryMongod = async (program: string) => {
    try {
      return await startMongod(program, dataDir, account)
    } catch (error) {
      problem = (error as Error).message
      log(problem)
      // A downloaded mongod that does not run is incomplete or is for another system. It is deleted, so that the next
      // start does not find it.
      if (dirname(program) === downloads(dataDir)) await rm(program, { force: true })
      return undefined
    }
  }
  for (const program of found) {
    const started = await tryMongod(program)
    if (started) return started
  }
  // Without an in-memory server, a download is better than an error that says what to install.
  if (download || memoryServer === null) {
    const downloaded = await downloadMongod(dataDir, log, env).catch((error: Error) => {
      if (memoryServer === null) throw new Error(`${error.message}; ${advice}`)
      log(error.message)
    })
    const started = downloaded && (await tryMongod(downloaded))
    if (started) return started
  }
  if (memoryServer !== null) return startJongodb(memoryServer, dataDir, account)
  throw new Error(`${problem}; ${advice}`)
}

const advice =
  'the catalogue of series needs a MongoDB: install mongod (https://www.mongodb.com/docs/manual/installation/), or set MONGODB_URI'

/** Ends the server that a killed runtime left behind on this data folder. The caller has reserved the folder. */
export const endMongoOrphan = async (dataDir: string): Promise<void> => {
  const file = join(await realpath(dataDir), 'mongodb/server.json')
  const record = recordIn(await readFile(file, 'utf8').catch(() => ''))
  if (record === null) return
  const { pid, program, port } = record
  const command = await commandOf(pid)
  if (command?.includes(program) && command.includes(portArgument(port))) await endProcess(pid, stopSignals)
}

/** The server that a runtime in another process has started on this data folder; null if there is none. */
export const runningMongo = async (dataDir: string): Promise<Pick<MongoServer, 'uri' | 'isPersistent'> | null> => {
  const record = recordIn(await readFile(join(dataDir, 'mongodb/server.json'), 'utf8').catch(() => ''))
  return record && { uri: uriOf(record.port), isPersistent: basename(record.program) !== 'jongodb' }
}

const uriOf = (port: number) => `mongodb://127.0.0.1:${port}/vigia`

/** What is recorded about a started server, so that a later start recognises its process. */
interface ServerRecord {
  pid: number
  program: string
  port: number
}

/** The record in `text`; null if a power cut has damaged it. After a power cut no server runs. */
const recordIn = (text: string): ServerRecord | null => {
  try {
    const record = JSON.parse(text) as Partial<ServerRecord> | null
    return typeof record?.pid === 'number' && typeof record.program === 'string' && typeof record.port === 'number'
      ? (record as ServerRecord)
      : null
  } catch {
    return null
  }
}

const portArgument = (port: number) => `--port=${port}`

/**
 * The signals that stop the server. SIGKILL damages no data: mongod has a journal, and the in-memory server stores
 * nothing.
 */
const stopSignals: readonly StopSignal[] = [
  { signal: 'SIGTERM', waitMs: 4_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
]

const startMongod = async (program: string, dataDir: string, account: Account | null): Promise<StartedServer> => {
  const data = join(dataDir, 'mongodb/data')
  const started = await start('MongoDB', program, dataDir, account, [
    `--dbpath=${data}`,
    '--bind_ip=127.0.0.1',
    '--quiet',
    '--wiredTigerCacheSizeGB=0.25',
    '--setParameter=diagnosticDataCollectionEnabled=false',
  ])
  return {
    ...started,
    step: 'mongod',
    isPersistent: true,
    description: `the catalogue is kept by ${program} in ${data}`,
  }
}

const startJongodb = async (program: string, dataDir: string, account: Account | null): Promise<StartedServer> => {
  const started = await start('the catalogue server', program, dataDir, account, ['--database=vigia'])
  const description =
    'the catalogue is in memory (@jongodb) and fetched again at each start; npm start -- --download-mongod downloads a MongoDB that keeps the catalogue'
  return { ...started, step: 'jongodb', isPersistent: false, description }
}

/**
 * Runs the program as the user of the database servers, on the loopback port of the last start if this port is free.
 */
const start = async (
  name: string,
  installedProgram: string,
  dataDir: string,
  account: Account | null,
  options: string[],
): Promise<{ running: Supervised; uri: string }> => {
  const home = join(dataDir, 'mongodb')
  await refuseForeignFolder(home, account)
  const program = await reachable(installedProgram, dataDir, account)
  await createPrivateFolder(home, account)
  await createPrivateFolder(join(home, 'data'), account)
  await endMongoOrphan(dataDir)
  const port = await rememberedPort(join(home, 'port'))
  const recordFile = join(home, 'server.json')
  const running = await supervise({
    name,
    logFile: join(home, 'server.log'),
    startWithinMs: 60_000,
    start: output =>
      spawn(program, [portArgument(port), ...options], {
        ...runAs(account),
        cwd: home,
        env: serverEnvironment(),
        detached: true,
        stdio: ['ignore', output, output],
      }),
    started: pid => writeFileAtomic(recordFile, JSON.stringify({ pid, program, port } satisfies ServerRecord)),
    answers: () => mongoAnswers(port),
    end: pid => endProcess(pid, stopSignals),
  })
  return { running, uri: uriOf(port) }
}

/**
 * The path of `program`, or of its copy in the data folder if `account` cannot reach `program`, for example in root's
 * home.
 */
const reachable = async (program: string, dataDir: string, account: Account | null): Promise<string> => {
  const barrier = await barrierTo(dataDir, account)
  if (barrier !== null) throw new Error(`${dataDir} cannot be used: ${account?.name} cannot enter ${barrier}`)
  if ((await barrierTo(program, account)) === null) return program
  const copy = join(dataDir, 'binaries', basename(program))
  const [original, earlier] = await Promise.all([stat(program), stat(copy).catch(() => undefined)])
  if (earlier?.size === original.size && earlier.mtimeMs >= original.mtimeMs) return copy
  await mkdir(dirname(copy), { recursive: true, mode: 0o755 })
  await copyFile(program, `${copy}.new`)
  await chmod(`${copy}.new`, 0o755)
  await renameAtomic(`${copy}.new`, copy)
  return copy
}

/** The port of the last start, unless another program has it or the file is damaged. */
const rememberedPort = async (file: string): Promise<number> => {
  const last = Number(await readFile(file, 'utf8').catch(() => 0))
  const port = await freePort(Number.isInteger(last) && last > 1023 && last < 65_536 ? last : 0)
  if (port !== last) await writeFileAtomic(file, String(port))
  return port
}

const connectToExternal = async (uri: string, log: (line: string) => void, timeoutMs: number): Promise<MongoServer> => {
  const { MongoClient } = await import('mongodb')
  const waiting = reportWaiting('MONGODB_URI', timeoutMs, log)
  try {
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: timeoutMs, connectTimeoutMS: timeoutMs })
    try {
      // The driver would retry until its timeout even if the server refuses connections or its name does not exist.
      // These errors end the wait at once.
      const permanentFailure = new Promise<never>((_, reject) =>
        client.on('serverHeartbeatFailed', ({ failure }) => {
          if (/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|certificate/i.test(failure.message)) reject(failure)
        }),
      )
      await Promise.race([client.db('admin').command({ ping: 1 }), permanentFailure])
    } finally {
      await client.close()
    }
  } catch (error) {
    throw new Error(`MONGODB_URI does not answer: ${(error as Error).message}`)
  } finally {
    waiting.stop()
  }
  return {
    ...externalServer,
    step: 'given',
    uri,
    isPersistent: true,
    description: 'the catalogue is kept by the server at MONGODB_URI',
  }
}
