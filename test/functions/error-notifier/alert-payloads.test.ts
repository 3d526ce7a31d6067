import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alertNoticeOf } from '#functions/error-notifier/alert-payload.ts'
import { admitAlerts, alertGroup } from '#functions/error-notifier/alert-requests.ts'
import { alertText } from '#functions/error-notifier/alert-text.ts'
import { startFunction } from '#test/support/function-server.ts'
import { alert, payload, resolved } from './alert-samples.ts'
import { at, noticeOf, startErrorNotifier } from './support.ts'

let fixture: Awaited<ReturnType<typeof startErrorNotifier>>
let server: Awaited<ReturnType<typeof startFunction>>

beforeAll(async () => {
  fixture = await startErrorNotifier()
  server = await startFunction({
    name: 'error-notifier',
    http: { admit: admitAlerts, handle: request => alertGroup(request, fixture.newReplica()) },
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await fixture.stop()
})
beforeEach(() => fixture.reset())

const json = { 'content-type': 'application/json' }
const post = (
  body: string,
  { path = '/alerts', headers = json }: { path?: string; headers?: Record<string, string> } = {},
) => server.request({ path, headers, body })

describe('a request that is not usable is refused with one line, which is also logged', () => {
  const refused: [string, string, string][] = [
    ['not JSON', '{', 'the body is not JSON'],
    ['not an object', '[]', 'the body is not a JSON object'],
    ['nested too deep', '['.repeat(10_000), 'the body is nested too deep'],
    ['of another version', JSON.stringify(payload({ version: '3' })), 'version is "3"; only version "4"'],
    ['without a version', '{}', 'version is missing; only version "4"'],
    ['without a key', JSON.stringify(payload({ groupKey: undefined })), 'groupKey is missing'],
    ['without alerts', JSON.stringify(payload({ alerts: [] })), 'alerts is []; it must be a list'],
    ['with a broken alert', JSON.stringify(payload({ alerts: [alert(), 7] })), 'alerts.1 is not an alert with labels'],
    ['without labels', JSON.stringify(payload({ alerts: [{ status: 'firing' }] })), 'alerts.0 is not an alert with'],
  ]
  test.each(refused)('%s', async (_, body, message) => {
    const response = await post(body)
    expect(response).toMatchObject({ status: 422, body: expect.stringContaining(message) })
    expect(response.body).not.toContain('\n')
    expect(server.logged().at(-1)).toMatchObject({
      'http.response.status_code': 422,
      'url.path': '/alerts',
      message: response.body,
    })
    expect(fixture.received()).toEqual([])
  })

  test('larger than a function accepts', async () => {
    const response = await post(JSON.stringify(payload({ padding: 'x'.repeat(2 ** 20) })))
    expect(response).toMatchObject({ status: 413, body: 'the body is larger than 1048576 bytes' })
    expect(server.logged().at(-1)).toMatchObject({
      'http.response.status_code': 413,
      'url.path': '/alerts',
      message: response.body,
    })
  })

  test('from a form of a web page, to another path, or with another method', async () => {
    const body = JSON.stringify(payload())
    expect(await post(body, { headers: { 'content-type': 'text/plain' } })).toMatchObject({ status: 415 })
    expect(await post(body, { path: '/' })).toMatchObject({ status: 404 })
    expect(await server.request({ method: 'GET', path: '/alerts' })).toMatchObject({ status: 405 })
    expect(fixture.received()).toEqual([])
  })
})

describe('an unusual request still causes a message', () => {
  const received = async (body: unknown) => {
    expect(await post(JSON.stringify(body))).toMatchObject({ status: 204 })
    expect(fixture.received()).toHaveLength(1)
    return fixture.received()[0]!
  }

  test('with a thousand alerts and some that Alertmanager left out', async () => {
    const alerts = Array.from({ length: 1000 }, (_, n) => alert({ labels: { alertname: 'Many', shard: String(n) } }))
    const text = await received(payload({ alerts, truncatedAlerts: 500 }))
    expect(text).toContain('Many · 1500 alertas')
    expect(text).toContain('e mais 1490')
  })

  test('without annotations and times', async () => {
    expect(await received(payload({ alerts: [{ labels: {} }] }))).toMatch(/^🟠 Alertmanager\n#alert[0-9a-f]{12}$/)
  })

  test('with an unknown status, which counts as firing', async () => {
    expect(await received(payload({ status: 'odd', alerts: [alert({ status: 'odd' })] }))).toContain('🔴')
  })

  test('with values of other types and times that are no times', async () => {
    const odd = alert({ labels: { alertname: 7, shard: null }, annotations: 'x', startsAt: 'soon', endsAt: 5 })
    expect(await received(payload({ truncatedAlerts: -1, alerts: [odd] }))).toContain('Alertmanager')
  })

  test('with HTML in labels and annotations, which is shown as text', async () => {
    const labels = { alertname: '<b>Bold', shard: '</code><a href="x">' }
    const text = await received(payload({ alerts: [alert({ labels, annotations: { summary: '5 < 6 & "7"' } })] }))
    expect(text).toContain('<b>Bold')
    expect(text).toContain('shard=</code><a href="x">')
    expect(text).toContain('5 < 6 & "7"')
  })

  test('with texts that are much too long', async () => {
    const long = 'x'.repeat(20_000)
    const labels = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`l${n}`, long]))
    const annotations = { summary: long, runbook_url: `https://x.example/${long}` }
    const alerts = Array.from({ length: 2 }, (_, n) => alert({ labels: { ...labels, n: `${n}` }, annotations }))
    expect((await received(payload({ alerts }))).length).toBeLessThanOrEqual(4096)
  })

  test('with secrets, which are not shown and not stored', async () => {
    const token = '123456789:AAabcdefghijklmnopqrstuvwxyz0123456'
    const text = await received(
      payload({
        alerts: [
          alert({
            labels: { alertname: 'A', url: `https://api.telegram.org/bot${token}/x`, api_token: 'hunter2hunter2' },
            annotations: {
              summary: 'get https://ana:hunter2@db.example failed: Bearer hunter2hunter2hunter2',
              runbook_url: `https://x.example/?token=hunter2`,
              dashboard_url: 'javascript:alert(1)',
            },
          }),
        ],
      }),
    )
    const { rows } = await fixture.db.query<{ news: unknown }>('select news from operator_notice')
    for (const seen of [text, JSON.stringify(rows)]) {
      expect(seen).not.toContain(token)
      expect(seen).not.toContain('hunter2')
      expect(seen).not.toContain('javascript')
      expect(seen).toContain('[redacted]')
    }
  })
})

test('a group that cannot be stored is answered with an error, so that Alertmanager sends it again', async () => {
  await using broken = await startFunction({
    name: 'error-notifier',
    http: {
      admit: admitAlerts,
      handle: request => {
        const replica = fixture.newReplica()
        const query = () => Promise.reject(new Error('PostgreSQL is away'))
        return alertGroup(request, { ...replica, db: { ...replica.db, query } })
      },
    },
  })
  const response = await broken.request({ path: '/alerts', headers: json, body: JSON.stringify(payload()) })
  expect(response).toMatchObject({ status: 500, body: 'internal error' })
  expect(fixture.received()).toEqual([])
})

test('the order of alerts in a request does not matter', () => {
  const [a, b] = [alert(), alert({ labels: { alertname: 'VigiaChecksLate', percentile: '100' } })]
  const notice = (alerts: unknown[]) => alertNoticeOf(Buffer.from(JSON.stringify(payload({ alerts }))))
  expect(notice([a, b])).toEqual(notice([b, a]))
})

test('the message is in the language of the operators and links the runbook and the dashboard', () => {
  const text = (body: unknown) => {
    const { fingerprint, content } = alertNoticeOf(Buffer.from(JSON.stringify(body)))
    const notice = noticeOf({ fingerprint, content })
    return alertText(notice, content.alerts!, { language: 'en', zone: 'Europe/London' }, at('12:30:00'))
  }
  expect(text(payload())).toBe(
    `🔴 <b>VigiaChecksLate</b> · critical
Checks begin too late
<code>percentile=99</code>
since today · 12:00 PM
<a href="https://vigia.example/runbook#vigiacheckslate">what to do</a> · <a href="https://grafana.example/d/vigia-checks">dashboard</a> · #alertc5ddf05eee19`,
  )
  expect(text(resolved)).toContain('✅ <b>VigiaChecksLate</b> · resolved')
  expect(text(resolved)).toContain('today · 12:00 PM, for 20 min')
})
