import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { onPath } from '#infra/delivery/on-path.ts'
import { freePort } from '#infra/net/free-port.ts'
import { dashboards } from '#infra/observability/generate.ts'
import { rules } from '#test/observability/rule-files.ts'
import { annotationQueriesOf, queriesOf, selectorsIn, withVariables } from '#test/observability/support/queries.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { until } from '#test/support/until.ts'
import { goSource } from './support/go-sources.ts'
import { startProgram } from './support/workflow-engines.ts'

/*
 * Rules and panels read metrics of other programs. Here some of the programs run, and the others are looked up in
 * their sources. infra/observability/rules/README.md has the table.
 */

const queries = [
  ...rules().map(({ expr }) => expr),
  ...[...dashboards.values()].flatMap(one => [...queriesOf(one), ...annotationQueriesOf(one)]),
]
/** The selectors whose metric has this prefix. The label `namespace` is that of the scrape, and not of the program. */
const selectorsOf = (prefix: string): string[] =>
  [...new Set(queries.flatMap(expr => selectorsIn(withVariables(expr, '1m'))))].filter(text => text.startsWith(prefix))

interface Matcher {
  label: string
  operator: string
  value: string
}

const matchersIn = (selector: string): Matcher[] =>
  [...selector.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)]
    .map(([, label, operator, value]) => ({ label: label!, operator: operator!, value: value! }))
    .filter(({ label }) => label !== 'namespace')

const fits = (labels: string, { label, operator, value }: Matcher): boolean => {
  const [, own = ''] = new RegExp(`(?:^|,)${label}="((?:[^"\\\\]|\\\\.)*)"`).exec(labels) ?? []
  const isEqual = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(own) : own === value
  return operator.startsWith('!') ? !isEqual : isEqual
}

/** The selectors that no line of an exposition fits. */
const withoutSeries = (selectors: readonly string[], exposition: string): string[] =>
  selectors.filter(selector => {
    const [metric] = /^[\w:]+/.exec(selector)!
    const series = [...exposition.matchAll(new RegExp(`^${metric}(?:\\{(.*)\\})? \\S+$`, 'gm'))]
    return !series.some(([, labels = '']) => matchersIn(selector).every(matcher => fits(labels, matcher)))
  })

test('a selector with a wrong name or label has no series', () => {
  const exposition = 'a_total{proxy="x",state="UP"} 1\nb 2\n'
  expect(withoutSeries(['a_total', 'a_total{proxy="x"}', 'a_total{state=~"U.*"}', 'b'], exposition)).toEqual([])
  expect(withoutSeries(['a_total{proxy!="x"}', 'a', 'b{proxy="x"}', 'a_total{namespace="vigia"}'], exposition)).toEqual(
    ['a_total{proxy!="x"}', 'a', 'b{proxy="x"}'],
  )
})

/** A program that runs here: its names on PATH, the prefix of its metrics, and how it is started. */
interface Exporter {
  program: string
  names: string[]
  package: string
  prefix: string
  args(port: number, home: string): Promise<string[]>
}

const exporters: Exporter[] = [
  {
    program: 'the node exporter',
    names: ['node_exporter', 'prometheus-node-exporter'],
    package: 'prometheus-node-exporter',
    prefix: 'node_',
    args: async port => [`--web.listen-address=127.0.0.1:${port}`],
  },
  {
    program: 'HAProxy',
    names: ['haproxy'],
    package: 'haproxy',
    prefix: 'haproxy_',
    // The exporter is switched on as in infra/machines/haproxy/haproxy.cfg, whose backend has this name.
    args: async (port, home) => {
      const file = join(home, 'haproxy.cfg')
      writeFileSync(
        file,
        `defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend metrics
    bind 127.0.0.1:${port}
    http-request use-service prometheus-exporter if { path /metrics }
backend control-planes
    server cp1 127.0.0.1:${await freePort()} check
`,
      )
      return ['-db', '-f', file]
    },
  },
  {
    program: 'Alertmanager',
    names: ['alertmanager', 'prometheus-alertmanager'],
    package: 'prometheus-alertmanager',
    prefix: 'alertmanager_',
    args: async (port, home) => {
      const file = join(home, 'alertmanager.yml')
      writeFileSync(file, 'route: { receiver: none }\nreceivers: [{ name: none }]\n')
      return [
        `--config.file=${file}`,
        `--storage.path=${home}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--cluster.listen-address=',
      ]
    },
  },
  {
    program: 'etcd',
    names: ['etcd'],
    package: 'etcd-server',
    prefix: 'etcd_',
    args: async (port, home) => {
      const peer = `http://127.0.0.1:${await freePort()}`
      const client = `http://127.0.0.1:${port}`
      return [
        ...[`--data-dir=${home}/etcd`, `--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
        ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=default=${peer}`],
      ]
    },
  },
]

describe.each(exporters)('the metrics of $program', ({ names, package: debian, prefix, args }) => {
  const program = names.find(onPath)
  const started: ReturnType<typeof startProgram>[] = []
  afterAll(() => {
    for (const one of started) one.kill()
  })
  const why = program === undefined ? ` (skipped: not on PATH; it is in Debian's package ${debian})` : ''

  test.skipIf(why)(`have the names and labels that rules and panels read${why}`, async () => {
    const port = await freePort()
    const home = folder()
    const running = startProgram(program!, await args(port, home), { cwd: home, env: { PATH: process.env.PATH! } })
    started.push(running)
    const selectors = selectorsOf(prefix)
    expect(selectors).not.toEqual([])
    let missing: string[] = []
    const complete = async () => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined)
      missing = withoutSeries(selectors, (await response?.text()) ?? '')
      return missing.length === 0 || running.isOver()
    }
    await until(complete, { what: `all metrics of ${program}`, timeoutMs: 60_000 }).catch(() => {})
    expect(missing, running.output()).toEqual([])
  })
})

/** Programs that need a cluster: their metrics, and where their source names them. */
const sources = [
  {
    ...{ module: 'k8s.io/kubernetes', version: 'v1.36.3', prefix: 'container_' },
    file: 'pkg/kubelet/metrics/collectors/resource_metrics.go',
    declares: (metric: string) => `"${metric}"`,
  },
  {
    ...{ module: 'k8s.io/kubernetes', version: 'v1.36.3', prefix: 'kubelet_' },
    file: 'pkg/kubelet/metrics/metrics.go',
    declares: (metric: string) => `"${metric.replace('kubelet_', '')}"`,
  },
  {
    ...{ module: 'knative.dev/serving', version: 'v0.50.0', prefix: 'kn_revision_pods_' },
    file: 'pkg/autoscaler/scaling/metrics.go',
    declares: (metric: string) => `"${metric.replaceAll('_', '.')}"`,
  },
  {
    ...{ module: 'knative.dev/serving', version: 'v0.50.0', prefix: 'kn_revision_request_' },
    file: 'pkg/activator/handler/metrics.go',
    declares: (metric: string) => `"${metric.replaceAll('_', '.')}"`,
  },
  {
    ...{ module: 'knative.dev/serving', version: 'v0.50.0', prefix: 'kn_serving_' },
    file: 'pkg/queue/request_metric.go',
    // OpenTelemetry's exporter for Prometheus adds the unit and the part of the histogram.
    declares: (metric: string) => `"${metric.replace(/_seconds_(count|sum|bucket)$/, '').replaceAll('_', '.')}"`,
  },
  {
    ...{ module: 'go.etcd.io/etcd/server/v3', version: 'v3.6.8', prefix: 'etcd_disk_wal_' },
    file: 'storage/wal/metrics.go',
    declares: (metric: string) => `"${metric.replace(/^etcd_disk_|_bucket$/g, '')}"`,
  },
  {
    ...{ module: 'github.com/cert-manager/cert-manager', version: 'v1.19.1', prefix: 'certmanager_' },
    file: 'internal/collectors/certificate_collector.go',
    declares: (metric: string) => `"${metric}"`,
  },
]

describe.each(sources)('the metrics $prefix… of $module $version', ({ module, version, file, prefix, declares }) => {
  test('are those that its source declares', async context => {
    const source = await goSource(module, version, file)
    if ('reason' in source) return context.skip(source.reason)
    const metrics = [...new Set(selectorsOf(prefix).map(selector => /^[\w:]+/.exec(selector)![0]))]
    expect(metrics).not.toEqual([])
    expect(metrics.filter(metric => !source.text.includes(declares(metric)))).toEqual([])
  })
})

test('the metrics of CloudNativePG are those of its predefined queries', async context => {
  const source = await goSource(
    'github.com/cloudnative-pg/cloudnative-pg',
    'v1.28.0',
    'config/manager/default-monitoring.yaml',
  )
  if ('reason' in source) return context.skip(source.reason)
  const metrics = [...new Set(selectorsOf('cnpg_').map(selector => /^[\w:]+/.exec(selector)![0]))]
  expect(metrics).not.toEqual([])
  const declared = metrics.filter(metric => {
    // `cnpg_<query>_<column>`: the columns are listed below the name of the query.
    const [, query, column] = /^cnpg_(pg_replication|pg_stat_database)_(\w+)$/.exec(metric) ?? []
    const [, body = ''] = new RegExp(`^ {4}${query}:\n((?: {5,}.*\n|\n)+)`, 'm').exec(source.text) ?? []
    return new RegExp(`^ +- ${column}:$`, 'm').test(body)
  })
  expect(declared).toEqual(metrics)
})
