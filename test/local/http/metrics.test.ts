import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Postgres, postgres } from '#database/connect.ts'
import { figuresIn, readFigures } from '#database/operations/figures.ts'
import { databaseMetrics } from '#functions/database-metrics/database-metrics.ts'
import { createMetrics } from '#functions/host/metrics.ts'
import { root } from '#infra/repository.ts'
import { runtimeMetrics } from '#local/http/metrics.ts'
import { startBrokerServer } from '#test/support/broker-server.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { readExposition } from '#test/support/exposition.ts'
import { flakyProxy } from '#test/support/flaky-proxy.ts'
import { runtimeParts } from '#test/support/runtime-parts.ts'

const start = Date.parse('2026-11-21T12:00:00Z')
let now = start
let database: TestDatabase
let proxy: Awaited<ReturnType<typeof flakyProxy>>
let db: Postgres
let queries = 0
let scrape: ReturnType<typeof runtimeMetrics>

beforeAll(async () => {
  database = await freshDatabase()
  await (await startBrokerServer(database.url, [])).stop()
  await database.db.query(`insert into cursor (job, reached) values ('probe-scheduler', '2026-11-21T12:00:22Z')`)
  proxy = await flakyProxy(database.url)
  db = postgres(proxy.url, { max: 1 })
  scrape = runtimeMetrics({
    ...runtimeParts,
    database: databaseMetrics({
      figures: async at => {
        queries++
        return readFigures(db, at, { withBroker: true })
      },
      clock: () => new Date(now),
      // PostgreSQL answers or refuses at once here, so no scrape has to stop waiting.
      pause: () => new Promise(() => {}),
      failed: () => {},
    }),
  })
})
afterAll(async () => {
  await db.end()
  await proxy.stop()
  await database.end()
})

const families = async () => readExposition((await scrape()).text)

describe('/metrics of the runtime', () => {
  test('has the metrics of the runtime and those from PostgreSQL, and none twice', async () => {
    const found = await families()
    expect(found.get('vigia_function_cold_starts_total')!.samples.get('function="uptime-prober"')).toBe(3)
    expect(found.get('vigia_database_up')!.samples.get('')).toBe(1)
    expect(found.get('vigia_monitors')!.samples.get('state="up"')).toBe(0)
    expect(found.has('process_resident_memory_bytes')).toBe(true)
  })

  test('has no value of Vigia that is not a number, although nothing was checked yet', async () => {
    for (const [name, { samples }] of await families())
      if (name.startsWith('vigia_')) for (const value of samples.values()) expect(value, name).not.toBeNaN()
  })

  test('has the metrics of the runtime while PostgreSQL is down, and all metrics when it is back', async () => {
    await scrape()
    proxy.goDown()
    now += 30_000
    const whileDown = await families()
    expect(whileDown.get('vigia_database_up')!.samples.get('')).toBe(0)
    expect(whileDown.has('vigia_monitors')).toBe(false)
    expect(whileDown.get('vigia_function_cold_starts_total')!.samples.get('function="uptime-prober"')).toBe(3)
    proxy.comeBack()
    now += 30_000
    expect((await families()).get('vigia_database_up')!.samples.get('')).toBe(1)
  })

  test('reads PostgreSQL once for two scrapes at once and a third one within 30 seconds', async () => {
    now += 30_000
    const before = queries
    await Promise.all([scrape(), scrape()])
    now += 29_000
    await scrape()
    expect(queries).toBe(before + 1)
  })
})

describe('infra/observability/README.md', () => {
  const readme = readFileSync(join(root, 'infra/observability/README.md'), 'utf8')
  const rows = readme
    .split('\n')
    .map(line => /^\| `(vigia_\w+)` \| (.*) \| (.*) \| (.*) \|$/.exec(line))
    .filter(row => row !== null)
    .map(([, name = '', labels = '', meaning = '', source = '']) => ({ name, labels, meaning, source }))

  test('has a row for every metric of Vigia, with its labels and its HELP text', async () => {
    const metricsOfFunction = createMetrics('uptime-prober')
    metricsOfFunction.observe({ type: 'tick', outcome: 'done', ms: 5 })
    const ofFunction = readExposition((await metricsOfFunction.page()).text)
    const found = [...(await families()), ...ofFunction].filter(([name]) => name.startsWith('vigia_'))
    const labelsOf = (samples: Iterable<string>) =>
      [...new Set([...samples].flatMap(labels => [...labels.matchAll(/(\w+)="/g)].map(([, name]) => name)))]
        .filter(name => name !== 'le')
        .map(name => `\`${name}\``)
        .sort()
        .join(', ')
    expect(rows.map(({ name, labels, meaning }) => ({ name, labels, meaning }))).toEqual(
      found
        .map(([name, { help, samples }]) => ({ name, labels: labelsOf(samples.keys()), meaning: help }))
        .map(row => ({ ...row, labels: row.labels || '–' })),
    )
  })

  test('names the query of every metric from PostgreSQL', async () => {
    const queries = rows.map(({ source }) => /^`(\w+)`$/.exec(source)?.[1]).filter(query => query !== undefined)
    expect(new Set(queries)).toEqual(new Set(Object.keys(figuresIn(db))))
  })
})
