import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chown, lstat, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import pRetry from 'p-retry'
import pg from 'pg'
import { renameAtomic, writeFileAtomic } from '#infra/files/atomic-write.ts'
import { freePort } from '#infra/net/free-port.ts'
import { type Account, runAs, serverAccount, serverEnvironment } from './account.ts'
import { copyFolder, isCopyOf, linkLibraries, packageVersion, postgresFolder, program } from './binaries.ts'
import { barrierTo, createPrivateFolder, holdDataFolder, refuseForeignFolder } from './data-folder.ts'
import { commandOf, endProcess } from './processes.ts'
import { externalServer, type Supervised, supervise, withFacts } from './supervisor.ts'
import { externalServerTimeoutMs, reportWaiting } from './waiting.ts'

/**
 * The PostgreSQL that Vigia uses: its own, or the server of DATABASE_URL (then `pid` is null and `stop` does nothing).
 */
export interface PostgresServer extends Supervised {
  /** The connection URL. It stays the same when the server is restarted. */
  url: string
}

export interface PostgresStart {
  dataDir: string
  /** Gets a line for each thing that takes time or that a person wants to know. */
  log?: (line: string) => void
  /** DATABASE_URL: a server that Vigia does not run. */
  databaseUrl?: string | undefined
  /** PostgreSQL settings besides those of `serverArguments`. */
  settings?: Record<string, string>
  /** How long the server of `databaseUrl` may take to answer; by default a minute. */
  externalTimeoutMs?: number
}

/**
 * Starts PostgreSQL in the data folder, or waits until the server of `databaseUrl` answers. The message of an error is
 * one line for a person.
 */
export const startPostgres = async ({
  dataDir,
  log = () => {},
  databaseUrl,
  settings = {},
  externalTimeoutMs = externalServerTimeoutMs,
}: PostgresStart): Promise<PostgresServer> => {
  if (databaseUrl) return connectToExternal(databaseUrl, log, externalTimeoutMs)
  const hold = holdDataFolder(dataDir)
  try {
    const paths = await prepareFolders(await realpath(dataDir), log)
    if ((await majorIn(paths, log)) === null) {
      log('preparing a new PostgreSQL data folder')
      await initialise(paths)
    }
    await refuseOtherMajor(paths, log)
    const supervised = await supervise({
      name: 'PostgreSQL',
      logFile: join(paths.home, 'postgres.log'),
      startWithinMs: 120_000,
      prepare: () => removeLeftovers(paths),
      start: output =>
        spawn(program(paths.native, 'postgres'), serverArguments(paths, settings), {
          ...runAs(paths.account),
          cwd: windows ? paths.home : '/',
          env: serverEnvironment(),
          detached: true,
          stdio: ['ignore', output, output],
        }),
      answers: () => isReady(paths),
      end: pid => end(paths, pid),
    })
    return withFacts(supervised, { url: paths.url('vigia') }, () => {
      if (paths.temporary) rmSync(paths.temporary, { recursive: true, force: true })
      hold.release()
    })
  } catch (error) {
    hold.release()
    throw error
  }
}

/** The URL of the server that a runtime in another process has started on this data folder. */
export const runningPostgres = async (dataDir: string): Promise<string> =>
  (await prepareFolders(await realpath(dataDir), () => {})).url('vigia')

/**
 * Ends the server that a killed runtime left behind on this data folder. The caller has reserved the folder, so no
 * other runtime uses it.
 */
export const endPostgresOrphan = async (dataDir: string): Promise<void> => {
  const data = join(await realpath(dataDir), 'postgres/data')
  const pid = await postmasterPid(data)
  if (pid !== null && (await isOwnServer(pid, data))) await endProcess(pid, stopSignals)
}

const windows = process.platform === 'win32'

/**
 * The signals that stop PostgreSQL. On SIGINT PostgreSQL disconnects all clients and writes a checkpoint. After SIGQUIT
 * the next start does a recovery instead of the checkpoint. SIGQUIT loses no data either, so a long wait after SIGINT
 * is not worth it. SIGTERM is not used, because after SIGTERM PostgreSQL waits until every client has disconnected by
 * itself.
 */
const stopSignals = [
  { signal: 'SIGINT', waitMs: 3_000 },
  { signal: 'SIGQUIT', waitMs: 1_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
] as const

/** Paths and connection settings of the server. They do not change while it runs. */
interface ServerPaths {
  /** DATA_DIR/postgres with mode 0700: the data, the log and possibly a copy of the programs. */
  home: string
  data: string
  /** The folder with PostgreSQL's bin, lib and share. */
  native: string
  account: Account | null
  /** The folder of the socket, if it is a temporary folder. This folder is deleted after the server has stopped. */
  temporary?: string
  /** The settings that say where the server listens. */
  settings: Record<string, string>
  url(database: string): string
  /** Options of initdb for the authentication of clients. */
  authentication: string[]
}

const prepareFolders = async (dataDir: string, log: (line: string) => void): Promise<ServerPaths> => {
  const account = windows ? null : serverAccount()
  const home = join(dataDir, 'postgres')
  const barrier = await barrierTo(dataDir, account)
  if (barrier !== null)
    throw new Error(
      `PostgreSQL runs as ${account?.name}, who cannot enter ${barrier}: set DATA_DIR to a folder that every user can reach, or do not start as root`,
    )
  await refuseForeignFolder(home, account)
  await createPrivateFolder(home, account)
  const native = await reachable(home, account, log)
  const paths = { home, data: join(home, 'data'), native, account }
  if (windows) return { ...paths, ...(await loopback(home)) }
  const run = join(home, 'run')
  const folder = await socketFolder(run, account)
  return { ...paths, ...unixSocket(folder), ...(folder === run ? {} : { temporary: folder }) }
}

/**
 * The programs of the npm package, or a copy of them if the server's user cannot reach the programs or the links
 * between libraries cannot be created.
 */
const reachable = async (home: string, account: Account | null, log: (line: string) => void): Promise<string> => {
  const packaged = postgresFolder()
  const barriers = await Promise.all(
    [program(packaged, 'postgres'), join(packaged, 'pg-symlinks.json')].map(file => barrierTo(file, account)),
  )
  if (barriers.every(barrier => barrier === null)) {
    try {
      await linkLibraries(packaged)
      return packaged
    } catch (error) {
      if (!['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  const copy = join(home, `binaries-${await packageVersion(packaged)}`, 'native')
  if (!(await isCopyOf(packaged, copy))) {
    await rm(dirname(copy), { recursive: true, force: true })
    log(`copying PostgreSQL's programs to ${copy}, where its user can run them`)
    await createPrivateFolder(dirname(copy), account)
    await copyFolder(packaged, copy, account)
  }
  await linkLibraries(copy)
  return copy
}

const unixSocket = (folder: string) => ({
  settings: {
    listen_addresses: '',
    unix_socket_directories: `"${folder.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    port: '5432',
  },
  url: (database: string) => `postgresql://vigia@localhost/${database}?host=${encodeURIComponent(folder)}`,
  authentication: ['--auth=trust'],
})

/** The longest path of a socket in bytes, including its name and the terminating NUL. */
const socketPathBytes = process.platform === 'darwin' ? 104 : 108

/** A private folder for the socket: `wanted`, or a temporary folder if the path of the socket would be too long. */
const socketFolder = async (wanted: string, account: Account | null): Promise<string> => {
  if (Buffer.byteLength(`${wanted}/.s.PGSQL.5432`) < socketPathBytes) {
    await createPrivateFolder(wanted, account)
    return wanted
  }
  const temporary = (await barrierTo(tmpdir(), account)) === null ? tmpdir() : '/tmp'
  const folder = join(temporary, `vigia-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`)
  await createPrivateFolder(folder, account)
  const found = await lstat(folder)
  if (!found.isDirectory() || (found.mode & 0o077) !== 0 || found.uid !== (account?.uid ?? process.getuid?.()))
    throw new Error(
      `${folder} belongs to another user or can be read by others: remove it, or set DATA_DIR to a shorter path`,
    )
  return folder
}

/** The connection settings on Windows: a port on the loopback interface and a password, both stored in `home`. */
const loopback = async (home: string) => {
  const file = join(home, 'access.json')
  const kept = await readFile(file, 'utf8').catch(() => null)
  const access: { port: number; password: string } = kept
    ? JSON.parse(kept)
    : { port: await freePort(), password: randomBytes(24).toString('hex') }
  if (!kept) {
    await writeFileAtomic(join(home, 'password'), access.password)
    await writeFileAtomic(file, JSON.stringify(access))
  }
  return {
    settings: { listen_addresses: '127.0.0.1', port: String(access.port) },
    url: (database: string) => `postgresql://vigia:${access.password}@127.0.0.1:${access.port}/${database}`,
    authentication: ['--auth=scram-sha-256', `--pwfile=${join(home, 'password')}`],
  }
}

/** The major version of PostgreSQL that created the data; null if there is no data. */
const majorIn = async ({ data, account }: Pick<ServerPaths, 'data' | 'account'>, log: (line: string) => void) => {
  const version = await textOf(join(data, 'PG_VERSION'))
  if (version === null || isMajor(version)) return version?.trim() ?? null
  // Every database has its own copy of PG_VERSION.
  const copy = await textOf(join(data, 'base/1/PG_VERSION'))
  if (copy === null || !isMajor(copy))
    throw new Error(
      `${data}/PG_VERSION is damaged, as is its copy in ${data}/base/1: keep a copy of ${data}, then restore a backup, or start without data: npm start -- --fresh`,
    )
  log(`${data}/PG_VERSION is damaged and is replaced by its copy in ${data}/base/1; no data is lost`)
  await writeFileAtomic(join(data, 'PG_VERSION'), copy)
  if (account) await chown(join(data, 'PG_VERSION'), account.uid, account.gid)
  return copy.trim()
}

const isMajor = (text: string) => /^\d+\s*$/.test(text)

/** The text of a file; null if it does not exist. */
const textOf = (file: string): Promise<string | null> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    return null
  })

const refuseOtherMajor = async (paths: ServerPaths, log: (line: string) => void): Promise<void> => {
  const major = await majorIn(paths, log)
  const [packagedMajor] = (await packageVersion(paths.native)).split('.')
  if (major !== packagedMajor)
    throw new Error(
      `${paths.data} was created by PostgreSQL ${major}, and this version of Vigia brings PostgreSQL ${packagedMajor}: dump it with PostgreSQL ${major} (pg_dumpall), or set DATA_DIR to a new folder`,
    )
}

/**
 * Runs initdb in a temporary folder and renames the folder at the end, because a killed initdb leaves a folder that
 * looks complete.
 */
const initialise = async ({ data, native, account, authentication }: ServerPaths): Promise<void> => {
  if ((await readdir(data).catch(() => [])).length > 0)
    throw new Error(
      `${data} is not empty and is not a PostgreSQL data folder: move it away, or set DATA_DIR to another folder`,
    )
  const home = dirname(data)
  // The folder has a new name each time, because an initdb whose runtime was killed may still write to the last folder.
  const unfinished = `${data}.new-${process.pid}`
  for (const name of await readdir(home))
    if (name.startsWith(`${basename(data)}.new-`)) await rm(join(home, name), { recursive: true, force: true })
  await createPrivateFolder(unfinished, account)
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const options = ['--username=vigia', ...authentication, ...locale, '--no-instructions']
  const { folder, remove } = await runnableByShell(native, account)
  await promisify(execFile)(program(folder, 'initdb'), ['-D', unfinished, ...options], {
    ...runAs(account),
    cwd: windows ? dirname(data) : '/',
    env: serverEnvironment(),
  })
    .catch((error: Error & { stderr?: string; code?: unknown }) => {
      const line = error.stderr
        ?.trim()
        .split('\n')
        .find(text => /error:|fatal:/i.test(text))
      if (error.code === 'EPERM')
        throw new Error(`this process may not start PostgreSQL as ${account?.name}: start as an ordinary user`)
      if (error.code === 'ENOENT')
        throw new Error(
          "PostgreSQL's programs need glibc, which this system lacks: set DATABASE_URL to a server elsewhere",
        )
      throw new Error(`PostgreSQL's initdb failed: ${line ?? error.message}`)
    })
    .finally(remove)
  await renameAtomic(unfinished, data)
}

/**
 * The folder from which initdb can run. initdb runs `postgres` through a shell, with the path of `postgres` in double
 * quotes. If a shell would interpret a character of the path inside the quotes, initdb runs from a temporary copy.
 */
const runnableByShell = async (native: string, account: Account | null) => {
  if (windows || !/["$`\\!]/.test(native)) return { folder: native, remove: async () => {} }
  const temporary = await mkdtemp(
    join((await barrierTo(tmpdir(), account)) === null ? tmpdir() : '/tmp', 'vigia-initdb-'),
  )
  if (account) await chown(temporary, account.uid, account.gid)
  const folder = join(temporary, 'native')
  await copyFolder(native, folder, account)
  await linkLibraries(folder)
  return { folder, remove: () => rm(temporary, { recursive: true, force: true }) }
}

const serverArguments = ({ data, settings: endpoint }: ServerPaths, settings: Record<string, string>): string[] => {
  const defaults: Record<string, string> = {
    ...endpoint,
    // See `max` in connect.ts. An unused connection slot costs a few kilobytes.
    max_connections: '200',
    shared_buffers: '64MB',
    // The default is 1 GB of write-ahead log, ten times the data of Vigia.
    max_wal_size: '128MB',
    min_wal_size: '32MB',
    checkpoint_timeout: '15min',
    wal_compression: 'on',
    // There are no replicas, so PostgreSQL can log less and run one process fewer.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    // Nearly all reads are served from memory, so worker processes cost more than they save. No query runs long enough
    // for JIT compilation to save time.
    io_method: 'sync',
    max_parallel_workers_per_gather: '0',
    jit: 'off',
    // With longer intervals, an idle server wakes up less often. Only asynchronous commits wait for the log writer.
    // Claims, which may be lost, are committed asynchronously; events never are.
    wal_writer_delay: '1s',
    autovacuum_naptime: '3min',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] ',
    ...settings,
  }
  return ['-D', data, ...Object.entries(defaults).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

const postmasterPid = async (data: string): Promise<number | null> => {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return Number.isNaN(pid) ? null : pid
}

/**
 * Whether the process is a PostgreSQL on this data folder. After a restart of the machine the pid may belong to another
 * program.
 */
const isOwnServer = async (pid: number, data: string): Promise<boolean> => {
  const command = await commandOf(pid)
  return command !== null && (windows || (/\bpostgres\b/.test(command) && command.includes(`-D ${data} `)))
}

/**
 * Removes what an earlier server left behind. A server that still runs is ended: its runtime was killed, and this
 * runtime cannot supervise a server that is not its child process. If no server runs, the old lock files must not
 * prevent the new start, even if the pid in them now belongs to a zombie or to another program.
 */
const removeLeftovers = async ({ data, settings, native }: ServerPaths): Promise<void> => {
  const file = join(data, 'postmaster.pid')
  const pid = await postmasterPid(data)
  if (pid !== null && (await isOwnServer(pid, data))) return end({ data, native }, pid)
  if (windows) return
  const folder = settings.unix_socket_directories?.slice(1, -1).replaceAll('""', '"')
  if (folder) await rm(join(folder, '.s.PGSQL.5432.lock'), { force: true })
  // The file is missing, or a power cut has damaged it. No server runs after a power cut, but PostgreSQL would refuse
  // to start with a damaged file.
  if (pid === null) return rm(file, { force: true })
  // The file gets the pid of this process. PostgreSQL regards a file with the pid of its own parent as stale. The file
  // is not deleted, because PostgreSQL needs the rest of the file to check whether processes of the dead server still
  // use the data.
  await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, String(process.pid)))
}

const end = async ({ data, native }: Pick<ServerPaths, 'data' | 'native'>, pid: number): Promise<void> => {
  if (!windows) return endProcess(pid, stopSignals)
  // Windows has no signals, so PostgreSQL's own tool stops the server.
  await promisify(execFile)(join(native, 'bin', 'pg_ctl.exe'), ['stop', '-D', data, '-m', 'fast', '-w', '-t', '5'])
}

const query = async <Row extends object>(
  url: string,
  sql: string,
  values: unknown[] = [],
  timeoutMs = 5_000,
): Promise<Row[]> => {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    application_name: 'vigia start',
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query<Row>(sql, values)).rows
  } finally {
    await client.end()
  }
}

/**
 * Whether the server answers and has the database `vigia`, which the first start creates. If not, the supervisor asks
 * again.
 */
const isReady = async ({ url }: ServerPaths): Promise<boolean> => {
  const noSuchDatabase = '3D000'
  try {
    await query(url('vigia'), 'select 1')
    return true
  } catch (error) {
    if ((error as { code?: string }).code === noSuchDatabase)
      await query(url('postgres'), 'create database vigia').catch(() => {})
    return false
  }
}

/** The SQLSTATEs after which a retry may succeed: the server is starting (57P03) or has no free connection (53300). */
const temporaryErrors = ['57P03', '53300']

const connectToExternal = async (
  url: string,
  log: (line: string) => void,
  timeoutMs: number,
): Promise<PostgresServer> => {
  const began = performance.now()
  const remainingMs = () => timeoutMs - (performance.now() - began)
  const waiting = reportWaiting('DATABASE_URL', timeoutMs, log)
  try {
    await pRetry(() => query(url, 'select 1', [], Math.max(1, remainingMs())), {
      retries: Number.POSITIVE_INFINITY,
      factor: 1,
      minTimeout: 1_000,
      // A refused connection, an unknown host or a wrong password will not change.
      shouldRetry: ({ error }) =>
        temporaryErrors.includes((error as { code?: string }).code ?? '') && remainingMs() >= 1_000,
    })
    return { ...externalServer, url }
  } catch (error) {
    const { message, code, errors } = error as Error & { code?: string; errors?: Error[] }
    const reason = message || errors?.[0]?.message || code
    throw new Error(
      `DATABASE_URL does not answer: ${remainingMs() <= 0 ? `no answer within ${timeoutMs / 1000} s` : reason}`,
    )
  } finally {
    waiting.stop()
  }
}
