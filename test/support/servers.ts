import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { chown, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { postgres } from '#database/connect.ts'
import { accounts, serverAccount } from '#local/databases/account.ts'
import { linkLibraries, postgresFolder, program } from '#local/databases/binaries.ts'
import { until } from './until.ts'

const prefix = 'vigia-test-'

const alive = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const stop = async (child: ChildProcess, signal: NodeJS.Signals) => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

/** Ends what an earlier run left behind when it was killed, servers and folders. */
const sweep = async () => {
  for (const name of (await readdir(tmpdir())).filter(entry => entry.startsWith(prefix))) {
    const folder = join(tmpdir(), name)
    if (alive(Number(name.split('-')[2]))) continue
    for (const file of ['data/postmaster.pid', 'mongo.pid']) {
      const pid = Number.parseInt(await readFile(join(folder, file), 'utf8').catch(() => ''), 10)
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      if (command.includes(folder) || command.includes('jongodb')) process.kill(pid, 'SIGINT')
    }
    await rm(folder, { recursive: true, force: true })
  }
}

const startPostgres = async (folder: string) => {
  const account = serverAccount(await accounts())
  const as = account ? { uid: account.uid, gid: account.gid } : {}
  const native = postgresFolder()
  await linkLibraries(native)
  const data = join(folder, 'data')
  const run = join(folder, 'run')
  for (const path of [data, run]) {
    await mkdir(path, { mode: 0o700 })
    if (account) await chown(path, account.uid, account.gid)
  }
  if (account) await chown(folder, account.uid, account.gid)
  const options = ['-U', 'vigia', '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions']
  await promisify(execFile)(program(native, 'initdb'), ['-D', data, ...options], { ...as, cwd: '/' })
  // Tests may lose what a power cut would take: nothing of theirs outlives the run.
  const settings = {
    listen_addresses: '',
    unix_socket_directories: run,
    max_connections: '300',
    shared_buffers: '64MB',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_wal_size: '256MB',
    autovacuum_naptime: '10min',
  }
  const log = openSync(join(folder, 'postgres.log'), 'a')
  const server = spawn(
    program(native, 'postgres'),
    ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...as, cwd: '/', detached: true, stdio: ['ignore', log, log] },
  )
  const url = `postgresql://vigia@localhost/postgres?host=${encodeURIComponent(run)}`
  const db = postgres(url, { max: 1 })
  await until(() => db.query('select 1'), { what: `PostgreSQL in ${folder}` })
  await db.end()
  return { url, stop: () => stop(server, 'SIGINT') }
}

const startMongo = async (folder: string) => {
  let binary: string
  try {
    binary = createRequire(import.meta.url).resolve('@jongodb/memory-server-bin-linux-x64-gnu/bin/jongodb')
  } catch {
    return null
  }
  const server = spawn(binary, ['--port=0'], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = (await once(server.stdout, 'data')) as [Buffer]
  const uri = /JONGODB_URI=(\S+?)\/?[^/]*\s/.exec(`${line} `)?.[1]
  server.stdout.resume()
  if (!uri) throw new Error(`the Mongo server said ${line}`)
  return { pid: server.pid, uri, stop: () => stop(server, 'SIGTERM') }
}

/** Starts the servers that all test files share, unless VIGIA_TEST_DATABASE_URL and VIGIA_TEST_MONGODB_URI name others. */
export default async function setup(): Promise<() => Promise<void>> {
  await sweep()
  const folder = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`))
  const started: { stop: () => Promise<void> }[] = []
  if (!process.env.VIGIA_TEST_DATABASE_URL) {
    const server = await startPostgres(folder)
    started.push(server)
    process.env.VIGIA_TEST_DATABASE_URL = server.url
  }
  if (!process.env.VIGIA_TEST_MONGODB_URI) {
    const server = await startMongo(folder)
    if (server) {
      started.push(server)
      process.env.VIGIA_TEST_MONGODB_URI = server.uri
    }
  }
  return async () => {
    await Promise.all(started.map(server => server.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}
