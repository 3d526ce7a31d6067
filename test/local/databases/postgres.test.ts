import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { postgres } from '#database/connect.ts'
import { runAs, serverAccount } from '#local/databases/account.ts'
import { copyFolder, linkLibraries, postgresFolder, program } from '#local/databases/binaries.ts'
import { chooseDataFolder, FolderInUse, holdDataFolder } from '#local/databases/data-folder.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { commandOf } from '#local/databases/processes.ts'
import { wipeDataFolder } from '#local/databases/wipe.ts'
import {
  dataFolder,
  isLinux,
  isRoot,
  killAtEnd,
  newFolder,
  openMongo,
  openPostgres,
  startHolder,
} from '#test/local/databases/support/database-processes.ts'
import { sharedServer } from '#test/support/shared-servers.ts'
import { until } from '#test/support/until.ts'

describe('PostgreSQL', () => {
  test('keeps data from start to start, listens on a socket of its own folder only, and syncs each commit to the disk', async () => {
    const dataDir = await dataFolder()
    const first = await openPostgres(dataDir)
    await first.db.query('create table kept as select 1 as one')
    await first.db.end()
    await first.server.stop()
    expect(first.server.pid).toBeNull()

    const second = await openPostgres(dataDir)
    expect((await second.db.query('select one from kept')).rows).toEqual([{ one: 1 }])
    const setting = async (name: string) =>
      (await second.db.query<{ value: string }>('select current_setting($1) as value', [name])).rows[0]?.value
    expect(await setting('listen_addresses')).toBe('')
    expect(await setting('fsync')).toBe('on')
    expect(await setting('synchronous_commit')).toBe('on')
    expect((await stat(join(dataDir, 'postgres/run'))).mode & 0o777).toBe(0o700)
  })

  test('after a kill under load PostgreSQL restarts at the same address, and no acknowledged write is lost', async () => {
    const { server, db } = await openPostgres(await dataFolder())
    const reports: string[] = []
    server.onDown(words => reports.push(words))
    server.onUp(() => reports.push('up'))
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
      await until(() => reports.filter(line => line === 'up').length === kills, { what: `recovery ${kills}` })
    }
    const from = acknowledged.length
    await until(() => acknowledged.length > from + 50, { what: 'writes after the last recovery' })
    writing = false
    await Promise.all(writers)
    const { rows } = await db.query<{ id: number }>('select id from load')
    const stored = new Set(rows.map(({ id }) => id))
    expect(acknowledged.filter(id => !stored.has(id))).toEqual([])
    expect(reports.filter(line => line !== 'up')).toEqual(
      Array(3).fill('PostgreSQL stopped (signal SIGKILL); Vigia starts it again'),
    )
  })

  test('stops at once although clients are connected', async () => {
    const { server, db } = await openPostgres(await dataFolder())
    const busy = db.query('select pg_sleep(3600)')
    busy.catch(() => {})
    await until(async () => (await db.query(`select from pg_stat_activity where query like '%3600%'`)).rowCount > 1)
    await server.stop()
    await expect(busy).rejects.toThrow()
  })

  test('of two simultaneous starts, one start fails, and every later start fails; the error has the pid of the process that holds the folder', async () => {
    const dataDir = await dataFolder()
    const both = await Promise.all([startHolder(dataDir), startHolder(dataDir)])
    const refused = both.filter(({ refusal }) => refusal !== undefined)
    const pid = both.find(({ refusal }) => refusal === undefined)?.pid
    expect(refused).toHaveLength(1)
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      new FolderInUse(
        `Vigia (pid ${pid}) already uses the data folder ${dataDir}; stop it, or set DATA_DIR to another folder`,
      ),
    )
  })

  test('the next start ends the servers that a killed runtime left running, and keeps their data', async () => {
    const dataDir = await dataFolder()
    const killed = await startHolder(dataDir)
    const db = postgres(killed.url)
    await db.query('create table kept as select 1 as one')
    await db.end()
    await killed.kill9()
    expect(await commandOf(killed.postgres)).toContain('postgres')

    const { server, db: again } = await openPostgres(dataDir)
    const catalogue = await openMongo(dataDir)
    expect(await commandOf(killed.postgres)).toBeNull()
    expect(await commandOf(killed.mongo)).toBeNull()
    expect(server.pid).not.toBe(killed.postgres)
    expect(catalogue.pid).not.toBe(killed.mongo)
    expect((await again.query('select one from kept')).rows).toEqual([{ one: 1 }])
  })

  test('wiping the data folder ends the servers of a killed runtime and empties the folder, but fails while a process holds the folder', async () => {
    const dataDir = await dataFolder()
    const { pid, postgres: server, mongo: catalogue, kill9 } = await startHolder(dataDir)
    await expect(wipeDataFolder(dataDir)).rejects.toThrow(`Vigia (pid ${pid}) already uses`)
    await kill9()
    await wipeDataFolder(dataDir)
    expect([await commandOf(server), await commandOf(catalogue)]).toEqual([null, null])
    expect((await readdir(dataDir)).sort()).toEqual(['holder', 'lock'])
  })

  /** A data folder as a killed server leaves it. Its pid files name the process `pid`. */
  const staleFolder = async (pid: number): Promise<string> => {
    const dataDir = await dataFolder()
    const { server } = await openPostgres(dataDir)
    const file = join(dataDir, 'postgres/data/postmaster.pid')
    const socketLock = join(dataDir, 'postgres/run/.s.PGSQL.5432.lock')
    const [pidFileText, socketLockText] = await Promise.all([readFile(file, 'utf8'), readFile(socketLock, 'utf8')])
    await server.stop()
    const account = serverAccount()
    for (const [path, text] of [
      [file, pidFileText],
      [socketLock, socketLockText],
    ] as const) {
      await writeFile(path, text.replace(/^\d+/, String(pid)), { mode: 0o600 })
      if (account) await chown(path, account.uid, account.gid)
    }
    return dataDir
  }

  test('an unrelated process that reused the pid of the dead server keeps running, and the server starts', async () => {
    const unrelated = killAtEnd(spawn('sleep', ['3600'], { ...runAs(serverAccount()), stdio: 'ignore' }))
    const dataDir = await staleFolder(unrelated.pid ?? 0)
    const { db } = await openPostgres(dataDir)
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    expect(await commandOf(unrelated.pid ?? 0)).toContain('sleep')
  })

  test.runIf(isLinux)('a zombie with the pid of the dead server does not prevent the start', async () => {
    // The shell replaces itself with a program that never waits for its child process, so the child stays a zombie.
    const parent = killAtEnd(
      spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 3600'], {
        ...runAs(serverAccount()),
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    )
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const zombie = Number(line.toString())
    await until(async () => /\) Z /.test(await readFile(`/proc/${zombie}/stat`, 'utf8')), { what: 'the zombie' })
    expect(process.kill(zombie, 0)).toBe(true)
    const { db } = await openPostgres(await staleFolder(zombie))
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('a folder of another major version is refused and not touched', async () => {
    const dataDir = await dataFolder()
    const { server } = await openPostgres(dataDir)
    await server.stop()
    const file = join(dataDir, 'postgres/data/PG_VERSION')
    await writeFile(file, '17\n')
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      /^\S+data was created by PostgreSQL 17, and this version of Vigia brings PostgreSQL 18: dump it with .+$/,
    )
    expect(await readFile(file, 'utf8')).toBe('17\n')
  })

  test('a folder with other files in it is refused and not touched', async () => {
    const dataDir = await dataFolder()
    const { server } = await openPostgres(dataDir)
    await server.stop()
    const data = join(dataDir, 'postgres/data')
    await rename(join(data, 'PG_VERSION'), join(data, 'PG_VERSION.moved'))
    await expect(startPostgres({ dataDir })).rejects.toThrow(`${data} is not empty and is not a PostgreSQL data folder`)
    expect(await readdir(data)).toContain('PG_VERSION.moved')
  })

  test('an initdb that was killed half-way is repeated', async () => {
    const dataDir = await newFolder()
    const half = join(dataDir, 'postgres/data.new-1')
    await mkdir(half, { recursive: true })
    await writeFile(join(half, 'PG_VERSION'), '18\n')
    const account = serverAccount()
    if (account) await chown(join(dataDir, 'postgres'), account.uid, account.gid)
    await openPostgres(dataDir)
    expect((await readdir(join(dataDir, 'postgres'))).filter(name => name.startsWith('data'))).toEqual(['data'])
  })

  test('if the path of the data folder (with spaces and accents) is too long for a socket, the socket is in the folder for temporary files', async () => {
    const dataDir = join(await newFolder(), 'uma pasta, com "vírgula" e espaços', 'x'.repeat(80))
    const { server, db } = await openPostgres(dataDir)
    expect(new URL(server.url).searchParams.get('host')).toMatch(/vigia-[0-9a-f]{16}$/)
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('a socket folder with spaces and a comma in its path works', async () => {
    const dataDir = join(await newFolder(), 'são, 1')
    const { db } = await openPostgres(dataDir)
    expect((await db.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('the lock of a data folder also holds for a symbolic link to it', async () => {
    const dataDir = await dataFolder()
    await openPostgres(dataDir)
    const alias = `${dataDir}-alias`
    await symlink(dataDir, alias)
    const hold = holdDataFolder(alias)
    hold.release()
    expect((await startHolder(alias)).refusal).toMatch(`Vigia (pid ${process.pid}) already uses`)
  })

  test('if the data folder cannot be created, the error names DATA_DIR', async () => {
    await expect(startPostgres({ dataDir: '/dev/null/vigia' })).rejects.toThrow(
      /^cannot use the data folder \/dev\/null\/vigia: ENOTDIR.*; set DATA_DIR to a folder that can be written$/,
    )
  })

  test('if a symbolic link in the path of the data folder points to itself, the error names the folder and DATA_DIR', async () => {
    const checkout = await newFolder()
    const dataDir = join(checkout, '.vigia')
    await mkdir(checkout)
    await symlink(dataDir, dataDir)
    const refusal = new RegExp(`^cannot use the data folder ${dataDir}: ELOOP.*; set DATA_DIR to a folder`)
    const account = { name: 'postgres', uid: 101, gid: 104 }
    await expect(chooseDataFolder(checkout, account, '')).rejects.toThrow(refusal)
    expect(() => holdDataFolder(dataDir)).toThrow(refusal)
  })

  test.runIf(isRoot)('a folder that belongs to another user is refused, and the error names both users', async () => {
    const dataDir = await newFolder()
    await mkdir(join(dataDir, 'postgres'), { recursive: true })
    const name = serverAccount()?.name
    await expect(startPostgres({ dataDir })).rejects.toThrow(
      `${join(dataDir, 'postgres')} belongs to root and the server would run as ${name}`,
    )
  })

  test.runIf(isRoot)(
    'as root, a folder that the user of the servers cannot reach is refused, or another folder is chosen',
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

  test('the servers run as the current user; for root, as the user of sudo or a user of /etc/passwd', () => {
    const accounts = [
      { name: 'root', uid: 0, gid: 0 },
      { name: 'nobody', uid: 65_534, gid: 65_534 },
      { name: 'postgres', uid: 101, gid: 104 },
      { name: 'ana', uid: 1000, gid: 1000 },
    ]
    const [, nobody, pg, ana] = accounts
    expect(serverAccount(accounts, { uid: 1000 })).toBeNull()
    expect(serverAccount(accounts, { uid: 0, sudoUid: '1000' })).toBe(ana)
    expect(serverAccount(accounts, { uid: 0, sudoUid: '0' })).toBe(pg)
    expect(serverAccount(accounts, { uid: 0, sudoUid: '4711' })).toBe(pg)
    expect(serverAccount(accounts.slice(0, 2), { uid: 0, sudoUid: undefined })).toBe(nobody)
    expect(() => serverAccount(accounts.slice(0, 1), { uid: 0, sudoUid: undefined })).toThrow(
      'start Vigia as another user',
    )
  })

  test('a copy of the programs runs in its own folder with the library links that linkLibraries creates', async () => {
    const dataDir = await newFolder()
    const copy = join(dataDir, 'copy/native')
    await mkdir(join(dataDir, 'copy'), { recursive: true })
    await copyFolder(postgresFolder(), copy, serverAccount())
    await linkLibraries(copy)
    const { stdout } = await promisify(execFile)(program(copy, 'postgres'), ['--version'], runAs(serverAccount()))
    expect(stdout).toMatch(/^postgres \(PostgreSQL\) 18\./)
  })

  test('DATABASE_URL is used if the server answers; if it does not, the error is one line', async () => {
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
