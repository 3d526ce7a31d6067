import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp, jsonBody, nodeListener, route } from '#infra/http/app.ts'
import { jsonResponse } from '#infra/http/responses.ts'

const app = createApp()
route(app, '/body', { post: async context => jsonResponse(200, { read: await jsonBody(context, 20) }) })
const server = createServer(nodeListener(app, () => {}))
beforeAll(() => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => server.close())

test.each([
  ['{"on":true}', { on: true }],
  ['{}', {}],
  ['["on"]', null],
  ['null', null],
  ['"on"', null],
  ['{"on":', null],
  ['', null],
  ['{"on":"123456789012"}', null],
])('the body %j is read as %j', async (body, read) => {
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/body`, {
    method: 'POST',
    headers: { 'vigia-local': '1' },
    body,
  })
  expect(await response.json()).toEqual({ read })
})
