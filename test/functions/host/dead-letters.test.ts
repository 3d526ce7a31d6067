import { describe, expect, test } from 'vitest'
import type { DeadLetter } from '#functions/host/dead-letter.ts'
import type { FunctionDefinition } from '#functions/host/function-definition.ts'
import { binaryEventHeaders, startFunction } from '#test/support/function-server.ts'
import { followed, recorder } from './support.ts'

describe('a dead letter', () => {
  const receiving = () => {
    const letters: DeadLetter[] = []
    return {
      letters,
      fitting: {
        name: 'error-notifier',
        deadLetters: async letter => void letters.push(letter),
      } satisfies FunctionDefinition as FunctionDefinition,
    }
  }
  const lost = { type: 'dev.somebody.else', id: 'e7', subject: 'show/82' }

  test.each<[string, Record<string, string>, Pick<DeadLetter, 'code' | 'reason'>]>([
    [
      'in base64',
      { knativeerrorcode: '422', knativeerrordata: Buffer.from('não há palavras').toString('base64') },
      { code: 422, reason: 'não há palavras' },
    ],
    ['in plain text', { knativeerrorcode: '500', knativeerrordata: 'no wording' }, { code: 500, reason: 'no wording' }],
    [
      'in a word that could be base64',
      { knativeerrorcode: '500', knativeerrordata: 'timeout1' },
      { code: 500, reason: 'timeout1' },
    ],
    ['empty', { knativeerrorcode: '404', knativeerrordata: '' }, { code: 404, reason: '' }],
    ['not at all', {}, { code: null, reason: '' }],
  ])(
    'arrives with its reason %s, without what the broker added, whatever its type and data',
    async (_, added, reason) => {
      const { letters, fitting } = receiving()
      await using function_ = await startFunction(fitting)
      const attributes = {
        ...lost,
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
        { trigger: 'error-notifier-tick', ...reason, event: { ...lost, other: 'kept', data: { any: 'thing' } } },
      ])
      expect(Object.keys(letters[0]!.event).filter(name => name.startsWith('knative'))).toEqual([])
      expect(function_.logged()).toMatchObject([{ trigger: 'error-notifier-tick', id: 'e7', outcome: 'done' }])
    },
  )

  test.each([
    ['arrays', '['.repeat(200_000) + ']'.repeat(200_000)],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
  ])(
    'of JSON that no table takes, %s nested too deep, is kept as base64; the event itself is refused for good',
    async (_, body) => {
      const { letters, fitting } = receiving()
      await using function_ = await startFunction({
        ...fitting,
        ...recorder().definition,
        deadLetters: fitting.deadLetters!,
      })
      expect(await function_.ask({ path: '/dead/t', headers: binaryEventHeaders(lost), body })).toMatchObject({
        status: 204,
      })
      expect(letters).toMatchObject([{ event: { data: undefined, data_base64: Buffer.from(body).toString('base64') } }])
      expect(await function_.ask({ headers: binaryEventHeaders(followed), body })).toMatchObject({
        status: 422,
        body: expect.stringContaining('nested too deep'),
      })
    },
  )

  test('keeps text as text, and bytes as base64', async () => {
    const { letters, fitting } = receiving()
    await using function_ = await startFunction(fitting)
    const post = (contentType: string, body: string | Buffer) =>
      function_.ask({ path: '/dead/t', headers: binaryEventHeaders(lost, contentType), body })
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
