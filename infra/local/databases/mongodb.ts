import { spawn } from 'node:child_process'
import { chmod, copyFile, mkdir, readFile, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { renameAtomic, writeFileAtomic } from '#infra/files/atomic-write.ts'
import { freePort } from '#infra/net/free-port.ts'
import { type Account, as, serverAccount, serverEnvironment } from './account.ts'
import { mongoAnswers } from './ask-mongo.ts'
import { barrierTo, holdDataFolder, own, refuseForeignFolder } from './data-folder.ts'
import { downloadMongod, downloads, findMongod, jongodb } from './mongo-programs.ts'
import { commandOf, type Ending, endProcess } from './processes.ts'
import { describe, notOurs, type Supervised, supervise } from './supervisor.ts'
import { patienceForGivenMs, sayWaiting } from './waiting.ts'

/** The Mongo-compatible server of the catalogue. */
export interface MongoServer extends Supervised {
  /** Which rung of the ladder: MONGODB_URI, a mongod of this machine (found or downloaded), or the memory server from npm. */
  step: 'given' | 'mongod' | 'jongodb'
  /** Names the database too. Stays the same over restarts of the server. */
  uri: string
  /** Whether the catalogue is still there after a restart. Where not, an `onUp` means that it is empty. */
  kept: boolean
  /** What this means for the data, for the banner. */
  words: string
}

export interface MongoStart {
  dataDir: string
  /** MONGODB_URI, PATH and the settings of a download. */
  env?: NodeJS.ProcessEnv
  /** `--download-mongod`: fetch the real one before falling back on the memory server. */
  download?: boolean
  /** Gets a line for each thing a person might wait for or want to know. */
  log?: (line: string) => void
  /** How long the server of MONGODB_URI may take to answer; a minute. */
  givenPatienceMs?: number
}

/** Finds and starts the best server this machine can have. Errors are one line for a person. */
export const startMongo = async ({
  dataDir,
  env = process.env,
  download = false,
  log = () => {},
  givenPatienceMs = patienceForGivenMs,
}: MongoStart): Promise<MongoServer> => {
  if (env.MONGODB_URI) return given(env.MONGODB_URI, log, givenPatienceMs)
  const hold = holdDataFolder(dataDir)
  try {
    const { running, ...facts } = await climb(await realpath(dataDir), env, download, log)
    return describe(running, facts, hold.release)
  } catch (error) {
    hold.release()
    throw error
  }
}

type Rung = { running: Supervised } & Omit<MongoServer, keyof Supervised>

const climb = async (
  dataDir: string,
  env: NodeJS.ProcessEnv,
  download: boolean,
  log: (line: string) => void,
): Promise<Rung> => {
  const account = process.platform === 'win32' ? null : serverAccount()
  const memory = jongodb()
  const found = await findMongod(dataDir, env)
  let refusal = ''
  const tried = async (program: string) => {
    try {
      return await startMongod(program, dataDir, account)
    } catch (error) {
      refusal = (error as Error).message
      log(refusal)
      // A download of ours that does not run was cut short, or is for another system: the next download must not find it.
      if (dirname(program) === downloads(dataDir)) await rm(program, { force: true })
      return undefined
    }
  }
  for (const program of found) {
    const rung = await tried(program)
    if (rung) return rung
  }
  // Where there is nothing else a newcomer waits for a download rather than read what to install.
  if (download || memory === null) {
    const fetched = await downloadMongod(dataDir, log, env).catch((error: Error) => {
      if (memory === null) throw new Error(`${error.message}; ${advice}`)
      log(error.message)
    })
    const rung = fetched && (await tried(fetched))
    if (rung) return rung
  }
  if (memory !== null) return startJongodb(memory, dataDir, account)
  throw new Error(`${refusal}; ${advice}`)
}

const advice =
  'the catalogue of series needs a MongoDB: install mongod (https://www.mongodb.com/docs/manual/installation/), or set MONGODB_URI'

/** Ends a server that a killed runtime left behind on this data folder. The caller holds the folder. */
export const endMongoOrphan = async (dataDir: string): Promise<void> => {
  const file = join(await realpath(dataDir), 'mongodb/server.json')
  const noted = notedIn(await readFile(file, 'utf8').catch(() => ''))
  if (noted === null) return
  const { pid, program, port } = noted
  const command = await commandOf(pid)
  if (command?.includes(program) && command.includes(portArgument(port))) await endProcess(pid, endings)
}

/** What we write down of a server we started, to know it again. */
interface Noted {
  pid: number
  program: string
  port: number
}

/** A note that a power cut has damaged names no server: none outlives a power cut. */
const notedIn = (text: string): Noted | null => {
  try {
    const noted = JSON.parse(text) as Partial<Noted> | null
    return typeof noted?.pid === 'number' && typeof noted.program === 'string' && typeof noted.port === 'number'
      ? (noted as Noted)
      : null
  } catch {
    return null
  }
}

const portArgument = (port: number) => `--port=${port}`

/** Both write nothing that SIGKILL could spoil: mongod has its journal, the other keeps nothing. */
const endings: readonly Ending[] = [
  { signal: 'SIGTERM', patienceMs: 4_000 },
  { signal: 'SIGKILL', patienceMs: 5_000 },
]

const startMongod = async (program: string, dataDir: string, account: Account | null): Promise<Rung> => {
  const data = join(dataDir, 'mongodb/data')
  const started = await start('MongoDB', program, dataDir, account, [
    `--dbpath=${data}`,
    '--bind_ip=127.0.0.1',
    '--quiet',
    '--wiredTigerCacheSizeGB=0.25',
    '--setParameter=diagnosticDataCollectionEnabled=false',
  ])
  return { ...started, step: 'mongod', kept: true, words: `the catalogue is kept by ${program} in ${data}` }
}

const startJongodb = async (program: string, dataDir: string, account: Account | null): Promise<Rung> => {
  const started = await start('the catalogue server', program, dataDir, account, ['--database=vigia'])
  const words =
    'the catalogue is in memory (@jongodb) and fetched anew at each start; npm start -- --download-mongod downloads a MongoDB that keeps it'
  return { ...started, step: 'jongodb', kept: false, words }
}

/** Runs `found` on a loopback port that is the same over restarts, where it can be had, as the user of all servers. */
const start = async (
  name: string,
  found: string,
  dataDir: string,
  account: Account | null,
  options: string[],
): Promise<{ running: Supervised; uri: string }> => {
  const home = join(dataDir, 'mongodb')
  await refuseForeignFolder(home, account)
  const program = await reachable(found, dataDir, account)
  await own(home, account)
  await own(join(home, 'data'), account)
  await endMongoOrphan(dataDir)
  const port = await rememberedPort(join(home, 'port'))
  const note = join(home, 'server.json')
  const running = await supervise({
    name,
    logFile: join(home, 'server.log'),
    startWithinMs: 60_000,
    start: output =>
      spawn(program, [portArgument(port), ...options], {
        ...as(account),
        cwd: home,
        env: serverEnvironment(),
        detached: true,
        stdio: ['ignore', output, output],
      }),
    started: pid => writeFileAtomic(note, JSON.stringify({ pid, program, port } satisfies Noted)),
    answers: () => mongoAnswers(port),
    end: pid => endProcess(pid, endings),
  })
  return { running, uri: `mongodb://127.0.0.1:${port}/vigia` }
}

/** `program`, or a copy of it where its user may not go: a checkout or a cache in root's home. */
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

/** The port of the last time, unless another program has it; half of a number is a port that the server may not have. */
const rememberedPort = async (file: string): Promise<number> => {
  const last = Number(await readFile(file, 'utf8').catch(() => 0))
  const port = await freePort(Number.isInteger(last) && last > 1023 && last < 65_536 ? last : 0)
  if (port !== last) await writeFileAtomic(file, String(port))
  return port
}

const given = async (uri: string, log: (line: string) => void, patienceMs: number): Promise<MongoServer> => {
  const { MongoClient } = await import('mongodb')
  const waiting = sayWaiting('MONGODB_URI', patienceMs, log)
  try {
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: patienceMs, connectTimeoutMS: patienceMs })
    try {
      // The driver goes on asking a server that refuses, or a name that nobody knows, until its time is over.
      const hopeless = new Promise<never>((_, reject) =>
        client.on('serverHeartbeatFailed', ({ failure }) => {
          if (/ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|certificate/i.test(failure.message)) reject(failure)
        }),
      )
      await Promise.race([client.db('admin').command({ ping: 1 }), hopeless])
    } finally {
      await client.close()
    }
  } catch (error) {
    throw new Error(`MONGODB_URI does not answer: ${(error as Error).message}`)
  } finally {
    waiting.stop()
  }
  return { ...notOurs, step: 'given', uri, kept: true, words: 'the catalogue is kept by the server at MONGODB_URI' }
}
