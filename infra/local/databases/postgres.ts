import { execFile, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { chown, lstat, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { renameAtomic, writeFileAtomic } from '#infra/files/atomic-write.ts'
import { freePort } from '#infra/net/free-port.ts'
import { type Account, as, serverAccount, serverEnvironment } from './account.ts'
import { copyFolder, isCopyOf, linkLibraries, packageVersion, postgresFolder, program } from './binaries.ts'
import { barrierTo, holdDataFolder, own, refuseForeignFolder } from './data-folder.ts'
import { commandOf, endProcess } from './processes.ts'
import { describe, notOurs, type Supervised, supervise } from './supervisor.ts'
import { patienceForGivenMs, sayWaiting } from './waiting.ts'

/** The PostgreSQL that everything uses: our own, or the one DATABASE_URL names (then `pid` is null and `stop` does nothing). */
export interface PostgresServer extends Supervised {
  /** Stays the same over restarts of the server. */
  url: string
}

export interface PostgresStart {
  dataDir: string
  /** Gets a line for each thing a person might wait for or want to know. */
  log?: (line: string) => void
  /** DATABASE_URL: somebody else's server, which only has to answer. */
  databaseUrl?: string | undefined
  /** Server settings besides ours. */
  settings?: Record<string, string>
  /** How long the server of `databaseUrl` may take to answer; a minute. */
  givenPatienceMs?: number
}

/** Starts PostgreSQL on its part of the data folder, or asks the server of `databaseUrl` for an answer. Errors are one line for a person. */
export const startPostgres = async ({
  dataDir,
  log = () => {},
  databaseUrl,
  settings = {},
  givenPatienceMs = patienceForGivenMs,
}: PostgresStart): Promise<PostgresServer> => {
  if (databaseUrl) return given(databaseUrl, log, givenPatienceMs)
  const hold = holdDataFolder(dataDir)
  try {
    const place = await settle(await realpath(dataDir), log)
    if ((await majorIn(place, log)) === null) {
      log('preparing a new PostgreSQL data folder')
      await initialise(place)
    }
    await refuseOtherMajor(place, log)
    const supervised = await supervise({
      name: 'PostgreSQL',
      logFile: join(place.home, 'postgres.log'),
      startWithinMs: 120_000,
      prepare: () => clearTheWay(place),
      start: output =>
        spawn(program(place.native, 'postgres'), serverArguments(place, settings), {
          ...as(place.account),
          cwd: windows ? place.home : '/',
          env: serverEnvironment(),
          detached: true,
          stdio: ['ignore', output, output],
        }),
      answers: () => ready(place),
      end: pid => end(place, pid),
    })
    return describe(supervised, { url: place.url('vigia') }, () => {
      if (place.temporary) rmSync(place.temporary, { recursive: true, force: true })
      hold.release()
    })
  } catch (error) {
    hold.release()
    throw error
  }
}

/** The URL of the server that another process of ours runs on this data folder. */
export const runningPostgres = async (dataDir: string): Promise<string> =>
  (await settle(await realpath(dataDir), () => {})).url('vigia')

/** Ends a server that a killed runtime left behind on this data folder. The caller holds the folder, so no living runtime wants it. */
export const endPostgresOrphan = async (dataDir: string): Promise<void> => {
  const data = join(await realpath(dataDir), 'postgres/data')
  const pid = await postmasterPid(data)
  if (pid !== null && (await isOurs(pid, data))) await endProcess(pid, endings)
}

const windows = process.platform === 'win32'

/**
 * SIGINT disconnects everybody and writes a checkpoint; SIGQUIT leaves that to the recovery of the next start and loses nothing
 * either, so it is not worth waiting for long. Never SIGTERM: it waits until every client has gone by itself.
 */
const endings = [
  { signal: 'SIGINT', patienceMs: 3_000 },
  { signal: 'SIGQUIT', patienceMs: 1_000 },
  { signal: 'SIGKILL', patienceMs: 5_000 },
] as const

/** Everything about one server that does not change while it runs. */
interface Place {
  /** DATA_DIR/postgres, 0700, with the data, the log and perhaps the binaries. */
  home: string
  data: string
  /** Folder with bin, lib and share. */
  native: string
  account: Account | null
  /** The socket's folder, where it had to be among the temporary files. */
  temporary?: string
  /** Where clients find it. */
  settings: Record<string, string>
  url(database: string): string
  /** How initdb lets clients in. */
  authentication: string[]
}

const settle = async (dataDir: string, log: (line: string) => void): Promise<Place> => {
  const account = windows ? null : serverAccount()
  const home = join(dataDir, 'postgres')
  const barrier = await barrierTo(dataDir, account)
  if (barrier !== null)
    throw new Error(
      `PostgreSQL runs as ${account?.name}, who cannot enter ${barrier}: set DATA_DIR to a folder that every user can reach, or do not start as root`,
    )
  await refuseForeignFolder(home, account)
  await own(home, account)
  const native = await reachable(home, account, log)
  const place = { home, data: join(home, 'data'), native, account }
  if (windows) return { ...place, ...(await loopback(home)) }
  const run = join(home, 'run')
  const folder = await socketFolder(run, account)
  return { ...place, ...unixSocket(folder), ...(folder === run ? {} : { temporary: folder }) }
}

/** The binaries as the package has them, or a copy of them where the server's user cannot get at them or the links cannot be made. */
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
    log(`copying PostgreSQL's programs to ${copy}, where they can be used`)
    await own(dirname(copy), account)
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

/** The longest path a socket may have, its name and the end of the string included. */
const socketPathBytes = process.platform === 'darwin' ? 104 : 108

/** A folder of ours alone for the socket: `wanted`, or where that makes too long a path one among the temporary files. */
const socketFolder = async (wanted: string, account: Account | null): Promise<string> => {
  if (Buffer.byteLength(`${wanted}/.s.PGSQL.5432`) < socketPathBytes) {
    await own(wanted, account)
    return wanted
  }
  const temporary = (await barrierTo(tmpdir(), account)) === null ? tmpdir() : '/tmp'
  const folder = join(temporary, `vigia-${createHash('sha256').update(wanted).digest('hex').slice(0, 16)}`)
  await own(folder, account)
  const found = await lstat(folder)
  if (!found.isDirectory() || (found.mode & 0o077) !== 0 || found.uid !== (account?.uid ?? process.getuid?.()))
    throw new Error(
      `${folder} belongs to another user or can be read by others: remove it, or set DATA_DIR to a shorter path`,
    )
  return folder
}

/** Windows: a port on loopback and a password, both kept in the folder. */
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

/** The major version that the data is of; null where there is no data. */
const majorIn = async ({ data, account }: Pick<Place, 'data' | 'account'>, log: (line: string) => void) => {
  const version = await textOf(join(data, 'PG_VERSION'))
  if (version === null || isMajor(version)) return version?.trim() ?? null
  // Every database has a copy of the same text.
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

/** The text of a file; null where there is none. */
const textOf = (file: string): Promise<string | null> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    return null
  })

const refuseOtherMajor = async (place: Place, log: (line: string) => void): Promise<void> => {
  const made = await majorIn(place, log)
  const [ours] = (await packageVersion(place.native)).split('.')
  if (made !== ours)
    throw new Error(
      `${place.data} was made by PostgreSQL ${made} and this version of Vigia brings ${ours}: dump it with PostgreSQL ${made} (pg_dumpall) or set DATA_DIR to a new folder`,
    )
}

/** A killed initdb leaves a folder that looks finished and is not, so it works beside and the name is given at the end. */
const initialise = async ({ data, native, account, authentication }: Place): Promise<void> => {
  if ((await readdir(data).catch(() => [])).length > 0)
    throw new Error(
      `${data} is not empty and is not a PostgreSQL data folder: move it away, or set DATA_DIR to another folder`,
    )
  const home = dirname(data)
  // Not the name of the last time: an initdb whose runtime was killed may still be writing there.
  const half = `${data}.new-${process.pid}`
  for (const name of await readdir(home))
    if (name.startsWith(`${basename(data)}.new-`)) await rm(join(home, name), { recursive: true, force: true })
  await own(half, account)
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const options = ['--username=vigia', ...authentication, ...locale, '--no-instructions']
  const { folder, remove } = await runnableByShell(native, account)
  await promisify(execFile)(program(folder, 'initdb'), ['-D', half, ...options], {
    ...as(account),
    cwd: windows ? dirname(data) : '/',
    env: serverEnvironment(),
  })
    .catch((error: Error & { stderr?: string; code?: unknown }) => {
      const words = error.stderr
        ?.trim()
        .split('\n')
        .find(line => /error:|fatal:/i.test(line))
      if (error.code === 'EPERM')
        throw new Error(`this process may not start PostgreSQL as ${account?.name}: start as an ordinary user`)
      if (error.code === 'ENOENT')
        throw new Error(
          "PostgreSQL's programs need glibc, which this system lacks: set DATABASE_URL to a server elsewhere",
        )
      throw new Error(`PostgreSQL's initdb failed: ${words ?? error.message}`)
    })
    .finally(remove)
  await renameAtomic(half, data)
}

/**
 * initdb runs `postgres` through a shell, with its path between double quotes. Where the path has a character that a shell
 * reads there, initdb runs from a copy among the temporary files.
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

const serverArguments = ({ data, settings: endpoint }: Place, settings: Record<string, string>): string[] => {
  const ours: Record<string, string> = {
    ...endpoint,
    // See `max` of connect.ts; one that is not used costs a few kilobytes.
    max_connections: '200',
    shared_buffers: '64MB',
    // 1 GB of log is the default, ten times our data.
    max_wal_size: '128MB',
    min_wal_size: '32MB',
    checkpoint_timeout: '15min',
    wal_compression: 'on',
    // One server, nobody copies from it: less in the log, and one process fewer.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_logical_replication_workers: '0',
    // Reads are in memory nearly always: worker processes for them only cost. Nor is any query long enough for a compiler.
    io_method: 'sync',
    max_parallel_workers_per_gather: '0',
    jit: 'off',
    // Wakeups of a server with little to do. Only what may get lost waits for the writer of the log: claims, never events.
    wal_writer_delay: '1s',
    autovacuum_naptime: '3min',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    log_line_prefix: '%m [%p] ',
    ...settings,
  }
  return ['-D', data, ...Object.entries(ours).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

const postmasterPid = async (data: string): Promise<number | null> => {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return Number.isNaN(pid) ? null : pid
}

/** Whether the process is a PostgreSQL on this data folder: numbers of processes are given out again after a restart of the machine. */
const isOurs = async (pid: number, data: string): Promise<boolean> => {
  const command = await commandOf(pid)
  return command !== null && (windows || (/\bpostgres\b/.test(command) && command.includes(`-D ${data} `)))
}

/**
 * What an earlier server left. A living one is ended: it belonged to a runtime that was killed, and as our own child it tells us
 * when it dies. Else its files must not stop the new one although their process is a zombie or a stranger by now.
 */
const clearTheWay = async ({ data, settings, native }: Place): Promise<void> => {
  const file = join(data, 'postmaster.pid')
  const pid = await postmasterPid(data)
  if (pid !== null && (await isOurs(pid, data))) return end({ data, native }, pid)
  if (windows) return
  const folder = settings.unix_socket_directories?.slice(1, -1).replaceAll('""', '"')
  if (folder) await rm(join(folder, '.s.PGSQL.5432.lock'), { force: true })
  // Damaged by a power cut, which no server outlives; PostgreSQL refuses to start beside it.
  if (pid === null) return rm(file, { force: true })
  // Our own number is the parent's to the new server, which takes the file for stale then. Deleting it would also delete the
  // note by which PostgreSQL sees that processes of the dead server are still at work on the data.
  await writeFile(file, (await readFile(file, 'utf8')).replace(/^\d+/, String(process.pid)))
}

const end = async ({ data, native }: Pick<Place, 'data' | 'native'>, pid: number): Promise<void> => {
  if (!windows) return endProcess(pid, endings)
  // Windows has no signals: PostgreSQL's own tool speaks to the server in another way.
  await promisify(execFile)(join(native, 'bin', 'pg_ctl.exe'), ['stop', '-D', data, '-m', 'fast', '-w', '-t', '5'])
}

const ask = async <Row extends object>(
  url: string,
  sql: string,
  values: unknown[] = [],
  patienceMs = 5_000,
): Promise<Row[]> => {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: patienceMs,
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

/** Whether it answers, with our database in it: the first start makes that. What fails is tried again with the next question. */
const ready = async ({ url }: Place): Promise<boolean> => {
  const noSuchDatabase = '3D000'
  try {
    await ask(url('vigia'), 'select 1')
    return true
  } catch (error) {
    if ((error as { code?: string }).code === noSuchDatabase)
      await ask(url('postgres'), 'create database vigia').catch(() => {})
    return false
  }
}

/** PostgreSQL's codes for "not now": it starts up, or has no connection free. */
const notNow = ['57P03', '53300']

const given = async (url: string, log: (line: string) => void, patienceMs: number): Promise<PostgresServer> => {
  const began = performance.now()
  const left = () => patienceMs - (performance.now() - began)
  const waiting = sayWaiting('DATABASE_URL', patienceMs, log)
  try {
    for (;;)
      try {
        // A timer may fire up to a millisecond early; it must not fire before the deadline that `left` measures.
        await ask(url, 'select 1', [], Math.max(1, Math.ceil(left()) + 1))
        return { ...notOurs, url }
      } catch (error) {
        const { message, code, errors } = error as Error & { code?: string; errors?: Error[] }
        const why = message || errors?.[0]?.message || code
        // Refused, unknown, wrong password: waiting does not help. What "timeout expired" means is said in full.
        if (code === undefined || !notNow.includes(code) || left() < 1_000)
          throw new Error(
            `DATABASE_URL does not answer: ${left() <= 0 ? `no answer within ${patienceMs / 1000} s` : why}`,
          )
        await pause(1_000)
      }
  } finally {
    waiting.stop()
  }
}
