import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Refusal } from '#infra/refusal.ts'

/** The fields of a log line that a trace shows. functions/host/log-line.ts has all of them. */
export interface Line {
  '@timestamp': string
  'log.level': string
  message: string
  'service.name': string
  'service.version': string
  'vigia.revision'?: string
  'trace.id'?: string
  'event.id'?: string
  'event.type'?: string
  /** Nanoseconds; VictoriaLogs stores all values as text. */
  'event.duration'?: number | string
  'vigia.outcome'?: string
  'vigia.message_key'?: string
}

/** What lines are looked for: those of a trace, and those about these events. */
export interface LogQuery {
  traceId: string | undefined
  eventIds: readonly string[]
}

/** A place where log lines can be searched. */
export interface LogStore {
  /** Its name for people. */
  name: string
  /** The lines, the oldest first. Rejects with a Refusal that says why they cannot be read. */
  lines(query: LogQuery): Promise<Line[]>
}

/** More lines of one trace are not shown: a busy tick can have thousands. */
const maxLines = 500
const timeoutMs = 10_000

/** The store that the environment names; the log files of the data folder if it names none. */
export const logStoreOf = (
  { ELASTICSEARCH_URL, VICTORIALOGS_URL }: NodeJS.ProcessEnv,
  dataDir: string | null,
): LogStore | undefined => {
  if (ELASTICSEARCH_URL) return elasticsearch(ELASTICSEARCH_URL)
  if (VICTORIALOGS_URL) return victoriaLogs(VICTORIALOGS_URL)
  return dataDir === null ? undefined : logFiles(join(dataDir, 'logs'))
}

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`

/** The searches that a person can paste into Kibana (KQL) and into VictoriaLogs (LogsQL). */
export const searchesFor = ({ traceId, eventIds }: LogQuery): { kibana: string; victoriaLogs: string } => {
  const terms = [
    ...(traceId === undefined ? [] : [['trace.id', traceId] as const]),
    ...eventIds.map(id => ['event.id', id] as const),
  ]
  return {
    kibana: terms.map(([name, value]) => `${name} : ${quoted(value)}`).join(' or '),
    victoriaLogs: terms.map(([name, value]) => `${name}:=${quoted(value)}`).join(' or '),
  }
}

const logFiles = (folder: string): LogStore => ({
  name: folder,
  lines: async ({ traceId, eventIds }) => {
    const ids = new Set(eventIds)
    const files = await readdir(folder).catch(error => {
      throw new Refusal(`the logs in ${folder} cannot be read: ${(error as Error).message}`)
    })
    const found: Line[] = []
    for (const file of files.toSorted()) {
      // A file may be rotated away between the two calls.
      const text = await readFile(join(folder, file), 'utf8').catch(() => '')
      for (const line of text.split('\n')) {
        const entry = lineIn(line)
        if (entry && ((traceId !== undefined && entry['trace.id'] === traceId) || ids.has(entry['event.id'] ?? '')))
          found.push(entry)
      }
    }
    return inOrder(found)
  },
})

/** The entry of a line; undefined for text that a function wrote without the logger. */
const lineIn = (text: string): Line | undefined => {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Line
  } catch {
    return undefined
  }
}

const inOrder = (lines: Line[]): Line[] =>
  lines.toSorted((one, other) => (one['@timestamp'] < other['@timestamp'] ? -1 : 1)).slice(0, maxLines)

/** Elasticsearch or OpenSearch with the data stream of infra/observability/logs. */
const elasticsearch = (address: string): LogStore => ({
  name: 'Elasticsearch',
  lines: async ({ traceId, eventIds }) => {
    const body = {
      size: maxLines,
      sort: [{ '@timestamp': 'asc' }],
      query: {
        bool: {
          should: [
            ...(traceId === undefined ? [] : [{ term: { 'trace.id': traceId } }]),
            { terms: { 'event.id': eventIds } },
          ],
        },
      },
    }
    const answer = await ask('ELASTICSEARCH_URL', address, 'logs-vigia-default/_search', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (JSON.parse(answer) as { hits: { hits: { _source: Line }[] } }).hits.hits.map(({ _source }) => _source)
  },
})

const victoriaLogs = (address: string): LogStore => ({
  name: 'VictoriaLogs',
  lines: async query => {
    const parameters = new URLSearchParams({ query: searchesFor(query).victoriaLogs, limit: String(maxLines) })
    const answer = await ask('VICTORIALOGS_URL', address, 'select/logsql/query', { method: 'POST', body: parameters })
    // VictoriaLogs names the time and the text of a line itself.
    const named = (line: Line & { _time?: string; _msg?: string }): Line => ({
      ...line,
      '@timestamp': line['@timestamp'] ?? line._time ?? '',
      message: line.message ?? line._msg ?? '',
    })
    return inOrder(
      answer
        .split('\n')
        .flatMap(line => lineIn(line) ?? [])
        .map(named),
    )
  },
})

/** The body of the response. Credentials in the address are sent as a header, because fetch refuses them. */
const ask = async (variable: string, address: string, path: string, init: RequestInit): Promise<string> => {
  if (!URL.canParse(address)) throw new Refusal(`${variable} is not a URL; use https://user:password@host:9200`)
  const base = new URL(address)
  const { username, password } = base
  base.username = ''
  base.password = ''
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  const headers = { ...init.headers, ...(username === '' ? {} : { authorization: `Basic ${credentials}` }) }
  const response = await fetch(new URL(path, base), { ...init, headers, signal: AbortSignal.timeout(timeoutMs) }).catch(
    error => {
      throw new Refusal(`${base.host} of ${variable} does not answer: ${reasonOf(error)}`)
    },
  )
  const text = await response.text()
  if (response.ok) return text
  throw new Refusal(`${base.host} of ${variable} answered ${response.status}: ${text.slice(0, 200)}`)
}

const reasonOf = (error: Error & { cause?: Error & { code?: string } }) =>
  error.cause?.code ?? error.cause?.message ?? error.message
