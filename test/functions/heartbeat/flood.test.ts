import { expect, test } from 'vitest'
import { startSink } from '#test/support/function-server.ts'
import { type FloodReport, floodPings } from '#test/support/ping-flood.ts'
import { addPaths, pingCounts, startHeartbeatProcess } from './process-support.ts'
import { heartbeatDatabase } from './support.ts'

const database = heartbeatDatabase()

/** Objects that live longer than one flood, such as compiled code. A kilobyte kept of each ping would be much more. */
const toleratedBytes = 2 * 1024 * 1024

test('every ping of a flood that is answered 200 is stored, and repeated floods need no more memory', async () => {
  await using sink = await startSink()
  const paths = await addPaths(database.db, 40)
  const function_ = await startHeartbeatProcess({ databaseUrl: database.url, sink: sink.url })
  const reports: FloodReport[] = []
  const used: number[] = []
  for (let round = 0; round < 4; round++) {
    reports.push(await floodPings({ port: function_.port, paths, connections: 200, ms: 2_000 }))
    used.push(await function_.usedBytes())
  }
  expect(await function_.stop()).toBe(0)

  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)
  const answers = reports.flatMap(({ answers: each }) => Object.keys(each))
  // A machine that is too slow refuses pings.
  expect(new Set(answers).difference(new Set(['200', '503']))).toEqual(new Set())
  const accepted = paths.map((_, index) => sum(reports.map(report => report.accepted[index]!)))
  const stored = await pingCounts(database.db)
  expect(sum(accepted)).toBeGreaterThan(500)
  expect(stored.filter((count, index) => count < accepted[index]!)).toEqual([])
  expect(sum(stored)).toBeLessThanOrEqual(sum(reports.map(({ sent }) => sent)))
  // Afterwards the first flood has loaded everything, and the pools have their size.
  expect(used.at(-1)!).toBeLessThan(used[1]! + toleratedBytes)
})

test('a flood of pings that change no state writes no line to the log, and a change writes one', async () => {
  await using sink = await startSink()
  const [path] = await addPaths(database.db, 1)
  const function_ = await startHeartbeatProcess({ databaseUrl: database.url, sink: sink.url })
  const { port } = function_
  await floodPings({ port, paths: [path!], connections: 4, ms: 500 })
  await floodPings({ port, paths: [`${path}0`, '/ping/none'], connections: 4, ms: 500 })
  expect((await fetch(`http://127.0.0.1:${port}${path}/3`)).status).toBe(200)
  await function_.stop()
  const lines = function_.log().trim().split('\n')
  expect(lines.map(line => JSON.parse(line)['http.response.status_code'])).toEqual([200, 200])
})
