import { describe, expect, test } from 'vitest'
import { echoTriggers, replyRows, replyTriggers } from '#test/support/broker-conformance/reply-rows.ts'
import { deadLetterCode, errorData, path, typeOf } from '#test/support/broker-conformance/rows.ts'
import { until } from '#test/support/until.ts'
import { conformanceBroker, settled } from './conformance-support.ts'

const { recorder, server } = conformanceBroker(
  subscribers => [...replyTriggers(subscribers), ...echoTriggers(subscribers)],
  { url: 'http://broker/vigia/default' },
)

describe('replies to a Trigger with retry 1 and a dead letter sink', () => {
  test.each(replyRows.map((row, index) => ({ ...row, index })))(
    '$title: attempts $attempts, dead letter $deadLetter',
    async ({ reply, attempts, deadLetter, index }) => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
      await server.post(`reply-${index}`, typeOf('reply', index), { traceparent }, '{"a":1}')
      await settled(server, typeOf('reply', index))
      expect(recorder.received(path('subscriber', 'reply', index)).length).toBe(attempts)
      const deadLetters = recorder.received(path('sink', 'reply', index))
      expect(deadLetterCode(deadLetters, 'http://broker/vigia/default')).toBe(deadLetter)
      if (deadLetter === 400) expect(errorData(deadLetters)).toBe('')
      if (!reply) {
        expect(await server.broker.reads.events({ type: typeOf('answer', index) })).toEqual([])
        return
      }
      const got = await until(() => recorder.received(path('answer', 'reply', index))[0], { what: 'the reply' })
      expect(got.headers).toMatchObject(reply.headers)
      if (reply.body !== undefined) expect(got.body.toString()).toBe(reply.body)
    },
  )

  test('a subscriber that replies to every event with an event for itself is called 255 times', async () => {
    await server.post('echo', 'echo')
    const deadLetter = await until(() => recorder.received(path('sink', 'echo', 0))[0], { what: 'the end of the loop' })
    expect(recorder.received('/echo').length).toBe(255)
    expect(deadLetter.headers).toMatchObject({
      'ce-knativebrokerttl': '1',
      'ce-knativeerrorcode': '400',
      'ce-knativeerrordest': 'http://broker/vigia/default',
    })
  })
})
