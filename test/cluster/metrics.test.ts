import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { databaseMetrics } from '#functions/database-metrics/database-metrics.ts'
import { createMetrics } from '#functions/host/metrics.ts'
import { onPath } from '#infra/delivery/on-path.ts'
import { runtimeMetrics } from '#local/http/metrics.ts'
import { runtimeParts } from '#test/support/runtime-parts.ts'
import { someFigures } from '#test/support/sample-figures.ts'

const why = onPath('promtool') ? '' : ' (skipped: no promtool on PATH; it is in the Debian package prometheus)'

const database = databaseMetrics({
  figures: async () => someFigures,
  clock: () => new Date('2026-11-21T12:00:00Z'),
  pause: () => new Promise(() => {}),
  failed: () => {},
})

const ofFunction = async () => {
  const metrics = createMetrics('uptime-prober')
  metrics.observe({ type: 'dev.vigia.tick', outcome: 'done', ms: 5 })
  return (await metrics.page()).text
}

/** What Prometheus' own parser and linter say about an exposition. */
const check = (input: string) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
  return { status, complaints: (stdout + stderr).split('\n').filter(line => line !== '') }
}

describe.skipIf(why)(`promtool${why}`, () => {
  test.each([
    ['the runtime', async () => (await runtimeMetrics({ ...runtimeParts, database })()).text],
    ['a function', ofFunction],
  ])('reads all metrics of %s, and has no complaint', async (_, exposition) => {
    const text = await exposition()
    expect(text).toContain('# HELP vigia_')
    expect(check(text)).toEqual({ status: 0, complaints: [] })
    expect(check(`${text}broken{ 1\n`).status).toBe(1)
  })

  test('complains about a metric without HELP', () => {
    expect(check('# TYPE vigia_some gauge\nvigia_some 1\n')).toEqual({
      status: 3,
      complaints: ['vigia_some no help text'],
    })
  })
})
