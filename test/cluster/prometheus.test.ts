import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vigia } from '#infra/cli/vigia.ts'
import { onPath } from '#infra/delivery/on-path.ts'
import { freePort } from '#infra/net/free-port.ts'
import { dashboards } from '#infra/observability/generate.ts'
import { runTogether } from '#infra/observability/observe/children.ts'
import { prometheusConfiguration } from '#infra/observability/observe/configuration.ts'
import { root } from '#infra/repository.ts'
import { rules, rulesFolder } from '#test/observability/rule-files.ts'
import {
  annotationQueriesOf,
  metricsIn,
  queriesOf,
  selectorsIn,
  withVariables,
} from '#test/observability/support/queries.ts'
import { type Journey, repliesMatching, startJourney } from '#test/support/journey.ts'
import { announceAnEpisodeOnce, reportAnOutageOnce } from '#test/support/journey-steps.ts'
import { until } from '#test/support/until.ts'

const why = onPath('prometheus') ? '' : ' (skipped: no prometheus on PATH; it is the Debian package prometheus)'

/** Metrics of programs that do not run on one machine, and where each comes from. Their queries are only parsed. */
const elsewhere: readonly (readonly [names: RegExp, program: string])[] = [
  [/^kn_/, "Knative's activator, autoscaler and queue-proxy"],
  [/^(container|kubelet)_/, 'the kubelet'],
  [/^alertmanager_/, 'Alertmanager'],
  [/^rabbitmq_/, 'RabbitMQ, the broker of onprem'],
  [/^kafka_/, 'Kafka, the broker of gke'],
  [/^cnpg_/, 'CloudNativePG, the PostgreSQL of gke'],
  [/^node_/, 'the node exporter'],
  [/^etcd_/, 'etcd, the store of Kubernetes'],
  [/^haproxy_/, 'HAProxy in front of the machines of onprem'],
  [/^certmanager_/, 'cert-manager'],
]
const isElsewhere = (metric: string) => elsewhere.some(([names]) => names.test(metric))
const isHere = (expr: string) => !metricsIn(expr).some(isElsewhere)

interface Target {
  labels: { job: string }
  health: string
  lastError: string
}

const ruleQueries = rules().map(({ expr }) => expr)
const panelQueries = [...dashboards.values()].flatMap(one => [...queriesOf(one), ...annotationQueriesOf(one)])

describe.skipIf(why)(`Prometheus, which scrapes npm start during a journey${why}`, () => {
  const startedS = Math.floor(Date.now() / 1_000)
  let folder: string
  let url: string
  let journey: Journey
  let stopPrometheus: () => Promise<unknown>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'vigia-prometheus-'))
    journey = await startJourney()
    // In a fresh clone the functions are still built, which a busy machine needs more than a minute for.
    await until(() => journey.vigia.api('/readyz'), { what: 'Vigia to be ready', timeoutMs: 300_000 })
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const config = join(folder, 'prometheus.yml')
    writeFileSync(
      config,
      prometheusConfiguration({
        ...{ port: String(journey.vigia.port), prometheusPort: String(port) },
        ...{ interval: '1s', ruleFiles: [join(rulesFolder, '*.yml')] },
      }),
    )
    const controller = new AbortController()
    const args = [
      `--config.file=${config}`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]
    const ended = runTogether([{ name: 'Prometheus', command: 'prometheus', args }], controller.signal)
    stopPrometheus = () => {
      controller.abort()
      return ended
    }
    await until(async () => (await fetch(`${url}/-/ready`)).ok, { what: 'Prometheus', timeoutMs: 60_000 })
  })
  afterAll(async () => {
    await stopPrometheus?.()
    await journey?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const ask = async <Data>(path: string, parameters: Record<string, string> = {}): Promise<Data> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`)
    const { status, data, error } = (await response.json()) as { status: string; data: Data; error?: string }
    if (status !== 'success') throw new Error(`${error}: ${JSON.stringify(parameters)}`)
    return data
  }

  /** Whether the query had a value at any time since the start. */
  const hasData = async (expr: string) => {
    const { result } = await ask<{ result: unknown[] }>('query_range', {
      query: withVariables(expr, '30s'),
      ...{ start: String(startedS), end: String(Math.ceil(Date.now() / 1_000)), step: '2' },
    })
    return result.length > 0
  }
  const withoutData = async (queries: readonly string[]) => {
    const found = await Promise.all(queries.map(async expr => ((await hasData(expr)) ? [] : [expr])))
    return found.flat()
  }
  const untilNoneIsWithoutData = async (queries: readonly string[]) => {
    let missing = [...queries]
    await until(
      async () => {
        missing = await withoutData(missing)
        return missing.length === 0
      },
      { what: 'every query to have data', timeoutMs: 90_000 },
    ).catch(() => {})
    expect(missing).toEqual([])
  }

  test('a journey succeeds with an outage, an episode, reports, a backup, and a site that stays down', {
    timeout: 300_000,
  }, async () => {
    const { sites, sitesUrl, telegram, vigia: running } = journey
    await reportAnOutageOnce(journey, 'Ana')
    await announceAnEpisodeOnce(journey, 'Prometheus')
    await journey.fire('reporter')
    const errors: string[] = []
    const env = { DATA_DIR: running.dataDir }
    const shell = { env, print: () => {}, printError: (line: string) => errors.push(line) }
    expect(await vigia(['backup', join(folder, 'vigia.backup')], shell), errors.join('\n')).toBe(0)
    const ana = telegram.user('Ana')
    sites.set('/queda', { kind: 'switch', on: false })
    ana.send(`/monitorar ${sitesUrl}/queda 10s`)
    await until(() => repliesMatching(ana, /queda/).length > 0, { what: 'the answer', timeoutMs: 60_000 })
  })

  test('every query of every panel and annotation has data, except those about programs that run only on a cluster', async () => {
    await untilNoneIsWithoutData([...new Set(panelQueries)].filter(isHere))
  })

  test('a query about something that does not exist has no data', async () => {
    const queries = ['vigia_nothing', 'vigia_monitors{state="sideways"}']
    expect(await withoutData(queries)).toEqual(queries)
  })

  test('every metric that a rule reads has data with the labels of the rule', async () => {
    await untilNoneIsWithoutData([...new Set(ruleQueries.flatMap(selectorsIn))].filter(isHere))
  })

  test('every metric in a query exists, and every metric of Vigia is in a query', async () => {
    const names = await ask<string[]>('label/__name__/values')
    const used = new Set([...panelQueries, ...ruleQueries].flatMap(metricsIn))
    expect([...used].filter(name => !isElsewhere(name) && !names.includes(name))).toEqual([])
    const families = (name: string) => name.replace(/_(bucket|sum|count)$/, '')
    const usedFamilies = new Set([...used].map(families))
    expect(names.filter(name => name.startsWith('vigia_') && !usedFamilies.has(families(name)))).toEqual([])
  })

  test('the runtime answers each scrape, and Prometheus finds the functions that run', async () => {
    const { activeTargets } = await ask<{ activeTargets: Target[] }>('targets')
    expect(activeTargets.map(({ labels }) => labels.job)).toEqual(expect.arrayContaining(['vigia', 'functions']))
    const runtime = activeTargets.filter(({ labels }) => labels.job === 'vigia')
    expect(runtime.map(({ health, lastError }) => ({ health, lastError }))).toEqual([{ health: 'up', lastError: '' }])
  })

  test('npm run observe scrapes the running system, and ends Prometheus with itself', async () => {
    const port = await freePort()
    const child = spawn(process.execPath, [join(root, 'infra/observability/observe/main.ts')], {
      env: {
        ...{ PATH: process.env.PATH, PORT: String(journey.vigia.port) },
        ...{
          PROMETHEUS_PORT: String(port),
          GRAFANA_PORT: String(await freePort()),
          OBSERVE_DIR: join(folder, 'observe'),
        },
      },
      stdio: 'inherit',
    })
    const ended = once(child, 'close')
    try {
      const isUp = async () => {
        const response = await fetch(
          `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent('up{job="vigia"} == 1')}`,
        )
        return ((await response.json()) as { data: { result: unknown[] } }).data.result.length > 0
      }
      await until(isUp, { what: 'a scrape of the running system', timeoutMs: 90_000 })
    } finally {
      child.kill('SIGTERM')
    }
    expect(await ended).toEqual([0, null])
    await expect(fetch(`http://127.0.0.1:${port}/-/ready`)).rejects.toThrow()
  })

  test('every program that is listed as running elsewhere has a metric in a query', () => {
    const used = [...panelQueries, ...ruleQueries].flatMap(metricsIn)
    const unused = elsewhere.filter(([names]) => !used.some(name => names.test(name)))
    expect(unused.map(([, program]) => program)).toEqual([])
  })
})
