import type { LogLine } from '#functions/host/log-line.ts'
import type { PipelineField } from './index-template.ts'

interface SavedObject {
  type: 'index-pattern' | 'search' | 'visualization' | 'dashboard'
  id: string
  attributes: Record<string, unknown>
  references: { type: string; id: string; name: string }[]
}

type Column = keyof LogLine | PipelineField

const dataViewId = 'vigia-logs'

/** In Discover and in the dashboard, the value of this field leads to all lines that have the same value. */
const linkToLines = (field: 'event.id' | 'trace.id' | 'vigia.message_key') => ({
  id: 'url',
  params: {
    urlTemplate: `/app/discover#/?_g=(time:(from:now-30d,to:now))&_a=(dataSource:(dataViewId:${dataViewId},type:dataView),query:(language:kuery,query:'${field}:%22{{value}}%22'))`,
    labelTemplate: '{{value}}',
    openLinkInCurrentTab: true,
  },
})

const dataView: SavedObject = {
  type: 'index-pattern',
  id: dataViewId,
  attributes: {
    title: 'logs-vigia-*',
    name: 'Vigia: log lines',
    timeFieldName: '@timestamp',
    fieldFormatMap: JSON.stringify({
      'event.id': linkToLines('event.id'),
      'trace.id': linkToLines('trace.id'),
      'vigia.message_key': linkToLines('vigia.message_key'),
      'event.duration': {
        id: 'duration',
        params: { inputFormat: 'nanoseconds', outputFormat: 'asMilliseconds', outputPrecision: 1 },
      },
    }),
  },
  references: [],
}

const searchSourceName = 'kibanaSavedObjectMeta.searchSourceJSON.index'

const search = (id: string, title: string, description: string, query: string, columns: Column[]): SavedObject => ({
  type: 'search',
  id,
  attributes: {
    title,
    description,
    columns,
    sort: [['@timestamp', 'desc']],
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({
        query: { language: 'kuery', query },
        filter: [],
        indexRefName: searchSourceName,
      }),
    },
  },
  references: [{ type: 'index-pattern', id: dataViewId, name: searchSourceName }],
})

const eventColumns: Column[] = ['service.name', 'event.type', 'event.id', 'event.outcome', 'event.duration', 'message']

/** The searches, with the query in Kibana's query language (KQL). */
export const searches = [
  search(
    'vigia-by-event',
    'Vigia: lines of an event',
    'Click an event id, or add event.id : "…" to the query, to see every attempt to handle the event.',
    'event.id : *',
    [...eventColumns, 'trace.id'],
  ),
  search(
    'vigia-by-trace',
    'Vigia: lines of a trace',
    'Click a trace id, or add trace.id : "…" to the query, to see what followed from one cause in all functions.',
    'trace.id : *',
    ['trace.id', ...eventColumns],
  ),
  search(
    'vigia-by-message',
    'Vigia: attempts at a message',
    'Lines about one message of the outbox. The key of a message is the id of its event message.requested.',
    'vigia.message_key : *',
    ['vigia.message_key', 'vigia.attempts', 'vigia.telegram_code', 'vigia.telegram_description', 'message', 'trace.id'],
  ),
  search(
    'vigia-faults',
    'Vigia: errors and warnings',
    'Everything that failed, and the output of functions that crashed.',
    'log.level : ("warn" or "error" or "fatal")',
    ['log.level', 'service.name', 'message', 'error.message', 'event.id', 'trace.id', 'kubernetes.pod.name'],
  ),
]

/**
 * A line chart. `body` is a search request with the aggregation `times` (by time), which contains the aggregation
 * `names` (by name). `y` is Vega's expression for the value of one bucket of `names`, which is `datum.by`.
 */
const chart = (id: string, title: string, yTitle: string, body: Record<string, unknown>, y: string): SavedObject => ({
  type: 'visualization',
  id,
  attributes: {
    title,
    visState: JSON.stringify({
      title,
      type: 'vega',
      aggs: [],
      params: {
        spec: JSON.stringify({
          $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
          data: {
            url: { '%context%': true, '%timefield%': '@timestamp', index: 'logs-vigia-*', body },
            format: { property: 'aggregations.times.buckets' },
          },
          transform: [
            { flatten: ['names.buckets'], as: ['by'] },
            { calculate: 'datum.by.key', as: 'name' },
            { calculate: y, as: 'value' },
          ],
          mark: { type: 'line', point: true, tooltip: true },
          encoding: {
            x: { field: 'key', type: 'temporal', axis: { title: null } },
            y: { field: 'value', type: 'quantitative', axis: { title: yTitle } },
            color: { field: 'name', type: 'nominal', legend: { title: null } },
          },
        }),
      },
    }),
    uiStateJSON: '{}',
    kibanaSavedObjectMeta: { searchSourceJSON: '{}' },
  },
  references: [],
})

const overTime = (names: Record<string, unknown>) => ({
  size: 0,
  aggs: {
    times: { date_histogram: { field: '@timestamp', fixed_interval: { '%autointerval%': 60 } }, aggs: { names } },
  },
})

const charts = [
  chart(
    'vigia-lines-by-level',
    'Vigia: lines by level',
    'lines',
    overTime({ terms: { field: 'log.level' } }),
    'datum.by.doc_count',
  ),
  chart(
    'vigia-failures-by-function',
    'Vigia: failed attempts by function',
    'attempts',
    overTime({
      terms: { field: 'service.name', size: 20 },
      aggs: { failures: { filter: { term: { 'event.outcome': 'failure' } } } },
    }),
    'datum.by.failures.doc_count',
  ),
  chart(
    'vigia-duration-by-function',
    'Vigia: 95th percentile of the duration by function',
    'ms',
    overTime({
      terms: { field: 'service.name', size: 20 },
      aggs: { duration: { percentiles: { field: 'event.duration', percents: [95] } } },
    }),
    "datum.by.duration.values['95.0'] / 1000000",
  ),
]

/** A panel of the dashboard. The grid is 48 wide. */
const panel = (object: SavedObject, [x, y, w, h]: [number, number, number, number]) => ({
  type: object.type,
  panelIndex: object.id,
  gridData: { i: object.id, x, y, w, h },
  panelRefName: `panel_${object.id}`,
  embeddableConfig: {},
})

const [byEvent, byTrace, byMessage, faults] = searches as [SavedObject, SavedObject, SavedObject, SavedObject]
const [levels, failures, durations] = charts as [SavedObject, SavedObject, SavedObject]

const dashboard: SavedObject = {
  type: 'dashboard',
  id: 'vigia-logs',
  attributes: {
    title: 'Vigia: logs',
    description: 'What the functions logged. Click the id of an event or of a trace to see all of its lines.',
    timeRestore: true,
    timeFrom: 'now-24h',
    timeTo: 'now',
    optionsJSON: JSON.stringify({ useMargins: true }),
    panelsJSON: JSON.stringify([
      panel(levels, [0, 0, 16, 10]),
      panel(failures, [16, 0, 16, 10]),
      panel(durations, [32, 0, 16, 10]),
      panel(faults, [0, 10, 48, 14]),
      panel(byTrace, [0, 24, 48, 14]),
      panel(byMessage, [0, 38, 48, 12]),
    ]),
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({ query: { language: 'kuery', query: '' }, filter: [] }),
    },
  },
  references: [levels, failures, durations, faults, byTrace, byMessage].map(({ type, id }) => ({
    type,
    id,
    name: `panel_${id}`,
  })),
}

/** Kibana's saved objects, each before the objects that refer to it. */
export const savedObjects: readonly SavedObject[] = [
  dataView,
  byEvent,
  byTrace,
  byMessage,
  faults,
  ...charts,
  dashboard,
]

/** The saved objects as Kibana imports them: one JSON object on each line. */
export const savedObjectsFile = (): string => `${savedObjects.map(object => JSON.stringify(object)).join('\n')}\n`
