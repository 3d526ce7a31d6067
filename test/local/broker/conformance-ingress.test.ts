import { describe, expect, test, vi } from 'vitest'
import { systemClock } from '#functions/host/clock.ts'
import { ingress } from '#local/broker/ingress.ts'
import { ingressRows, ingressTriggers } from '#test/support/broker-conformance/ingress-rows.ts'
import { binary } from '#test/support/broker-conformance/requests.ts'
import { sendRequest, startServer } from '#test/support/http.ts'
import { conformanceBroker } from './conformance-support.ts'

const { database, server } = conformanceBroker(ingressTriggers, { url: 'http://broker/vigia/default' })

describe('the ingress', () => {
  test.each(ingressRows)('$title: $status', async ({ request, status, headers = {} }) => {
    const before = server.broker.stats()
    const response = await sendRequest(server.ingressUrl, request)
    expect(response.status).toBe(status)
    expect(response.body).toBe('')
    expect(response.headers).toMatchObject({ allow: 'POST, OPTIONS', ...headers })
    const { accepted, duplicates } = server.broker.stats()
    expect(accepted + duplicates - before.accepted - before.duplicates, 'kept').toBe(status === 202 ? 1 : 0)
  })

  test('an event that this process publishes gets the same status as an event that arrives by POST', async () => {
    // Rows with a method or a path are about the HTTP request.
    const rows = ingressRows.filter(
      ({ request, status }) => [202, 400].includes(status) && !request.method && !request.path,
    )
    const statuses = await Promise.all(
      rows.map(({ request: { headers = {}, body = '' } }) => server.broker.take(headers, Buffer.from(body))),
    )
    expect(rows.map(({ title }, index) => [title, statuses[index]])).toEqual(
      rows.map(({ title, status }) => [title, status]),
    )
  })

  test('a request whose body does not arrive gets 500 after the timeout', async () => {
    const accept = vi.fn()
    const { handler } = ingress({
      path: '/vigia/default',
      accept,
      onRefused: () => {},
      clock: systemClock,
      readTimeoutMs: 20,
    })
    const { url, stop } = await startServer(handler)
    const response = await sendRequest(`${url}/vigia/default`, binary({ 'content-length': '100' }))
    expect(response).toMatchObject({ status: 500, body: '' })
    expect(accept).not.toHaveBeenCalled()
    await stop()
  })

  test('a refused event is not stored, not even in part', async () => {
    const stored = async () =>
      (
        await database.db.query<{ rows: number }>(
          `select (select count(*) from broker.event) + (select count(*) from broker.delivery) as rows`,
        )
      ).rows[0]!.rows
    const before = await stored()
    const refused = ingressRows.filter(({ status }) => status >= 400)
    expect(refused.length).toBeGreaterThan(40)
    // Each request gets a different id, because the event is the same in all rows.
    for (const [index, { request }] of refused.entries()) {
      const { 'ce-id': id, ...others } = request.headers ?? {}
      const headers = id ? { ...others, 'ce-id': `refused-${index}` } : others
      const body = typeof request.body === 'string' ? request.body.replace('"row"', `"refused-${index}"`) : request.body
      expect(
        (await sendRequest(server.ingressUrl, { ...request, headers, ...(body === undefined ? {} : { body }) })).status,
      ).not.toBe(202)
    }
    expect(await stored()).toBe(before)
    expect(await sendRequest(server.ingressUrl, binary({ 'ce-id': 'counted' }))).toMatchObject({ status: 202 })
    expect(await stored()).toBe(before + 2)
  })
})
