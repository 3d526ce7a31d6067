import type { LogLine } from '#functions/host/log-line.ts'

/** What the pipeline adds to a line: where the line was written. pipeline/fluent-bit.yaml gives these names. */
export type PipelineField =
  | 'kubernetes.namespace'
  | 'kubernetes.node.name'
  | 'kubernetes.pod.name'
  | 'kubernetes.container.name'

interface Mapping {
  type: 'date' | 'keyword' | 'constant_keyword' | 'match_only_text' | 'wildcard' | 'long' | 'integer' | 'double'
  value?: string
  ignore_above?: number
}

/** Longer values are stored and shown, but cannot be searched. */
const keyword: Mapping = { type: 'keyword', ignore_above: 1024 }
const long: Mapping = { type: 'long' }
const integer: Mapping = { type: 'integer' }
/** Words of the text can be searched. */
const text: Mapping = { type: 'match_only_text' }

/** How each field of a line is indexed. tsc complains about a field of the schema that is missing here. */
export const mappings: Readonly<Record<keyof LogLine | PipelineField, Mapping>> = {
  '@timestamp': { type: 'date' },
  'log.level': keyword,
  message: text,
  'service.name': keyword,
  'service.version': keyword,
  'vigia.revision': keyword,
  'trace.id': keyword,
  'span.id': keyword,
  'event.id': keyword,
  'event.type': keyword,
  'event.outcome': keyword,
  'event.duration': long,
  'error.type': keyword,
  'error.code': keyword,
  'error.message': text,
  'error.stack_trace': { type: 'wildcard' },
  'http.request.method': keyword,
  'http.response.status_code': long,
  'url.path': { type: 'wildcard' },
  'vigia.subject': keyword,
  'vigia.trigger': keyword,
  'vigia.outcome': keyword,
  'vigia.published': integer,
  'vigia.message_key': keyword,
  'vigia.attempts': integer,
  'vigia.retry_seconds': { type: 'double' },
  'vigia.telegram_code': integer,
  'vigia.telegram_description': text,
  'vigia.refusal': keyword,
  'vigia.action': keyword,
  'vigia.update_id': long,
  'vigia.show_id': long,
  'vigia.what': keyword,
  'vigia.tvmaze_status': integer,
  'vigia.wanted': integer,
  'vigia.fetched': integer,
  'vigia.failed': integer,
  'vigia.left': integer,
  'vigia.moved': integer,
  'kubernetes.namespace': keyword,
  'kubernetes.node.name': keyword,
  'kubernetes.pod.name': keyword,
  'kubernetes.container.name': keyword,
}

/** The lines of all functions and jobs. Elasticsearch makes the data stream when the first line arrives. */
export const dataStream = 'logs-vigia-default'

/**
 * The index template of the data stream. `dynamic` is false: a field without a mapping is stored and shown, but not
 * indexed, so that no line is refused and no wrong field grows the index. A value of the wrong type is stored, but not
 * indexed, for the same reason.
 */
export const indexTemplate = {
  index_patterns: ['logs-vigia-*'],
  data_stream: {},
  // Elasticsearch's own template for logs-*-* has the priority 100.
  priority: 200,
  _meta: { description: 'Log lines of Vigia, with the field names of ECS' },
  template: {
    settings: {
      'index.lifecycle.name': 'vigia-logs',
      'index.codec': 'best_compression',
      'index.mapping.ignore_malformed': true,
    },
    mappings: {
      dynamic: false,
      properties: { ...mappings, 'ecs.version': { type: 'constant_keyword', value: '9.2.0' } },
    },
  },
} as const

/** A line is deleted 30 days after the index that holds it was rolled over. */
export const lifecyclePolicy = {
  policy: {
    _meta: { description: 'Log lines of Vigia: an index a day, merged after two days, deleted after 30 days' },
    phases: {
      hot: {
        actions: { rollover: { max_age: '1d', max_primary_shard_size: '20gb' }, set_priority: { priority: 100 } },
      },
      warm: {
        min_age: '2d',
        actions: { forcemerge: { max_num_segments: 1 }, set_priority: { priority: 50 } },
      },
      delete: { min_age: '30d', actions: { delete: {} } },
    },
  },
} as const
