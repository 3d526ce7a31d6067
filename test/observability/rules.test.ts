import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dashboards } from '#infra/observability/generate.ts'
import { alerts, root, rules, ruleTests } from './rule-files.ts'
import { annotationQueriesOf, metricsIn, queriesOf } from './support/queries.ts'

const page = (name: string) => readFileSync(join(root, 'infra/observability', name), 'utf8')
const names = () => alerts().map(({ alert }) => alert)

test('the names of alerts and of recording rules are used once', () => {
  const all = rules().map(({ alert, record }) => alert ?? record)
  expect(all).toEqual([...new Set(all)])
})

test.each(alerts())(
  '$alert has a severity, texts in both languages, a section of the runbook and a dashboard',
  alert => {
    expect(alert.alert).toMatch(/^Vigia[A-Z]\w+$/)
    expect(alert.labels.severity).toMatch(/^(critical|warning|none)$/)
    const { summary, summary_pt_br, runbook_url, dashboard_url, ...others } = alert.annotations
    expect(others).toEqual({})
    expect(summary).toMatch(/\w/)
    expect(summary_pt_br).toMatch(/\w/)
    expect(summary_pt_br).not.toBe(summary)
    const values = (text = '') => text.match(/\{\{.*?\}\}/g) ?? []
    expect(values(summary_pt_br)).toEqual(values(summary))
    expect(runbook_url).toBe(
      `https://git.example.org/vigia/infra/observability/runbook.md#${alert.alert.toLowerCase()}`,
    )
    expect([...dashboards.values()].map(({ uid }) => `http://localhost:3000/d/${uid}`)).toContain(dashboard_url)
  },
)

test('the runbook has one section for each alert', () => {
  const sections = [...page('runbook.md').matchAll(/^## (.+)$/gm)].map(([, title]) => title)
  expect(sections.toSorted()).toEqual(names().toSorted())
})

test('each alert has a case that fires and a case that is silent; the watchdog always fires', () => {
  const tested = new Map<string, Set<string>>()
  for (const { name, promql_expr_test: expressions } of ruleTests()) {
    const [, alert = '', outcome = ''] = /^(\w+) (fires|is silent) /.exec(name) ?? []
    tested.set(alert, (tested.get(alert) ?? new Set()).add(outcome))
    expect(expressions.map(({ expr }) => expr)).toEqual([`count(ALERTS{alertname="${alert}", alertstate="firing"})`])
    expect(expressions[0]!.exp_samples.length).toBe(outcome === 'fires' ? 1 : 0)
  }
  const expected = names().map((alert): [string, string[]] => [
    alert,
    alert === 'VigiaWatchdog' ? ['fires'] : ['fires', 'is silent'],
  ])
  expect([...tested].map(([alert, outcomes]) => [alert, [...outcomes].toSorted()]).toSorted()).toEqual(
    expected.toSorted(),
  )
})

test('cases give Prometheus a sample at least every five minutes, because older samples count as absent', () => {
  expect(new Set(ruleTests().map(({ interval }) => interval))).toEqual(new Set(['1m', '5m']))
})

test('each metric in a rule or a panel is one of Vigia, a recording rule, or listed with its exporter', () => {
  const known = new Set([
    ...rules().map(({ record }) => record),
    ...[...`${page('README.md')}${page('rules/README.md')}`.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name),
  ])
  const panels = [...dashboards.values()].flatMap(one => [...queriesOf(one), ...annotationQueriesOf(one)])
  const used = new Set([...rules().map(({ expr }) => expr), ...panels].flatMap(metricsIn))
  // Every process and every scrape has these.
  const common = /^(process|nodejs)_|^up$/
  expect(
    [...used].filter(name => !known.has(name.replace(/^(vigia_\w+)_(bucket|count|sum)$/, '$1')) && !common.test(name)),
  ).toEqual([])
  const listed = [...page('rules/README.md').matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name!)
  expect(listed.filter(name => !used.has(name))).toEqual([])
})

test('each recording rule is used by an alert', () => {
  const used = new Set(alerts().flatMap(({ expr }) => metricsIn(expr)))
  expect(rules().filter(({ record }) => record !== undefined && !used.has(record))).toEqual([])
})
