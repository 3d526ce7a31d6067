import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmod,
  chown,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { postgres } from '#database/connect.ts'
import { mongo } from '#database/mongo.ts'
import { as, serverAccount } from '#local/databases/account.ts'
import { copyFolder, linkLibraries, postgresFolder, program } from '#local/databases/binaries.ts'
import { chooseDataFolder, FolderInUse, holdDataFolder } from '#local/databases/data-folder.ts'
import { jongodb } from '#local/databases/mongo-programs.ts'
import { startMongo } from '#local/databases/mongodb.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { commandOf, endProcess } from '#local/databases/processes.ts'
import { limitLog, pauseAfter, supervise } from '#local/databases/supervisor.ts'
import { wipeDataFolder } from '#local/databases/wipe.ts'
import { temporaryDataFolder } from '#test/support/global-setup.ts'
import { sharedServer } from '#test/support/shared-servers.ts'
import { until } from '#test/support/until.ts'

const ended: (() => unknown)[] = []
afterEach(async () => {
  while (ended.length > 0) await ended.pop()?.()
})

/** Ends the process at the end of the test, if it did not by then. */
const mortal = <Child extends ChildProcess>(child: Child): Child => {
  ended.push(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const over = once(child, 'exit')
    child.kill('SIGKILL')
    await over
  })
  return child
}

/** A data folder that does not exist yet and that no process holds. */
const newFolder = async (): Promise<string> => {
  const { folder, remove } = await temporaryDataFolder()
  ended.push(remove)
  const own = join(folder, 'data')
  ended.push(() => wipeDataFolder(own))
  return own
}

let initialised: { folder: string; remove(): Promise<void> }
beforeAll(async () => {
  initialised = await temporaryDataFolder()
  const server = await startPostgres({ dataDir: initialised.folder })
  await server.stop()
})
afterAll(() => initialised.remove())

/** A data folder as the first start leaves it, in a tenth of the time. */
const dataFolder = async (): Promise<string> => {
  const folder = await newFolder()
  await mkdir(folder, { recursive: true, mode: 0o711 })
  await promisify(execFile)('cp', ['-Rp', join(initialised.folder, 'postgres'), folder])
  return folder
}

const startedPostgres = async (dataDir: string) => {
  const server = await startPostgres({ dataDir })
  ended.push(server.stop)
  const db = postgres(server.url, { max: 8 })
  ended.push(db.end)
  return { server, db }
}

const startedMongo = async (dataDir: string, options: Partial<Parameters<typeof startMongo>[0]> = {}) => {
  const server = await startMongo({ dataDir, env: { HOME: dataDir }, ...options })
  ended.push(server.stop)
  return server
}

/** A second process that runs servers on the folder, as `npm start` does. */
const holder = async (dataDir: string) => {
  const script = fileURLToPath(new URL('../../support/database-servers.process.ts', import.meta.url))
  const child = mortal(spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] }))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const told = JSON.parse(line) as { url: string; postgres: number; mongo: number; refusal?: string }
  const kill9 = async () => {
    const over = once(child, 'exit')
    child.kill('SIGKILL')
    await over
  }
  return { ...told, pid: child.pid, kill9 }
}

const root = process.getuid?.() === 0
const linux = process.platform === 'linux'

describe('PostgreSQL', () => {
  test('keeps data from start to start, listens on a socket of its own folder only, and syncs', async () => {
    const dataDir = await dataFolder()
    const first = await startedPostgres(dataDir)
    await first.db.query('create table kept as select 1 as one')
    await first.db.end()
    await first.server.stop()
    expect(first.server.pid).toBeNull()

    const second = await startedPostgres(dataDir)
    expect((await second.db.query('select one from kept')).rows).toEqual([{ one: 1 }])
    const setting = async (name: string) =>
      (await second.db.query<{ value: string }>('select current_setting($1) as value', [name])).rows[0]?.value
    expect(await setting('listen_addresses')).toBe('')
    expect(await setting('fsync')).toBe('on')
    expect(await setting('synchronous_commit')).toBe('on')
    expect((await stat(join(dataDir, 'postgres/run'))).mode & 0o777).toBe(0o700)
  })

  test('killed under load it comes back at the same address, and no acknowledged write is lost', async () => {
    const { server, db } = await startedPostgres(await dataFolder())
    const news: string[] = []
    server.onDown(words => news.push(words))
    server.onUp(() => news.push('up'))
    await db.query('create table load (id integer primary key)')
    const acknowledged: number[] = []
    let next = 0
    let writing = true
    const writer = async (n: number) => {
      while (writing) {
        const id = next++
        const write =
          n % 2 === 0
            ? db.query('insert into load values ($1)', [id])
            : db.transaction(tx => tx.query('insert into load values ($1)', [id]))
        await write.then(
          () => acknowledged.push(id),
          () => new Promise(setImmediate),
        )
      }
    }
    const writers = Array.from({ length: 8 }, (_, n) => writer(n))
    for (let kills = 1; kills <= 3; kills++) {
      const from = acknowledged.length
      await until(() => acknowledged.length > from + 300, { what: 'three hundred more writes' })
      process.kill(server.pid ?? 0, 'SIGKILL')
      await until(() => news.filter(line => line === 'up').length === kills, { what: `recovery ${kills}` })
    }
    const from = acknowledged.length
    await until(() => acknowledged.length > from + 50, { what: 'writes after the last recovery' })
    writing = false
    await Promise.all(writers)
    const { rows } = await db.query<{ id: number }>('select id from load')
    const stored = new Set(rows.map(({ id }) => id))
    expect(acknowledged.filter(id => !stored.has(id))).toEqual([])
    expect(news.filter(line => line !== 'up')).toEqual(
      Array(3).fill('PostgreSQL stopped (signal SIGKILL); starting it again'),
    )
  })

  test('stops at once although clients are connected', async () => {
    const { server, db } = await startedPostgres(await dataFolder())
    const busy = db.query('select pg_sleep(3600)')
    busy.catch(() => {})
    await until(async () => (await db.query(`select from pg_stat_activity where query like '%3600%'`)).rowCount > 1)
    await server.stop()
    await expect(busy).rejects.toThrow()
  })

  test('of two starts at one instant one is refused, and a later one too, with the pid of the process that has the folder', async () => {
    const dataDir = await dataFolder()
    const both = await Promise.all([holder(dataDir), holder(dataDir)])
    const refused = both.filter(({ refusal }) => refusal !== undefined)
    const pid = both.find(({ refusal }) => refusal === undefined)?.pid
    expect(refused).toHaveLength(1)
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      new FolderInUse(`already running (pid ${pid}): it holds the data folder ${dataDir}`),
    )
  })

  test('what a killed runtime left running is ended by the next start, which has its data', async () => {
    const dataDir = await dataFolder()
    const killed = await holder(dataDir)
    const db = postgres(killed.url)
    await db.query('create table kept as select 1 as one')
    await db.end()
    await killed.kill9()
    expect(await commandOf(killed.postgres)).toContain('postgres')

    const { server, db: again } = await startedPostgres(dataDir)
    const catalogue = await startedMongo(dataDir)
    expect(await commandOf(killed.postgres)).toBeNull()
    expect(await commandOf(killed.mongo)).toBeNull()
    expect(server.pid).not.toBe(killed.postgres)
    expect(catalogue.pid).not.toBe(killed.mongo)
    expect((await again.query('select one from kept')).rows).toEqual([{ one: 1 }])
  })

  test('wiping ends what a killed runtime left, and empties the folder; not while somebody has it', async () => {
    const dataDir = await dataFolder()
    const { pid, postgres: server, mongo: catalogue, kill9 } = await holder(dataDir)
    await expect(wipeDataFolder(dataDir)).rejects.toThrow(`already running (pid ${pid})`)
    await kill9()
    await wipeDataFolder(dataDir)
    expect([await commandOf(server), await commandOf(catalogue)]).toEqual([null, null])
    expect((await readdir(dataDir)).sort()).toEqual(['holder', 'lock'])
  })

  /** The folder as a killed server leaves it, its number replaced by that of another process. */
  const staleFolder = async (pid: number): Promise<string> => {
    const dataDir = await dataFolder()
    const { server } = await startedPostgres(dataDir)
    const file = join(dataDir, 'postgres/data/postmaster.pid')
    const socketLock = join(dataDir, 'postgres/run/.s.PGSQL.5432.lock')
    const [noted, socketNoted] = await Promise.all([readFile(file, 'utf8'), readFile(socketLock, 'utf8')])
    await server.stop()
    const account = serverAccount()
    for (const [path, text] of [
      [file, noted],
      [socketLock, socketNoted],
    ] as const) {
      await writeFile(path, text.replace(/^\d+/, String(pid)), { mode: 0o600 })
      if (account) await chown(path, account.uid, account.gid)
    }
    return dataDir
  }

  test('a stranger that has the number of the dead server by now is left alone and stops nothing', async () => {
    const stranger = mortal(spawn('sleep', ['3600'], { ...as(serverAccount()), stdio: 'ignore' }))
    const dataDir = await staleFolder(stranger.pid ?? 0)
    const { db } = await startedPostgres(dataDir)
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect(await commandOf(stranger.pid ?? 0)).toContain('sleep')
  })

  test.runIf(linux)('a zombie with the number of the dead server stops nothing', async () => {
    // The shell becomes a program that never asks for its child.
    const parent = mortal(
      spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 3600'], {
        ...as(serverAccount()),
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const zombie = Number(line.toString())
    await until(async () => /\) Z /.test(await readFile(`/proc/${zombie}/stat`, 'utf8')), { what: 'the zombie' })
    expect(process.kill(zombie, 0)).toBe(true)
    const { db } = await startedPostgres(await staleFolder(zombie))
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('a folder of another major version is refused and not touched', async () => {
    const dataDir = await dataFolder()
    const { server } = await startedPostgres(dataDir)
    await server.stop()
    const file = join(dataDir, 'postgres/data/PG_VERSION')
    await writeFile(file, '17\n')
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      /^\S+data was made by PostgreSQL 17 and this version of Vigia brings 18: dump it with .+$/,
    )
    expect(await readFile(file, 'utf8')).toBe('17\n')
  })

  test('a folder with something else in it is refused and not touched', async () => {
    const dataDir = await dataFolder()
    const { server } = await startedPostgres(dataDir)
    await server.stop()
    const data = join(dataDir, 'postgres/data')
    await rename(join(data, 'PG_VERSION'), join(data, 'PG_VERSION.moved'))
    await expect(startPostgres({ dataDir })).rejects.toThrow(`${data} is not empty and is not a PostgreSQL data folder`)
    expect(await readdir(data)).toContain('PG_VERSION.moved')
  })

  test('an initdb that was killed half-way is begun anew', async () => {
    const dataDir = await newFolder()
    const half = join(dataDir, 'postgres/data.new-1')
    await mkdir(half, { recursive: true })
    await writeFile(join(half, 'PG_VERSION'), '18\n')
    const account = serverAccount()
    if (account) await chown(join(dataDir, 'postgres'), account.uid, account.gid)
    await startedPostgres(dataDir)
    expect((await readdir(join(dataDir, 'postgres'))).filter(name => name.startsWith('data'))).toEqual(['data'])
  })

  test('a path too long for a socket, with spaces and accents, gets one among the temporary files', async () => {
    const dataDir = join(await newFolder(), 'uma pasta, com "vírgula" e espaços', 'x'.repeat(80))
    const { server, db } = await startedPostgres(dataDir)
    expect(new URL(server.url).searchParams.get('host')).toMatch(/vigia-[0-9a-f]{16}$/)
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('a socket folder with spaces and a comma in its path works', async () => {
    const dataDir = join(await newFolder(), 'são, 1')
    const { db } = await startedPostgres(dataDir)
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('a folder reached by two names is one folder', async () => {
    const dataDir = await dataFolder()
    await startedPostgres(dataDir)
    const alias = `${dataDir}-alias`
    await symlink(dataDir, alias)
    const hold = holdDataFolder(alias)
    hold.release()
    expect((await holder(alias)).refusal).toMatch(`already running (pid ${process.pid})`)
  })

  test('a folder that cannot be made is told with the way out', async () => {
    await expect(startPostgres({ dataDir: '/dev/null/vigia' })).rejects.toThrow(
      /^cannot use the data folder \/dev\/null\/vigia: ENOTDIR.*; set DATA_DIR to a folder that can be written$/,
    )
  })

  test.runIf(root)("another user's folder is refused with both names", async () => {
    const dataDir = await newFolder()
    await mkdir(join(dataDir, 'postgres'), { recursive: true })
    const name = serverAccount()?.name
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      `${join(dataDir, 'postgres')} belongs to root and the server would run as ${name}`,
    )
  })

  test.runIf(root)(
    'as root, a folder that the user of the servers cannot reach is refused, or another is chosen',
    async () => {
      const dataDir = await newFolder()
      const closed = join(dataDir, 'closed')
      await mkdir(dataDir)
      await mkdir(closed, { mode: 0o700 })
      const account = serverAccount()
      await expect(startPostgres({ dataDir: join(closed, 'vigia') })).rejects.toThrow(
        `PostgreSQL runs as ${account?.name}, who cannot enter ${closed}:`,
      )
      expect(await chooseDataFolder(closed, account, undefined)).toBe('/var/lib/vigia')
      await expect(chooseDataFolder('/', account, join(closed, 'x'))).rejects.toThrow(`who cannot enter ${closed}`)
    },
  )

  test('who is to run the servers: oneself, or for root whom sudo, then /etc/passwd names', () => {
    const everybody = [
      { name: 'root', uid: 0, gid: 0 },
      { name: 'nobody', uid: 65_534, gid: 65_534 },
      { name: 'postgres', uid: 101, gid: 104 },
      { name: 'ana', uid: 1000, gid: 1000 },
    ]
    const [, nobody, pg, ana] = everybody
    expect(serverAccount(everybody, { uid: 1000 })).toBeNull()
    expect(serverAccount(everybody, { uid: 0, sudoUid: '1000' })).toBe(ana)
    expect(serverAccount(everybody, { uid: 0, sudoUid: '0' })).toBe(pg)
    expect(serverAccount(everybody, { uid: 0, sudoUid: '4711' })).toBe(pg)
    expect(serverAccount(everybody.slice(0, 2), { uid: 0, sudoUid: undefined })).toBe(nobody)
    expect(() => serverAccount(everybody.slice(0, 1), { uid: 0, sudoUid: undefined })).toThrow('start as another user')
  })

  test('a copy of the programs runs from where it is, its library links made by us', async () => {
    const dataDir = await newFolder()
    const copy = join(dataDir, 'copy/native')
    await mkdir(join(dataDir, 'copy'), { recursive: true })
    await copyFolder(postgresFolder(), copy, serverAccount())
    await linkLibraries(copy)
    const { stdout } = await promisify(execFile)(program(copy, 'postgres'), ['--version'], as(serverAccount()))
    expect(stdout).toMatch(/^postgres \(PostgreSQL\) 18\./)
  })

  test('DATABASE_URL is used when it answers, and told in one line when it does not', async () => {
    const url = await sharedServer('postgres')
    const server = await startPostgres({ dataDir: '/nowhere', databaseUrl: url })
    expect({ url: server.url, pid: server.pid }).toEqual({ url, pid: null })
    await server.stop()
    const dead = 'postgresql://ana:secret@127.0.0.1:1/vigia'
    const refusal = await startPostgres({ dataDir: '/nowhere', databaseUrl: dead }).catch(
      (error: Error) => error.message,
    )
    expect(refusal).toBe('DATABASE_URL does not answer: connect ECONNREFUSED 127.0.0.1:1')
    await expect(startPostgres({ dataDir: '/nowhere', databaseUrl: 'not a url' })).rejects.toThrow(
      /^DATABASE_URL does not/,
    )
  })
})

describe('a server that does not stay up', () => {
  const script = (dataDir: string, words: string) => ({
    name: 'The server',
    logFile: join(dataDir, 'server.log'),
    start: (log: number) =>
      spawn(process.execPath, ['-e', words], { stdio: ['ignore', log, log], env: { PATH: process.env.PATH } }),
    answers: async () => false,
    startWithinMs: 20_000,
    end: async () => {},
  })

  test('is told with what it said last when it cannot even start', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    const server = script(dataDir, `console.error('FATAL:  no room'); console.error('HINT: none'); process.exit(3)`)
    await expect(supervise(server)).rejects.toThrow(
      `The server ended while it started (exit code 3): no room; its log is ${dataDir}/server.log`,
    )
  })

  test('is given up with its reason when it keeps ending after it was up', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    let starts = 0
    const failing = script(dataDir, `console.error('FATAL:  disk full'); process.exit(1)`)
    const server = {
      ...failing,
      start: (log: number) => (++starts === 1 ? spawn('sleep', ['3600'], { stdio: 'ignore' }) : failing.start(log)),
      answers: async () => starts === 1,
    }
    const running = await supervise(server, n => (n >= 4 ? null : 1))
    const told = new Promise<string>(resolve => running.onGivenUp(resolve))
    process.kill(running.pid ?? 0, 'SIGKILL')
    expect(await told).toMatch(/^The server ended while it started \(exit code 1\): disk full; its log is /)
    await running.stop()
  })

  test('is ended when the stop comes while it is being started again', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    const pids: number[] = []
    const again = Promise.withResolvers<void>()
    const prepared = Promise.withResolvers<void>()
    const server = {
      ...script(dataDir, ''),
      prepare: async () => {
        if (pids.length === 0) return
        again.resolve()
        await prepared.promise
      },
      start: () => {
        const child = spawn('sleep', ['3600'], { stdio: 'ignore' })
        pids.push(child.pid!)
        return child
      },
      answers: async () => true,
      end: (pid: number) => endProcess(pid, [{ signal: 'SIGKILL', patienceMs: 5_000 }]),
    }
    const running = await supervise(server, () => 1)
    process.kill(pids[0]!, 'SIGTERM')
    await again.promise
    const stopped = running.stop()
    prepared.resolve()
    await stopped
    expect(await commandOf(pids[1]!)).toBeNull()
  })

  test('has a log that is cut off while it runs, with its predecessor beside it', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    const file = join(dataDir, 'server.log')
    const log = await open(file, 'a')
    await log.write('x'.repeat(1000))
    await limitLog(file, 1000)
    expect(await readdir(dataDir)).toEqual(['server.log'])
    await log.write('y')
    await limitLog(file, 1000)
    await log.write('z')
    await log.close()
    expect(await readFile(`${file}.1`, 'utf8')).toHaveLength(1001)
    expect(await readFile(file, 'utf8')).toBe('z')
    await limitLog(join(dataDir, 'gone.log'))
  })

  test('comes back once what stopped it is mended, although it was given up', async () => {
    const dataDir = await newFolder()
    await mkdir(dataDir)
    let starts = 0
    let mended = false
    const failing = script(dataDir, `console.error('FATAL:  disk full'); process.exit(1)`)
    const server = {
      ...failing,
      start: (log: number) =>
        ++starts === 1 || mended ? spawn('sleep', ['3600'], { stdio: 'ignore' }) : failing.start(log),
      answers: async () => starts === 1 || mended,
      end: async (pid: number) => void process.kill(pid, 'SIGKILL'),
    }
    const running = await supervise(server, n => (n >= 4 ? null : 1), 1)
    const told: string[] = []
    const isBack = new Promise<void>(resolve => running.onUp(resolve))
    running.onGivenUp(words => {
      told.push(words)
      setImmediate(() => {
        mended = true
      })
    })
    process.kill(running.pid ?? 0, 'SIGKILL')
    await isBack
    expect(told).toHaveLength(1)
    await running.stop()
  })

  test('is tried again after pauses that grow, longer when it has been up before', () => {
    expect([1, 2, 3, 4, 5].map(n => pauseAfter(n, true))).toEqual([100, 200, 400, 800, null])
    expect([1, 2, 3, 4, 5, 6, 7, 8].map(n => pauseAfter(n, false))).toEqual([
      100,
      200,
      400,
      800,
      1_600,
      3_200,
      5_000,
      null,
    ])
  })
})

describe('the ladder to a Mongo server', () => {
  const memory = jongodb()

  test.runIf(memory)(
    'without a mongod it is the memory server, which says so and comes back at the same address',
    async () => {
      const server = await startedMongo(await newFolder())
      expect(server).toMatchObject({
        step: 'jongodb',
        kept: false,
        words: expect.stringContaining('--download-mongod'),
      })
      const client = mongo(server.uri)
      ended.push(client.end)
      const shows = await client.collection<{ _id: number }>('show')
      await shows.insertOne({ _id: 1 })
      const up = new Promise<void>(resolve => server.onUp(resolve))
      process.kill(server.pid ?? 0, 'SIGKILL')
      await up
      expect(await shows.countDocuments()).toBe(0)
    },
  )

  /** Takes mongod's arguments, notes them, and is the memory server: there is no mongod to be had where the tests run. */
  const standIn = `#!/bin/sh
for argument in "$@"; do case "$argument" in --port=*) port=$argument;; --dbpath=*) data=\${argument#--dbpath=};; esac; done
echo "$@" >"$data/arguments"
exec ${memory} "$port" --database=vigia
`

  const executable = async (path: string, text: string): Promise<void> => {
    await writeFile(path, text)
    await chmod(path, 0o755)
  }

  test.runIf(memory)(
    'a mongod on PATH is used on a kept folder and loopback, on the port of the last time',
    async () => {
      const dataDir = await newFolder()
      const bin = `${dataDir}-bin`
      await mkdir(bin)
      await executable(join(bin, 'mongod'), standIn)
      const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
      const first = await startedMongo(dataDir, { env })
      expect(first).toMatchObject({ step: 'mongod', kept: true, words: expect.stringContaining(join(bin, 'mongod')) })
      const data = join(dataDir, 'mongodb/data')
      expect(await readFile(join(data, 'arguments'), 'utf8')).toMatch(
        new RegExp(`^--port=\\d+ --dbpath=${data} --bind_ip=127.0.0.1 `),
      )
      await first.stop()
      const second = await startedMongo(dataDir, { env })
      expect(second.uri).toBe(first.uri)
    },
  )

  test.runIf(memory && root)('as root, a mongod that the user of the servers cannot reach is copied', async () => {
    const dataDir = await newFolder()
    const bin = `${dataDir}-bin`
    await mkdir(bin, { mode: 0o700 })
    await executable(join(bin, 'mongod'), standIn)
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
    const server = await startedMongo(dataDir, { env })
    expect(server.step).toBe('mongod')
    expect(await readdir(join(dataDir, 'binaries'))).toEqual(['mongod'])
  })

  test.runIf(memory)('a mongod that does not run is told and passed over', async () => {
    const dataDir = await newFolder()
    const bin = `${dataDir}-bin`
    await mkdir(bin)
    await executable(join(bin, 'mongod'), '#!/bin/sh\necho "error: libcrypto.so.3 is missing" >&2\nexit 127\n')
    const lines: string[] = []
    const env = { PATH: `${bin}:${process.env.PATH}`, HOME: dataDir }
    const server = await startedMongo(dataDir, { env, log: line => lines.push(line) })
    expect(server.step).toBe('jongodb')
    expect(lines).toEqual([expect.stringMatching(/^MongoDB ended while it started \(exit code 127\): .*libcrypto/)])
  })

  /** What fastdl.mongodb.org is to the download: one archive for every name, and its checksum. */
  const mirror = async (archive: Buffer, md5 = createHash('md5').update(archive).digest('hex')) => {
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      const body = request.url?.endsWith('.md5') ? Buffer.from(`${md5}  archive.tgz\n`) : archive
      response.writeHead(200, { 'content-length': body.length }).end(body)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ended.push(() => server.close())
    const { port } = server.address() as { port: number }
    return { asked, env: { MONGOMS_DOWNLOAD_MIRROR: `http://127.0.0.1:${port}`, MONGOMS_USE_HTTP: 'true' } }
  }

  const archiveOf = async (folder: string): Promise<Buffer> => {
    await mkdir(join(folder, 'mongodb/bin'), { recursive: true })
    await executable(join(folder, 'mongodb/bin/mongod'), standIn)
    await promisify(execFile)('tar', ['-czf', join(folder, 'archive.tgz'), '-C', folder, 'mongodb'])
    return readFile(join(folder, 'archive.tgz'))
  }

  test.runIf(memory)('--download-mongod fetches one with its progress, and later starts find it', async () => {
    const dataDir = await newFolder()
    const { asked, env } = await mirror(await archiveOf(`${dataDir}-archive`))
    const lines: string[] = []
    const options = { env: { ...env, PATH: process.env.PATH, HOME: dataDir }, log: (line: string) => lines.push(line) }
    const first = await startedMongo(dataDir, { ...options, download: true })
    expect(first).toMatchObject({
      step: 'mongod',
      kept: true,
      words: expect.stringContaining(join(dataDir, 'binaries')),
    })
    expect(lines.join('\n')).toMatch(/Downloading MongoDB .*100%/)
    expect(asked.map(path => basename(path))).toEqual([
      expect.stringMatching(/\.tgz$/),
      expect.stringMatching(/\.md5$/),
    ])
    await first.stop()
    const second = await startedMongo(dataDir, options)
    expect(second.step).toBe('mongod')
    expect(asked).toHaveLength(2)
    await second.stop()

    // Cut short by a power cut: the next download does not take it for a program.
    const [name] = await readdir(join(dataDir, 'binaries'))
    await truncate(join(dataDir, 'binaries', name!), 40)
    expect((await startedMongo(dataDir, { ...options, download: true })).step).toBe('mongod')
    expect(asked).toHaveLength(4)
  })

  test.runIf(memory)('a download that is not what its checksum says is told and not run', async () => {
    const dataDir = await newFolder()
    const { env } = await mirror(await archiveOf(`${dataDir}-archive`), '0'.repeat(32))
    const lines: string[] = []
    const log = (line: string) => lines.push(line)
    const server = await startedMongo(dataDir, {
      env: { ...env, PATH: process.env.PATH, HOME: dataDir },
      download: true,
      log,
    })
    expect(server.step).toBe('jongodb')
    expect(lines.at(-1)).toMatch(/^mongod could not be downloaded: .*MD5/i)
  })

  test('MONGODB_URI is used when it answers, and told in one line without its password when it does not', async () => {
    const uri = await sharedServer('mongodb')
    expect(await startedMongo('/nowhere', { env: { MONGODB_URI: uri } })).toMatchObject({
      step: 'given',
      uri,
      kept: true,
    })
    const refusal = (dead: string) =>
      startMongo({ dataDir: '/nowhere', env: { MONGODB_URI: dead } }).catch((error: Error) => error.message)
    expect(await refusal('mongodb://ana:secret@127.0.0.1:1/vigia')).toBe(
      'MONGODB_URI does not answer: connect ECONNREFUSED 127.0.0.1:1',
    )
    expect(await refusal('postgresql://ana:secret@x')).toMatch(/^MONGODB_URI does not answer: Invalid scheme[^\n]*$/)
  })
})
