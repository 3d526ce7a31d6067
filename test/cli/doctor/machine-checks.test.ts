import { once } from 'node:events'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { backUp } from '#database/operations/backup.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { backupCheck, recordedBackup, recordedBackupCheck } from '#infra/cli/doctor/backup-check.ts'
import { catalogueCheck } from '#infra/cli/doctor/catalogue-check.ts'
import { clockCheck, clockOfDatabase, clockOfTelegram } from '#infra/cli/doctor/clock-check.ts'
import { diskCheck } from '#infra/cli/doctor/disk-check.ts'
import { clean, findingsOf, formatFindings, ok } from '#infra/cli/doctor/finding.ts'
import { readOnlyDatabase } from '#infra/cli/doctor/read-only-database.ts'
import { brokerCheck, runtimeCheck, runtimeOn, versionsCheck } from '#infra/cli/doctor/runtime-checks.ts'
import { settingsCheck } from '#infra/cli/doctor/settings-check.ts'
import { tvmazeCheck } from '#infra/cli/doctor/tvmaze-check.ts'
import { freePort } from '#infra/net/free-port.ts'
import { runningMongo } from '#local/databases/mongodb.ts'
import { startTelegram } from '#simulators/telegram.ts'
import { startTvmaze } from '#simulators/tvmaze.ts'
import { freshDatabase, freshMongo } from '#test/support/database.ts'
import { startServer } from '#test/support/http.ts'

const machine = { place: 'machine' as const, dataDir: '/data', env: {} }
const cluster = { place: 'cluster' as const, dataDir: null, env: {} }

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vigia-doctor-'))
  onTestFinished(() => rm(folder, { recursive: true }))
})

const answering = async (status: number, body: string) => {
  const server = await startServer((_, response) => response.writeHead(status).end(body))
  onTestFinished(server.stop)
  return server.port
}

describe('the disk', () => {
  test('is ok, a warning or a failure by its free space', async () => {
    const limits = { fewBytes: 2, fullBytes: 1 }
    expect(await diskCheck(folder, limits)).toMatchObject({ state: 'ok', found: expect.stringContaining(folder) })
    expect(await diskCheck(folder, { ...limits, fewBytes: 2 ** 60 })).toMatchObject({ state: 'warning' })
    expect(await diskCheck(folder, { fewBytes: 2 ** 60, fullBytes: 2 ** 60 })).toMatchObject({ state: 'failed' })
  })

  test('of a data folder that does not exist is a failure', async () => {
    expect(await diskCheck(join(folder, 'none'))).toMatchObject({
      state: 'failed',
      found: `the data folder ${join(folder, 'none')} does not exist`,
    })
  })
})

describe('the clock', () => {
  test("is compared with PostgreSQL's clock and with Telegram's", async () => {
    const [database, telegram] = await Promise.all([
      freshDatabase(),
      startTelegram({ botToken: '700000001:doctor-bot-token-AAAAAAAAAAAAAAAAA' }),
    ])
    const db = await readOnlyDatabase(database.url, 5_000)
    onTestFinished(async () => {
      await db.end()
      await Promise.all([database.end(), telegram.stop()])
    })
    const clocks = [clockOfDatabase(db), clockOfTelegram(telegram.url, 5_000)]
    expect(await clockCheck(clocks, Date.now)).toMatchObject({ state: 'ok' })
    expect(await clockCheck(clocks, () => Date.now() + 10_000)).toMatchObject({
      state: 'warning',
      found: expect.stringMatching(/^[\d.]+ s ahead of PostgreSQL's clock, [\d.]+ s ahead of Telegram's clock$/),
    })
    expect(await clockCheck(clocks, () => Date.now() - 3_600_000)).toMatchObject({
      state: 'failed',
      found: expect.stringMatching(
        /^3[56]\d\d\.\d s behind PostgreSQL's clock, 3[56]\d\d\.\d s behind Telegram's clock$/,
      ),
    })
  })

  test('is not reported as wrong only because an answer took long', async () => {
    const slow = (answeredAtMs: number) => {
      const times = [0, 8_000]
      return clockCheck([{ name: 'PostgreSQL', read: async () => answeredAtMs }], () => times.shift()!)
    }
    for (const answeredAtMs of [0, 4_000, 8_000])
      expect(await slow(answeredAtMs)).toEqual({ state: 'ok', found: "0.0 s from PostgreSQL's clock" })
    expect(await slow(-4_000)).toMatchObject({ state: 'warning', found: "4.0 s ahead of PostgreSQL's clock" })
  })

  test('is not compared if no other clock answers', async () => {
    expect(await clockCheck([], Date.now)).toMatchObject({ state: 'skipped' })
    expect(await clockCheck([clockOfTelegram('http://127.0.0.1:1', 5_000)], Date.now)).toMatchObject({
      state: 'skipped',
      found: 'no other clock answers',
    })
  })
})

describe('the backup', () => {
  const now = new Date('2026-11-30T12:00:00Z')
  const backUpAt = async (name: string, at: string) => {
    const database = await freshDatabase()
    onTestFinished(() => database.end())
    await backUp(database.db, join(folder, name), [], new Date(at))
  }

  test('of the last day is ok', async () => {
    await backUpAt('vigia.backup', '2026-11-30T02:00:00Z')
    expect(await backupCheck(folder, null, now)).toEqual({
      state: 'ok',
      found: `${join(folder, 'vigia.backup')} was made 10 h ago`,
    })
  })

  test('that is old is a warning, and the newest file counts', async () => {
    await backUpAt('new.backup', '2026-11-27T12:00:00Z')
    await writeFile(join(folder, 'old.backup'), '')
    await utimes(join(folder, 'old.backup'), 0, 0)
    expect(await backupCheck(folder, null, now)).toMatchObject({
      state: 'warning',
      found: `${join(folder, 'new.backup')} was made 3 days ago`,
      next: expect.stringContaining('npm run vigia -- backup '),
    })
  })

  test('is the one that was made last, even if an older one was copied into the folder later', async () => {
    await backUpAt('new.backup', '2026-11-30T02:00:00Z')
    await utimes(join(folder, 'new.backup'), now, new Date('2026-11-30T02:00:00Z'))
    await backUpAt('copied.backup', '2026-10-01T02:00:00Z')
    await utimes(join(folder, 'copied.backup'), now, now)
    expect(await backupCheck(folder, null, now)).toEqual({
      state: 'ok',
      found: `${join(folder, 'new.backup')} was made 10 h ago`,
    })
  })

  test('is a failure if a damaged file was written after the last backup was made', async () => {
    await backUpAt('a.backup', '2026-11-30T02:00:00Z')
    await writeFile(join(folder, 'b.backup'), '')
    for (const [at, state] of [
      ['2026-11-30T01:00:00Z', 'ok'],
      ['2026-11-30T03:00:00Z', 'failed'],
    ] as const) {
      await utimes(join(folder, 'b.backup'), now, new Date(at))
      expect(await backupCheck(folder, null, now)).toMatchObject({ state })
    }
  })

  test('that does not exist is a warning', async () => {
    for (const place of [folder, join(folder, 'none')])
      expect(await backupCheck(place, null, now)).toMatchObject({
        state: 'warning',
        found: `no backup is recorded, and no *.backup file is in ${place}`,
      })
  })

  test('that is recorded counts if it is newer than the files, and on a cluster as the only one', async () => {
    await backUpAt('vigia.backup', '2026-11-27T12:00:00Z')
    const database = await freshDatabase()
    onTestFinished(() => database.end())
    const readOnly = await readOnlyDatabase(database.url, 30_000)
    onTestFinished(() => readOnly.end())
    expect(await recordedBackup(readOnly)).toBeNull()
    expect(recordedBackupCheck(null, now)).toMatchObject({ state: 'skipped' })

    const cursors = cursorsIn(database.db)
    await cursors.advance('backup', new Date('2026-11-26T12:00:00Z'))
    expect(await backupCheck(folder, await recordedBackup(readOnly), now)).toMatchObject({
      found: `${join(folder, 'vigia.backup')} was made 3 days ago`,
    })
    expect(recordedBackupCheck(await recordedBackup(readOnly), now)).toMatchObject({
      state: 'warning',
      found: 'the last backup that PostgreSQL knows was made 4 days ago',
      next: 'kubectl -n vigia get jobs,cronjobs',
    })

    await cursors.advance('backup', new Date('2026-11-30T10:00:00Z'))
    const found = { state: 'ok', found: 'the last backup that PostgreSQL knows was made 2 h ago' }
    expect(await backupCheck(folder, await recordedBackup(readOnly), now)).toEqual(found)
    expect(recordedBackupCheck(await recordedBackup(readOnly), now)).toEqual(found)
  })

  test.each([
    ['empty', Buffer.alloc(0)],
    ['not compressed', Buffer.from('nonsense')],
    ['of another program', gzipSync('{"format":"other"}\n')],
  ])('that is %s is a failure', async (_, content) => {
    await writeFile(join(folder, 'a.backup'), content)
    expect(await backupCheck(folder, null, now)).toMatchObject({
      state: 'failed',
      found: `${join(folder, 'a.backup')} is damaged or not a backup of Vigia`,
    })
  })
})

describe('MongoDB', () => {
  test('that answers is ok with the number of series', async () => {
    const { uri, mongo, end } = await freshMongo()
    onTestFinished(end)
    await (await mongo.collection('show')).insertOne({ _id: 82 as never })
    expect(await catalogueCheck(machine, { uri, isPersistent: true }, 5_000)).toEqual({
      state: 'ok',
      found: 'the catalogue has 1 series',
    })
    expect(await catalogueCheck(machine, { uri, isPersistent: false }, 5_000)).toMatchObject({
      state: 'warning',
      found: 'the catalogue has 1 series and is in memory',
      next: 'npm start -- --download-mongod',
    })
  })

  test('that does not answer is a failure, and so is a pod without MONGODB_URI', async () => {
    const env = { MONGODB_URI: 'mongodb://127.0.0.1:1/vigia' }
    expect(await catalogueCheck({ ...machine, env }, { uri: env.MONGODB_URI, isPersistent: true }, 500)).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('MongoDB does not answer: '),
      next: expect.stringContaining('MONGODB_URI'),
    })
    expect(await catalogueCheck(cluster, null, 500)).toMatchObject({ state: 'failed', found: 'MONGODB_URI is not set' })
  })

  test('that accepts the connection and stays silent is a failure', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void silent.close())
    await once(silent, 'listening')
    const uri = `mongodb://127.0.0.1:${(silent.address() as AddressInfo).port}/vigia`
    expect(await catalogueCheck(machine, { uri, isPersistent: true }, 500)).toMatchObject({
      state: 'failed',
      found: expect.stringContaining('MongoDB does not answer: '),
    })
  })

  test('that Vigia has started and that no longer runs is a failure; if Vigia has never started one, the check is skipped', async () => {
    await mkdir(join(folder, 'mongodb'))
    const record = { pid: 1, program: '/usr/bin/mongod', port: await freePort() }
    await writeFile(join(folder, 'mongodb/server.json'), JSON.stringify(record))
    expect(await catalogueCheck({ ...machine, dataDir: folder }, await runningMongo(folder), 500)).toMatchObject({
      state: 'failed',
      next: `tail -n 20 ${folder}/mongodb/server.log`,
    })
    await rm(join(folder, 'mongodb'), { recursive: true })
    expect(await catalogueCheck({ ...machine, dataDir: folder }, await runningMongo(folder), 500)).toMatchObject({
      state: 'skipped',
    })
  })
})

describe('TVmaze', () => {
  test('that answers is ok; one that is down or busy is a failure', async () => {
    const tvmaze = await startTvmaze()
    onTestFinished(() => tvmaze.stop())
    const installation = { ...machine, env: { TVMAZE_URL: tvmaze.url } }
    expect(await tvmazeCheck(installation, 5_000)).toEqual({ state: 'ok', found: 'TVmaze answers' })
    for (const failure of ['502', '429', 'html200'] as const) {
      tvmaze.fail(failure)
      expect(await tvmazeCheck(installation, 5_000), failure).toMatchObject({
        state: 'failed',
        found: expect.stringContaining('no usable answer: TVmaze: '),
      })
    }
  })

  test('is skipped if it is simulated', async () => {
    expect(await tvmazeCheck(machine, 5_000)).toMatchObject({ state: 'skipped' })
  })
})

describe('Vigia', () => {
  test('that does not answer is a failure, and its versions are skipped', async () => {
    const runtime = await runtimeOn('1', 5_000)
    expect(runtimeCheck(runtime, '1')).toMatchObject({ state: 'failed', found: 'Vigia does not answer on port 1' })
    expect(versionsCheck(runtime)).toMatchObject({ state: 'skipped' })
  })

  test('that is not ready is a failure with its reasons', async () => {
    const port = String(await answering(503, '{"ready":false,"waitingFor":["MongoDB does not answer","PostgreSQL"]}'))
    expect(runtimeCheck(await runtimeOn(port, 5_000), port)).toMatchObject({
      state: 'failed',
      found: 'Vigia is not ready: MongoDB does not answer; PostgreSQL',
    })
  })

  const running = (releases: Record<string, string>) => ({ waitingFor: [], runningS: 100, releases })

  test('whose functions run different releases is a failure that names them', () => {
    const releases = { a: '1.4.2 (x)', b: '1.4.3 (y)', c: '1.4.2 (x)' }
    expect(versionsCheck(running(releases), '1.4.3')).toMatchObject({
      state: 'failed',
      found: 'functions run different releases: 1.4.2 (x): a, c; 1.4.3 (y): b',
    })
  })

  test('that runs an older release than the checkout is a warning', () => {
    expect(versionsCheck(running({ a: '1.4.2 (x)' }), '1.4.3')).toMatchObject({
      state: 'warning',
      found: 'Vigia runs 1.4.2 (x), but the checkout is 1.4.3',
    })
    expect(versionsCheck(running({ a: '1.4.3 (x)' }), '1.4.3')).toMatchObject({ state: 'ok' })
    expect(versionsCheck(running({}), '1.4.3')).toMatchObject({ state: 'skipped' })
  })

  test('with invalid settings is a failure that names the variables and not their secrets', async () => {
    const result = await settingsCheck({ ...machine, env: { TELEGRAM_BOT_TOKEN: 'S3CRET', PUBLIC_PORT: 'x' } })
    expect(result).toMatchObject({ state: 'failed', found: expect.stringContaining('PUBLIC_PORT is "x"') })
    expect(result.found).toContain('TELEGRAM_BOT_TOKEN is not a valid bot token')
    expect(result.found).not.toContain('S3CRET')
  })
})

test('the broker of a cluster is ok with any answer below 500, and a failure otherwise', async () => {
  expect(await brokerCheck(`http://127.0.0.1:${await answering(405, '')}/vigia/default`, 5_000)).toMatchObject({
    state: 'ok',
  })
  expect(await brokerCheck(`http://127.0.0.1:${await answering(503, '')}/vigia/default`, 5_000)).toMatchObject({
    state: 'failed',
    found: 'the broker answers GET with 503',
  })
  expect(await brokerCheck(`http://127.0.0.1:${await freePort()}/vigia/default`, 5_000)).toMatchObject({
    state: 'failed',
    found: 'the broker does not answer: ECONNREFUSED',
  })
})

describe('findings', () => {
  test('of checks that never end or that throw are failures, and the other checks have their results', async () => {
    const checks = [
      { name: 'silent', run: () => new Promise<never>(() => {}) },
      { name: 'broken', run: () => Promise.reject(new Error('no such thing')) },
      { name: 'good', run: async () => ok('fine') },
    ]
    expect(await findingsOf(checks, 50)).toMatchObject([
      { check: 'silent', state: 'failed', found: 'the check ended with an error: no result within 0.05 s' },
      { check: 'broken', state: 'failed', found: 'the check ended with an error: no such thing' },
      { check: 'good', state: 'ok', found: 'fine' },
    ])
  })

  test('show no secret of the environment, no token, and no control character', () => {
    const env = { DATABASE_URL: 'postgresql://vigia:pass%20word1@db/vigia', TELEGRAM_BOT_TOKEN: '12345:short-token' }
    const found = `pass word1 postgresql://vigia:pass%20word1@db 12345:short-token 987654321:${'A'.repeat(35)} \u001b[31mred`
    const text = formatFindings([clean({ check: 'x', ...ok(found) }, env)])
    expect(text).toBe(
      'ok       x  [redacted] postgresql://[redacted]@db [redacted] [redacted]  [31mred\n\n1 check: 1 ok',
    )
  })
})
