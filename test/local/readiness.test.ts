import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startProcess } from '#local/activator/function-process.ts'
import { mongoAnswers } from '#local/databases/ask-mongo.ts'
import { commandOf } from '#local/databases/processes.ts'
import { databaseFault, dataFolderFault, readinessOf } from '#local/readiness.ts'
import { startBrokerServer } from '../support/broker-server.ts'
import { emptyDatabase, freshMongo, type TestDatabase } from '../support/database.ts'
import { canMount, disk, remount } from '../support/disks.ts'
import { startVigia, temporaryFolder, type Vigia } from '../support/npm-start.ts'
import { sharedServer } from '../support/shared-servers.ts'
import { until } from '../support/until.ts'

let folder: string
beforeAll(() => {
  folder = temporaryFolder()
  return () => rmSync(folder, { recursive: true, force: true })
})

describe.runIf(canMount)('the data folder on a disk', () => {
  test('with free space has no fault, and the check leaves no file', async () => {
    const at = disk('size=64m')
    expect(await dataFolderFault(at)).toBeNull()
    expect(readdirSync(at)).toEqual([])
  })

  test('that is nearly full is reported with the free space, until there is enough space again', async () => {
    const at = disk('size=64m')
    writeFileSync(join(at, 'filled'), Buffer.alloc(40 * 1024 * 1024))
    expect(await dataFolderFault(at)).toBe(`the disk of ${at} is full: 24 MiB free, 32 needed`)
    rmSync(join(at, 'filled'))
    expect(await dataFolderFault(at)).toBeNull()
  })

  test('without free inodes is reported as full', async () => {
    const at = disk('size=64m,nr_inodes=50')
    expect(await dataFolderFault(at)).toMatch(/is full: room for \d+ more files$/)
  })

  test('that is read-only is reported', async () => {
    const at = disk('size=64m')
    remount(at, 'ro')
    expect(await dataFolderFault(at)).toBe(`the disk of ${at} is read-only (EROFS)`)
  })
})

test('a data folder that does not exist is reported', async () => {
  expect(await dataFolderFault(join(folder, 'gone'))).toContain('cannot be written (ENOENT)')
})

/** A server that accepts connections and never answers. */
const silent = async () => {
  const server = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  return { port: (server.address() as { port: number }).port, end: () => server.close() }
}

describe('PostgreSQL', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await emptyDatabase()
    await (await startBrokerServer(database.url, [])).stop()
  })
  afterAll(() => database.end())

  test('that accepts writes has no fault', async () => {
    expect(await databaseFault(database.url)).toBeNull()
  })

  test('that is read-only is reported until it can be written again', async () => {
    const name = new URL(database.url).pathname.slice(1)
    await database.db.query(`alter database ${name} set default_transaction_read_only = on`)
    expect(await databaseFault(database.url)).toContain('PostgreSQL is read-only')
    await database.db.query(`alter database ${name} reset default_transaction_read_only`)
    expect(await databaseFault(database.url)).toBeNull()
  })

  test('that is unreachable or has no tables of the broker is reported, without the password', async () => {
    expect(await databaseFault('postgresql://vigia:geheim@127.0.0.1:1/vigia')).toMatch(
      /^PostgreSQL accepts no writes: (?!.*geheim)/,
    )
    const other = await emptyDatabase()
    expect(await databaseFault(other.url)).toContain('broker.readiness')
    await other.end()
  })

  test('whose disk is full refuses commits, and the broker reports the full disk until a commit succeeds', async () => {
    const own = await emptyDatabase()
    const server = await startBrokerServer(own.url, [])
    await own.db.query(
      `create function full_disk() returns trigger language plpgsql as $$
       begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
    )
    await own.db.query('create trigger full_disk before insert on broker.event execute function full_disk()')
    expect(await server.post('1', 'test')).toBe(503)
    const readiness = readinessOf({
      dataDir: folder,
      databaseUrl: own.url,
      mongodbUri: await sharedServer('mongodb'),
      knownFaults: () => {
        const { storeError } = server.broker.stats()
        return storeError ? [`${storeError.code}`] : []
      },
    })
    expect(await readiness.check()).toContain('53100')
    await own.db.query('drop trigger full_disk on broker.event')
    await until(async () => (await server.post('2', 'test')) === 202)
    expect(await readiness.check()).not.toContain('53100')
    await server.stop()
    await own.end()
  })
})

describe('MongoDB', () => {
  const checkWith = (mongodbUri: string) =>
    readinessOf({
      dataDir: folder,
      databaseUrl: 'postgresql://127.0.0.1:1/x',
      mongodbUri,
      knownFaults: () => ['PostgreSQL'],
    }).check()

  test('that answers has no fault', async () => {
    const { uri, end } = await freshMongo()
    expect(await checkWith(uri)).not.toContain('MongoDB does not answer')
    await end()
  })

  test('that is unreachable or does not answer is reported', async () => {
    expect(await checkWith('mongodb://127.0.0.1:1/vigia')).toContain('MongoDB does not answer')
    expect(await checkWith('mongodb://user:geheim@127.0.0.1:1,[::1]:1/vigia?ssl=false')).toContain(
      'MongoDB does not answer',
    )
    expect(await checkWith('mongodb://127.0.0.1:1/vigia?tls=true')).toContain('MongoDB does not answer')
    const { port, end } = await silent()
    expect(await mongoAnswers(port, 50)).toBe(false)
    end()
  })
})

describe('/readyz', () => {
  let database: TestDatabase
  let mongo: Awaited<ReturnType<typeof freshMongo>>
  let vigia: Vigia
  beforeAll(async () => {
    database = await emptyDatabase()
    mongo = await freshMongo()
    vigia = await startVigia({ env: { DATABASE_URL: database.url, MONGODB_URI: mongo.uri } })
  })
  afterAll(async () => {
    await vigia.stop()
    await Promise.all([database.end(), mongo.end()])
  })

  const readyz = async () => {
    const answer = await vigia.call('/readyz')
    return { status: answer.status, ...((await answer.json()) as { ready: boolean; waitingFor: string[] }) }
  }

  test('is 503 with the reason while the database is read-only, and 200 again afterwards', async () => {
    expect(await readyz()).toEqual({ status: 200, ready: true, waitingFor: [] })
    const name = new URL(database.url).pathname.slice(1)
    await database.db.query(`alter database ${name} set default_transaction_read_only = on`)
    const refused = await until(async () => {
      const answer = await readyz()
      return answer.status === 503 && answer
    })
    expect(refused).toMatchObject({ ready: false, waitingFor: [expect.stringContaining('read-only')] })
    await database.db.query(`alter database ${name} reset default_transaction_read_only`)
    await until(async () => (await readyz()).status === 200)
  })
})

test('a function process whose record cannot be written, because the disk is full, is ended', async () => {
  let pid = 0
  const starting = startProcess({
    command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'],
    env: { PATH: process.env.PATH },
    readinessPath: null,
    startTimeoutMs: 1_000,
    log: { follow: () => ({ last: () => [] }), close: async () => {} },
    remember: spawned => {
      pid = spawned
      throw new Error('ENOSPC')
    },
    forget: () => {},
  })
  await expect(starting).rejects.toThrow('ENOSPC')
  await until(async () => (await commandOf(pid)) === null)
})
