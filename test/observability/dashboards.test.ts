import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { parseManifests } from '#infra/cluster/render/overlays.ts'
import { kubeTool, kustomize } from '#infra/delivery/kube-tools.ts'
import { dashboards } from '#infra/observability/generate.ts'
import { root } from '#infra/repository.ts'
import { annotationQueriesOf, panelsOf, queriesOf, variablesIn } from './support/queries.ts'

const all = [...dashboards].map(([file, dashboard]) => [file, dashboard] as const)

test('every dashboard has its own uid and title', () => {
  for (const key of ['uid', 'title'] as const)
    expect(new Set(all.map(([, dashboard]) => dashboard[key])).size, key).toBe(all.length)
})

describe.each(all)('%s', (_, dashboard) => {
  const panels = panelsOf(dashboard)

  test('has panels with ids of their own and with titles that differ', () => {
    expect(panels.length).toBeGreaterThan(0)
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
  })

  test('has no two panels in one place, and none outside of the grid', () => {
    const cells = panels.flatMap(({ gridPos }) => {
      const { x, y, w, h } = gridPos!
      expect(x + w).toBeLessThanOrEqual(24)
      return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`)
    })
    expect(new Set(cells).size).toBe(cells.length)
  })

  test('has only queries that are valid PromQL, for the data source that the reader chooses', () => {
    for (const expr of [...queriesOf(dashboard), ...annotationQueriesOf(dashboard)])
      expect(syntaxError(expr), expr).toBeNull()
    for (const panel of panels)
      for (const { datasource } of [panel, ...(panel.targets as Pick<Panel, 'datasource'>[])])
        expect(datasource?.uid).toBe(`\${datasource}`)
  })

  test('uses every variable that it declares, and no other', () => {
    const declared = dashboard.templating!.list!.map(({ name }) => name)
    expect(new Set(variablesIn(JSON.stringify(dashboard)))).toEqual(new Set(declared))
  })

  test('leads to the other dashboards, and shows releases and incidents', () => {
    expect(dashboard.links).toMatchObject([{ type: 'dashboards', tags: ['vigia'], keepTime: true }])
    expect(dashboard.tags).toContain('vigia')
    expect(dashboard.annotations!.list!.map(({ name }) => name)).toEqual(['Releases', 'Open incidents'])
  })
})

test('PromQL that is not valid is found', () => {
  for (const expr of ['sum(', 'rate(up[5m)', 'up{', 'sum by function (up)'])
    expect(syntaxError(expr), expr).not.toBeNull()
})

/** The position of the first syntax error; null if Prometheus' grammar accepts the query. */
const syntaxError = (expr: string): number | null => {
  let at: number | null = null
  parser.parse(expr.replaceAll('$__rate_interval', '1m')).iterate({
    enter: node => {
      if (node.type.isError) at ??= node.from
    },
  })
  return at
}

const reason = (await kubeTool('kubectl')) === undefined ? ' (skipped: no kubectl)' : ''

test.skipIf(reason)(`Grafana of a cluster finds each dashboard in a ConfigMap with its label${reason}`, async () => {
  const folder = 'infra/observability/cluster'
  const objects = parseManifests(await kustomize(`${root}/${folder}`), folder) as unknown as {
    kind: string
    metadata: { name: string; namespace: string; labels: Record<string, string> }
    data: Record<string, string>
  }[]
  const maps = objects.filter(({ kind }) => kind === 'ConfigMap')
  expect(maps.flatMap(({ data }) => Object.keys(data)).toSorted()).toEqual([...dashboards.keys()].toSorted())
  for (const { metadata, data } of maps) {
    expect(metadata).toMatchObject({ namespace: 'observability', labels: { grafana_dashboard: '1' } })
    for (const [file, text] of Object.entries(data))
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(dashboards.get(file))))
  }
})
