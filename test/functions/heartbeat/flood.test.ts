import { rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { startSink } from '#test/support/function-server.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import { type FloodReport, floodPings } from '#test/support/ping-flood.ts'
import { until } from '#test/support/until.ts'
import { addPaths, pingCounts, startHeartbeatProcess } from './process-support.ts'
import { chatId, heartbeatDatabase } from './support.ts'

const database = heartbeatDatabase()

/** Objects that live longer than one flood, such as compiled code. A kilobyte kept of each ping would be much more. */
const toleratedBytes = 2 * 1024 * 1024

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
/** The answers that a ping may get. A machine that is too slow refuses pings, or answers some of them too late. */
const possible = new Set(['200', '503', 'none'])

test('of 10,000 pings a second for 10 s, those that are answered 200 are stored although PostgreSQL is killed twice, in the heap of a small pod', {
  timeout: 300_000,
}, async () => {
  await using sink = await startSink()
  const folder = temporaryFolder()
  const server = await startPostgres({ dataDir: folder })
  const db = postgres(server.url)
  try {
    await migrate(server.url)
    await db.query('insert into chat (id) values ($1)', [chatId])
    const paths = await addPaths(db, 100)
    const databaseUrl = server.url
    const function_ = await startHeartbeatProcess({ databaseUrl, sink: sink.url, heapMb: 64 })
    const flood = floodPings({ port: function_.port, paths, connections: 100, perSecond: 10_000, ms: 10_000 })
    let isOver = false
    const over = flood.finally(() => {
      isOver = true
    })
    // While PostgreSQL is down, the number is not known.
    const stored = () => pingCounts(db).then(sum, () => 0)
    for (let kills = 0; kills < 2 && !isOver; kills++) {
      const before = await stored()
      await until(async () => isOver || (await stored()) > before + 200, {
        what: 'more stored pings',
        timeoutMs: 100_000,
      })
      process.kill(server.pid!, 'SIGKILL')
    }
    const { offered, answers, accepted } = await over
    expect(await function_.stop()).toBe(0)
    expect(offered).toBe(100_000)
    expect(sum(Object.values(answers))).toBe(offered)
    expect(new Set(Object.keys(answers)).difference(possible)).toEqual(new Set())
    expect(sum(accepted)).toBeGreaterThan(200)
    await until(() => db.query('select').then(Boolean, () => false), { what: 'PostgreSQL', timeoutMs: 100_000 })
    const counts = await pingCounts(db)
    expect(counts.filter((count, index) => count < accepted[index]!)).toEqual([])
    expect(sum(counts)).toBeLessThanOrEqual(2 * offered)
  } finally {
    await db.end()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})

test('repeated floods need no more memory, and every ping that is answered 200 is stored', async () => {
  await using sink = await startSink()
  const paths = await addPaths(database.db, 40)
  const function_ = await startHeartbeatProcess({ databaseUrl: database.url, sink: sink.url })
  const reports: FloodReport[] = []
  const used: number[] = []
  for (let round = 0; round < 4; round++) {
    reports.push(await floodPings({ port: function_.port, paths, connections: 50, perSecond: 3_000, ms: 1_000 }))
    used.push(await function_.usedBytes())
  }
  expect(await function_.stop()).toBe(0)

  const answers = reports.flatMap(({ answers: each }) => Object.keys(each))
  expect(new Set(answers).difference(possible)).toEqual(new Set())
  const accepted = paths.map((_, index) => sum(reports.map(report => report.accepted[index]!)))
  const stored = await pingCounts(database.db)
  expect(sum(accepted)).toBeGreaterThan(500)
  expect(stored.filter((count, index) => count < accepted[index]!)).toEqual([])
  // Afterwards the first flood has loaded everything, and the pools have their size.
  expect(used.at(-1)!).toBeLessThan(used[1]! + toleratedBytes)
})

test('a flood of pings that change no state writes no line to the log, and a change writes one', async () => {
  await using sink = await startSink()
  const [path] = await addPaths(database.db, 1)
  const function_ = await startHeartbeatProcess({ databaseUrl: database.url, sink: sink.url })
  const { port } = function_
  await floodPings({ port, paths: [path!], connections: 4, perSecond: 1_000, ms: 500 })
  await floodPings({ port, paths: [`${path}0`, '/ping/none'], connections: 4, perSecond: 1_000, ms: 500 })
  expect((await fetch(`http://127.0.0.1:${port}${path}/3`)).status).toBe(200)
  await function_.stop()
  const lines = function_.log().trim().split('\n')
  expect(lines.map(line => JSON.parse(line)['http.response.status_code'])).toEqual([200, 200])
})
