import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { databaseMetrics } from '#functions/database-metrics/database-metrics.ts'
import { onPath } from '#infra/delivery/on-path.ts'
import { runtimeMetrics } from '#local/http/metrics.ts'
import { rulesFolder, ruleTestsFolder, yamlFiles } from '#test/observability/rule-files.ts'
import { readExposition } from '#test/support/exposition.ts'
import { runtimeParts } from '#test/support/runtime-parts.ts'
import { noFigures } from '#test/support/sample-figures.ts'
import { folder } from '#test/support/temporary-folders.ts'

const why = onPath('promtool') ? '' : ' (skipped: no promtool on PATH; it is in the Debian package prometheus)'

const promtool = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' })
  return { status, output: stdout + stderr }
}

const rules = yamlFiles(rulesFolder).map(name => join(rulesFolder, name))

/** The metrics of the runtime with an empty database, as series for a test of rules. Their values never change. */
const idleSeries = async (samples: number) => {
  const database = databaseMetrics({
    figures: async () => noFigures,
    clock: () => new Date(0),
    pause: () => new Promise(() => {}),
    failed: () => {},
  })
  const families = readExposition((await runtimeMetrics({ ...runtimeParts, database })()).text)
  return [...families].flatMap(([name, { type, samples: values }]) =>
    name.startsWith('vigia_') && type !== 'histogram'
      ? [...values].map(([labels, value]) => ({ series: `${name}{${labels}}`, values: `${value}x${samples}` }))
      : [],
  )
}

/**
 * The series of a job that runs once in `every` samples, which are five minutes apart. After a run, the work is done up
 * to `aheadS` seconds after the time of the run.
 */
const jobSeries = (job: string, { every, aheadS = 0 }: { every: number; aheadS?: number }, samples: number) => ({
  series: `vigia_job_reached_timestamp_seconds{job="${job}"}`,
  values: Array.from({ length: samples / every }, (_, run) => `${run * every * 300 + aheadS}x${every - 1}`).join(' '),
})

describe.skipIf(why)(`promtool${why}`, () => {
  test('accepts the rules', () => {
    expect(promtool('check', 'rules', ...rules)).toMatchObject({ status: 0 })
  })

  test.each(yamlFiles(ruleTestsFolder))('finds each alert of %s firing and silent as its cases say', name => {
    const { status, output } = promtool('test', 'rules', join(ruleTestsFolder, name))
    expect(output).not.toContain('FAILED')
    expect(status).toBe(0)
  })

  test('finds only the watchdog in four days of a healthy system without monitors and messages', async () => {
    const days = 4
    const samples = days * 288
    const file = join(folder(), 'idle.yml')
    writeFileSync(
      file,
      stringify({
        rule_files: rules,
        evaluation_interval: '5m',
        tests: [
          {
            interval: '5m',
            input_series: [
              ...(await idleSeries(samples)),
              jobSeries('probe-scheduler', { every: 1, aheadS: 22 }, samples),
              jobSeries('episode-checker', { every: 1 }, samples),
              jobSeries('reporter', { every: 3 }, samples),
              jobSeries('series-refresher', { every: 12 }, samples),
              jobSeries('backup', { every: 288 }, samples),
            ],
            promql_expr_test: ['5m', '1h', '1d', '95h'].map(eval_time => ({
              expr: 'count by (alertname, alertstate) (ALERTS)',
              eval_time,
              exp_samples: [{ labels: '{alertname="VigiaWatchdog", alertstate="firing"}', value: 1 }],
            })),
          },
        ],
      }),
    )
    const { status, output } = promtool('test', 'rules', file)
    expect(output).not.toContain('FAILED')
    expect(status).toBe(0)
  })
})
