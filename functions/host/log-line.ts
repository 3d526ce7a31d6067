import Type, { type Static } from 'typebox'

const keyword = (options: Parameters<typeof Type.String>[0] = {}) => Type.Optional(Type.String(options))
const count = () => Type.Optional(Type.Integer({ minimum: 0 }))
const id = (length: number) => Type.Optional(Type.String({ pattern: `^[0-9a-f]{${length}}$` }))

/**
 * The schema of a log line of a function or a job. The names are those of the Elastic Common Schema (ECS); what ECS
 * does not know begins with `vigia.`. Keys are flat: `"event.id"`, and not `{"event":{"id"}}`. A line has no other
 * field, so that the index template of infra/observability/logs can map every field.
 */
export const LogLine = Type.Object(
  {
    '@timestamp': Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$' }),
    'log.level': Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    message: Type.String(),
    'service.name': Type.String({ minLength: 1 }),
    'service.version': Type.String({ minLength: 1 }),
    /** The commit, if it is known; `<commit>-dirty` for a checkout with changes. */
    'vigia.revision': keyword(),

    'trace.id': id(32),
    'span.id': id(16),
    'event.id': keyword(),
    /** The CloudEvents type. ECS lists categories here (`start`, `info`), which say less. */
    'event.type': keyword(),
    'event.outcome': Type.Optional(Type.Enum(['success', 'failure'])),
    /** Nanoseconds. */
    'event.duration': count(),
    'error.type': keyword(),
    'error.code': keyword(),
    'error.message': keyword(),
    'error.stack_trace': keyword(),
    'http.request.method': keyword(),
    'http.response.status_code': count(),
    'url.path': keyword(),

    'vigia.subject': keyword(),
    'vigia.trigger': keyword(),
    'vigia.outcome': keyword(),
    'vigia.published': count(),
    'vigia.message_key': keyword(),
    'vigia.attempts': count(),
    'vigia.retry_seconds': Type.Optional(Type.Number()),
    'vigia.telegram_code': count(),
    'vigia.telegram_description': keyword(),
    'vigia.refusal': keyword(),
    'vigia.action': keyword(),
    'vigia.update_id': count(),
    'vigia.show_id': count(),
    'vigia.what': keyword(),
    'vigia.tvmaze_status': count(),
    'vigia.wanted': count(),
    'vigia.fetched': count(),
    'vigia.failed': count(),
    'vigia.left': count(),
    'vigia.moved': count(),
  },
  { additionalProperties: false },
)

export type LogLine = Static<typeof LogLine>
