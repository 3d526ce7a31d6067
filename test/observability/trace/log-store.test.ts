import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '#infra/net/free-port.ts'
import { logStoreOf } from '#infra/observability/trace/log-store.ts'
import { folder } from '#test/support/temporary-folders.ts'

const line = (id: string, at: number, trace = 'a'.repeat(32)) => ({
  '@timestamp': `2026-11-30T12:00:0${at}.000Z`,
  'log.level': 'info',
  message: 'handled',
  'service.name': 'uptime-prober',
  'service.version': '1.4.2',
  'trace.id': trace,
  'event.id': id,
})
const query = { traceId: 'a'.repeat(32), eventIds: ['e1', 'with "quotes"'] }

test('the log files of a machine have the lines of the trace and of the events, the oldest first, and other text is skipped', async () => {
  const dataDir = folder()
  mkdirSync(join(dataDir, 'logs'))
  const lines = [line('e9', 3), line('e1', 1, 'b'.repeat(32)), line('e8', 2, 'c'.repeat(32))]
  writeFileSync(
    join(dataDir, 'logs/b.log'),
    `${lines.map(one => JSON.stringify(one)).join('\n')}\n{broken\nplain text\n`,
  )
  writeFileSync(join(dataDir, 'logs/a.log.1'), `${JSON.stringify(line('e7', 2))}\n`)
  const found = await logStoreOf({}, dataDir)!.lines(query)
  expect(found.map(one => one['event.id'])).toEqual(['e1', 'e7', 'e9'])
})

test('without a log store and without a data folder there is nothing to search, and a missing folder is named', async () => {
  expect(logStoreOf({}, null)).toBeUndefined()
  await expect(logStoreOf({}, '/nowhere')!.lines(query)).rejects.toThrow(
    'the logs in /nowhere/logs cannot be read: ENOENT',
  )
})

describe('a log store that the environment names', () => {
  let server: Server
  let url: string
  let requests: { line: string; authorization: string | undefined; body: string }[]
  let answer: { status: number; body: string }
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += chunk
      const { authorization } = request.headers
      requests.push({ line: `${request.method} ${request.url}`, authorization, body })
      response.writeHead(answer.status).end(answer.body)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    url = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())
  beforeEach(() => {
    requests = []
  })

  test('Elasticsearch is asked for the trace and the events, with the credentials of its address', async () => {
    answer = { status: 200, body: JSON.stringify({ hits: { hits: [{ _source: line('e1', 1) }] } }) }
    const store = logStoreOf({ ELASTICSEARCH_URL: `http://elastic:p%40ss@${url}` }, '/ignored')!
    expect(await store.lines(query)).toEqual([line('e1', 1)])
    expect(requests).toHaveLength(1)
    expect(requests[0]!.line).toBe('POST /logs-vigia-default/_search')
    expect(Buffer.from(requests[0]!.authorization!.slice('Basic '.length), 'base64').toString()).toBe('elastic:p@ss')
    expect(JSON.parse(requests[0]!.body).query.bool.should).toEqual([
      { term: { 'trace.id': query.traceId } },
      { terms: { 'event.id': query.eventIds } },
    ])
  })

  test('VictoriaLogs is asked with a LogsQL query, and its names of the time and the text are read', async () => {
    const { '@timestamp': time, message, ...fields } = line('e1', 1)
    answer = { status: 200, body: `${JSON.stringify({ _time: time, _msg: message, ...fields })}\n` }
    expect(await logStoreOf({ VICTORIALOGS_URL: `http://${url}/logs` }, null)!.lines(query)).toMatchObject([
      line('e1', 1),
    ])
    expect(requests[0]!.line).toBe('POST /logs/select/logsql/query')
    expect(new URLSearchParams(requests[0]!.body).get('query')).toBe(
      String.raw`trace.id:="${query.traceId}" or event.id:="e1" or event.id:="with \"quotes\""`,
    )
  })

  test('a store that refuses, does not answer or has no valid address is one line', async () => {
    answer = { status: 401, body: 'unauthorized' }
    const failure = (env: NodeJS.ProcessEnv) => logStoreOf(env, null)!.lines(query)
    await expect(failure({ ELASTICSEARCH_URL: `http://${url}` })).rejects.toThrow(
      `${url} of ELASTICSEARCH_URL answered 401: unauthorized`,
    )
    await expect(failure({ VICTORIALOGS_URL: `http://127.0.0.1:${await freePort()}` })).rejects.toThrow(
      /of VICTORIALOGS_URL does not answer: ECONNREFUSED/,
    )
    await expect(failure({ ELASTICSEARCH_URL: 'elastic' })).rejects.toThrow('ELASTICSEARCH_URL is not a URL')
  })
})
