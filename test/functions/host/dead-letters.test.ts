import { describe, expect, test } from 'vitest'
import type { DeadLetter } from '#functions/host/dead-letter.ts'
import type { FunctionDefinition } from '#functions/host/function-definition.ts'
import { binaryEventHeaders, startFunction } from '#test/support/function-server.ts'
import { followed, recorder } from './support.ts'

describe('a dead letter', () => {
  const recordLetters = () => {
    const letters: DeadLetter[] = []
    return {
      letters,
      definition: {
        name: 'error-notifier',
        deadLetters: async letter => void letters.push(letter),
      } satisfies FunctionDefinition as FunctionDefinition,
    }
  }
  const undelivered = { type: 'dev.example.other', id: 'e7', subject: 'show/82' }

  test.each<[string, Record<string, string>, Pick<DeadLetter, 'code' | 'reason'>]>([
    [
      'is base64',
      { knativeerrorcode: '422', knativeerrordata: Buffer.from('não há palavras').toString('base64') },
      { code: 422, reason: 'não há palavras' },
    ],
    ['is plain text', { knativeerrorcode: '500', knativeerrordata: 'no wording' }, { code: 500, reason: 'no wording' }],
    [
      'is plain text that could be base64',
      { knativeerrorcode: '500', knativeerrordata: 'timeout1' },
      { code: 500, reason: 'timeout1' },
    ],
    ['is empty', { knativeerrorcode: '404', knativeerrordata: '' }, { code: 404, reason: '' }],
    ['is missing', {}, { code: null, reason: '' }],
  ])('whose reason %s reaches the function without the attributes that the broker added', async (_, added, reason) => {
    const { letters, definition } = recordLetters()
    await using function_ = await startFunction(definition)
    const attributes = {
      ...undelivered,
      ...added,
      knativeerrordest: 'http://x/',
      knativebrokerttl: '255',
      knativearrivaltime: '2026-11-21T12:00:00Z',
      other: 'kept',
    }
    expect(await function_.send(attributes, { any: 'thing' }, '/dead/error-notifier-tick')).toMatchObject({
      status: 204,
    })
    expect(letters).toMatchObject([
      { trigger: 'error-notifier-tick', ...reason, event: { ...undelivered, other: 'kept', data: { any: 'thing' } } },
    ])
    expect(Object.keys(letters[0]!.event).filter(name => name.startsWith('knative'))).toEqual([])
    expect(function_.logged()).toMatchObject([
      { 'vigia.trigger': 'error-notifier-tick', 'event.id': 'e7', 'vigia.outcome': 'done' },
    ])
  })

  test.each([
    ['arrays', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])(
    'whose JSON has %s nested too deep is kept as base64; an event with the same data is refused with 422',
    async (_, body) => {
      const { letters, definition } = recordLetters()
      await using function_ = await startFunction({
        ...definition,
        ...recorder().definition,
        deadLetters: definition.deadLetters!,
      })
      expect(
        await function_.request({ path: '/dead/t', headers: binaryEventHeaders(undelivered), body }),
      ).toMatchObject({
        status: 204,
      })
      expect(letters).toMatchObject([{ event: { data: undefined, data_base64: Buffer.from(body).toString('base64') } }])
      expect(await function_.request({ headers: binaryEventHeaders(followed), body })).toMatchObject({
        status: 422,
        body: expect.stringContaining('nested too deep'),
      })
    },
  )

  test('keeps text as text, and bytes as base64', async () => {
    const { letters, definition } = recordLetters()
    await using function_ = await startFunction(definition)
    const post = (contentType: string, body: string | Buffer) =>
      function_.request({ path: '/dead/t', headers: binaryEventHeaders(undelivered, contentType), body })
    await post('text/plain', 'hello')
    await post('image/png', Buffer.from([0x89, 0x50, 0, 255]))
    await post('', '')
    expect(letters.map(({ event }) => [event.data, event.data_base64])).toEqual([
      ['hello', undefined],
      [undefined, 'iVAA/w=='],
      [undefined, undefined],
    ])
  })
})
