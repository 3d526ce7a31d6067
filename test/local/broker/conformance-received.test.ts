import { describe, expect, test } from 'vitest'
import {
  expectReceived,
  receivedRequest,
  receivedRows,
  receivedTriggers,
} from '#test/support/broker-conformance/received-rows.ts'
import { path } from '#test/support/broker-conformance/rows.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'
import { conformanceBroker } from './conformance-support.ts'

const { recorder, server } = conformanceBroker(receivedTriggers)

describe('what a subscriber receives', () => {
  test.each(receivedRows.map((row, index) => ({ row, index, title: row.title })))('$title', async ({ row, index }) => {
    const response = await sendRequest(server.ingressUrl, receivedRequest(row, index))
    expect(response.status).toBe(202)
    const got = await until(() => recorder.received(path('subscriber', 'form', index))[0], { what: 'the event' })
    expectReceived(got, row, index)
  })
})
