/**
 * What a log line can say besides its text. log-line.ts describes the finished line. A new field needs a name in
 * `names`, a property in log-line.ts, and a mapping in infra/observability/logs.
 */
export interface LogFields {
  /** The event that was handled: its id, type, subject and trace. */
  id?: string | undefined
  type?: string | undefined
  subject?: string | undefined
  trace?: string | undefined
  span?: string | undefined
  /** The Trigger whose dead letter was handled. */
  trigger?: string | undefined
  /** The HTTP request that was handled, and the status of the response. */
  method?: string | undefined
  path?: string | undefined
  status?: number | undefined
  /** `done`, or how the handling failed; the label of the metric `vigia_handled_seconds` has the same values. */
  outcome?: string | undefined
  /** The duration in milliseconds. The line has nanoseconds, as ECS requires. */
  ms?: number | undefined
  /** The number of events that were published. */
  published?: number | undefined
  /** The error, or the error that caused a refusal. */
  error?: unknown
  cause?: unknown
  /** The key of a message in the outbox. */
  key?: string | undefined
  attempts?: number | undefined
  retrySeconds?: number | null | undefined
  /** Telegram's refusal of a message, and what is done about it. */
  code?: number | undefined
  description?: string | undefined
  refusal?: string | undefined
  action?: string | undefined
  /** Telegram's id of an update. */
  update?: number | undefined
  /** TVmaze's id of a show, what was asked of TVmaze, and the status of the response. */
  show?: number | undefined
  what?: string | undefined
  tvmazeStatus?: number | null | undefined
  /** A run of the series-refresher: how many shows it wanted, fetched, failed to fetch, left, and found moved. */
  wanted?: number | undefined
  fetched?: number | undefined
  failed?: number | undefined
  left?: number | undefined
  moved?: number | undefined
}

/** The fields that need more than a name. */
type ComputedField = 'ms' | 'outcome' | 'error' | 'cause'

/**
 * The names of the fields in a line: those of the Elastic Common Schema (ECS) where ECS has the field. The names of our
 * own fields begin with `vigia.`, so that they never collide with a later version of ECS.
 */
const names: Readonly<Record<Exclude<keyof LogFields, ComputedField>, string>> = {
  id: 'event.id',
  type: 'event.type',
  trace: 'trace.id',
  span: 'span.id',
  method: 'http.request.method',
  path: 'url.path',
  status: 'http.response.status_code',
  subject: 'vigia.subject',
  trigger: 'vigia.trigger',
  published: 'vigia.published',
  key: 'vigia.message_key',
  attempts: 'vigia.attempts',
  retrySeconds: 'vigia.retry_seconds',
  code: 'vigia.telegram_code',
  description: 'vigia.telegram_description',
  refusal: 'vigia.refusal',
  action: 'vigia.action',
  update: 'vigia.update_id',
  show: 'vigia.show_id',
  what: 'vigia.what',
  tvmazeStatus: 'vigia.tvmaze_status',
  wanted: 'vigia.wanted',
  fetched: 'vigia.fetched',
  failed: 'vigia.failed',
  left: 'vigia.left',
  moved: 'vigia.moved',
}

/** The fields as a line has them: flat, under the names of ECS. */
export const ecsFields = (fields: LogFields): Record<string, unknown> => {
  const line: Record<string, unknown> = {}
  for (const name in fields) {
    const value = fields[name as keyof LogFields]
    if (value === undefined || value === null) continue
    if (name === 'ms') line['event.duration'] = Math.round(Number(value) * 1e6)
    else if (name === 'outcome') {
      // ECS knows only success and failure.
      line['event.outcome'] = value === 'done' ? 'success' : 'failure'
      line['vigia.outcome'] = value
    } else if (name === 'error' || name === 'cause') Object.assign(line, errorFields(value))
    else line[names[name as keyof typeof names] ?? name] = value
  }
  return line
}

/** The maximum number of characters of the message, and of the stack trace, of an error. */
const maxTextLength = 16_000
/** The maximum number of causes of an error that a line names. A chain of causes can be a circle. */
const maxCauses = 5

const errorFields = (thrown: unknown): Record<string, unknown> => {
  if (!(thrown instanceof Error)) return { 'error.message': shortened(String(thrown)) }
  const { name, message, code } = thrown as Error & { code?: unknown }
  return {
    'error.type': name,
    'error.message': shortened(message),
    ...(code === undefined ? {} : { 'error.code': String(code) }),
    'error.stack_trace': shortened(stackWithCauses(thrown)),
  }
}

const stackWithCauses = (error: Error): string => {
  const stacks: string[] = []
  for (let one: unknown = error; one !== undefined && stacks.length <= maxCauses; ) {
    stacks.push(one instanceof Error ? (one.stack ?? `${one.name}: ${one.message}`) : String(one))
    one = one instanceof Error ? one.cause : undefined
  }
  return stacks.join('\ncaused by: ')
}

const shortened = (text: string) => (text.length > maxTextLength ? `${text.slice(0, maxTextLength)}…` : text)
