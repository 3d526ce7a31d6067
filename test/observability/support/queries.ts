import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard'
import { parser } from '@prometheus-io/lezer-promql'

/** The panels of a dashboard. The dashboards of Vigia have no rows, which Grafana also lists as panels. */
export const panelsOf = (dashboard: Dashboard): Panel[] => dashboard.panels as Panel[]

/** The queries of all panels, as they are written. */
export const queriesOf = (dashboard: Dashboard): string[] =>
  panelsOf(dashboard).flatMap(({ targets }) => targets!.map(target => (target as unknown as { expr: string }).expr))

export const annotationQueriesOf = (dashboard: Dashboard): string[] =>
  dashboard.annotations!.list!.flatMap(({ expr }) => expr ?? [])

/** The variables of a dashboard that a text uses, without those of Grafana itself. */
export const variablesIn = (text: string): string[] =>
  [...text.matchAll(/\$\{?([a-z]\w*)/gi)].map(([, name]) => name!).filter(name => !name.startsWith('__'))

/** The query as Grafana sends it, with every function selected. */
export const withVariables = (expr: string, interval: string): string =>
  expr.replaceAll('$__rate_interval', interval).replaceAll('$function', '.*')

/** The names of the metrics that a query reads. */
export const metricsIn = (expr: string): string[] => {
  const names = new Set<string>()
  const text = withVariables(expr, '1m')
  parser.parse(text).iterate({
    enter: ({ name, node }) => {
      if (name === 'VectorSelector') {
        const identifier = node.getChild('Identifier')
        if (identifier) names.add(text.slice(identifier.from, identifier.to))
      }
    },
  })
  return [...names]
}

/** The selectors of a query with their labels: `vigia_monitors{state="down"}`. */
export const selectorsIn = (expr: string): string[] => {
  const selectors: string[] = []
  parser.parse(expr).iterate({
    enter: ({ name, from, to }) => {
      if (name === 'VectorSelector') selectors.push(expr.slice(from, to))
    },
  })
  return selectors
}
