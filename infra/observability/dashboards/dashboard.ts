import { VizLegendOptionsBuilder } from '@grafana/grafana-foundation-sdk/common'
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** One panel: a number with its recent course (`stat`), or lines over time. */
export interface PanelSource {
  title: string
  /** What the figure means, and what to do if it is bad. */
  description?: string
  kind?: 'stat' | 'lines'
  /** A unit of Grafana: `s`, `short`, `bytes`, `percentunit`. */
  unit?: string
  /** The number of columns, of the 24 of the grid. */
  width: number
  height?: number
  /** Queries in PromQL with the name of their lines: `{{state}}` is the value of a label. */
  queries: readonly (readonly [expr: string, legend: string])[]
  /** The value from which the figure is red. A stat is green below it. */
  redFrom?: number
  decimals?: number
}

/** A dashboard as its file declares it. */
export interface DashboardSource {
  /** The end of the uid (`vigia-overview`) and the name of the file. */
  name: string
  title: string
  description: string
  /** Whether the variable `function` selects functions. */
  selectsFunctions?: boolean
  panels: readonly PanelSource[]
}

/** The data source that the reader selects with a variable, because one Grafana may have several Prometheus servers. */
const datasource = { type: 'prometheus', uid: `\${datasource}` }

/**
 * New releases: a version that was not there in the hour before. Functions come and go, so a short look back would show
 * a release each time a function starts.
 */
const releases =
  'count by (version, revision) (vigia_build_info) unless count by (version, revision) (max_over_time(vigia_build_info[1h] offset 1m))'
const incidents = 'max(vigia_open_incidents) > 0'

const gridWidth = 24

/** The JSON of a dashboard for Grafana. Throws an Error if a row is wider than Grafana's grid. */
export const dashboardOf = ({ name, title, description, selectsFunctions, panels }: DashboardSource): Dashboard => {
  const builder = new DashboardBuilder(`Vigia / ${title}`)
    .uid(`vigia-${name}`)
    .description(description)
    .tags(['vigia'])
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-3h', to: 'now' })
    .refresh('30s')
    .readonly()
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .link(
      new DashboardLinkBuilder('Vigia')
        .type(DashboardLinkType.Dashboards)
        .tags(['vigia'])
        .asDropdown(false)
        .includeVars(true)
        .keepTime(true),
    )
    .annotation(annotation('Releases', 'blue', releases, 'release {{version}} ({{revision}})'))
    .annotation(annotation('Open incidents', 'red', incidents, 'a site is down'))
  if (selectsFunctions)
    builder.withVariable(
      new QueryVariableBuilder('function')
        .label('Function')
        .datasource(datasource)
        .query({ query: 'label_values(vigia_build_info, function)', refId: 'function' })
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        .allValue('.*')
        .current({ selected: true, text: 'All', value: '$__all' }),
    )
  const dashboard = builder.build()
  return { ...dashboard, panels: placed(panels) }
}

const annotation = (name: string, color: string, expr: string, text: string) =>
  new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step('60s')
    .titleFormat(text)

/** The panels from left to right and from top to bottom. A panel that does not fit in the row starts the next one. */
const placed = (sources: readonly PanelSource[]): Panel[] => {
  let [x, y, rowHeight] = [0, 0, 0]
  return sources.map((source, index) => {
    const height = source.height ?? (source.kind === 'stat' ? 4 : 8)
    if (source.width > gridWidth) throw new Error(`${source.title} is wider than ${gridWidth} columns`)
    if (x + source.width > gridWidth) [x, y, rowHeight] = [0, y + rowHeight, 0]
    const gridPos = { x, y, w: source.width, h: height }
    x += source.width
    rowHeight = Math.max(rowHeight, height)
    return panelOf(source)
      .id(index + 1)
      .gridPos(gridPos)
      .build()
  })
}

const panelOf = ({ title, description, kind = 'lines', unit = 'short', queries, redFrom, decimals }: PanelSource) => {
  const panel =
    kind === 'stat'
      ? new StatBuilder()
      : new TimeSeriesBuilder().fillOpacity(10).legend(new VizLegendOptionsBuilder().showLegend(true))
  panel.title(title).unit(unit).datasource(datasource).min(0)
  if (description !== undefined) panel.description(description)
  if (decimals !== undefined) panel.decimals(decimals)
  if (redFrom !== undefined) panel.thresholds(thresholds(redFrom))
  for (const [index, [expr, legend]] of queries.entries())
    panel.withTarget(
      new DataqueryBuilder()
        .refId(String.fromCharCode(65 + index))
        .datasource(datasource)
        .expr(expr)
        .legendFormat(legend),
    )
  return panel
}

const thresholds = (redFrom: number) =>
  new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: 'green' },
    { value: redFrom, color: 'red' },
  ])
