import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { followsIn } from '#database/series/follows.ts'
import { decode, encode } from '#functions/telegram/callback-data.ts'
import { bothTicks, published, useWebhook, world } from './support.ts'

useWebhook()

const oldButton = 'Esse botão não vale mais. Mande o comando de novo.'

let people = 0
/** Creates a person who has a message of the bot and can forge its buttons. */
const newPerson = async () => {
  const person = world.person(`pessoa ${people++}`)
  const { id } = await person.says('/start')
  return { ...person, forge: (data: string) => person.forges(id, data) }
}
const followsOf = async ({ chatId }: { chatId: number }) =>
  (await followsIn(world.db).of(chatId, '')).map(({ subject }) => subject)

describe('a forged button', () => {
  test.each([
    'v1:f:999999999999999:0:0',
    'v1:f:2147483648:1:0',
    'v1:f:0:0:0',
    'v1:f:0:1:0',
    'v1:f:-1:1:0',
    'v1:f:82:0:0',
    'v1:f:82:1:999999999999999',
    'v1:b:2147483648:0:0',
    'v1:b:999999999999999:0:mhyx',
    'v1:b:82:0:zzzzzzzzz0',
    'v1:r:999999999999999:1:0:mhyx',
    'v1:r:82:1:0:zzzzzzzzzz',
    'v1:u:999999999999999:1:0',
    'v1:d:2147483648:0',
    'v1:o:0',
    'v1:c:0',
    'v1:m:999999999999999',
    'v1:l:10000',
    'v1:n:7:999999999999999',
    'v1:z:Mars/Olympus',
    'v1:z:',
    'v1:i:xx',
    'v1:f:NaN:1:0',
    'v1:f:1e3:1:0',
    'v1:f:\u0661:1:0',
    'v1:f:82:1:0\0',
  ])('%j is answered as an old button, follows nothing and does not stop the ticks', async data => {
    const person = await newPerson()
    expect((await person.forge(data)).toast).toBe(oldButton)
    expect(await followsOf(person)).toEqual([])
    await bothTicks()
    expect(published).toEqual([])
  })

  test.each([
    ['follow', 'v1:f:2147483647:1:0'],
    ['restore', 'v1:b:2147483647:0:mhyx0000'],
    ['refollow', 'v1:r:2147483647:1:0:mhyx0000'],
  ])('(%s) of a series that is on no card, not in the catalogue and not on TVmaze follows nothing', async (_, data) => {
    const person = await newPerson()
    expect((await person.forge(data)).toast).toBe(oldButton)
    expect(await followsOf(person)).toEqual([])
  })

  test('of a series that is on TVmaze but on no card of the chat follows the series and stores its name', async () => {
    const person = await newPerson()
    expect((await person.forge(`v1:f:${world.tvmaze.showIds.harbor}:1:0`)).toast).toContain('Pronto')
    expect(await followsIn(world.db).of(person.chatId, 'show/')).toMatchObject([{ title: 'Harbor Nine' }])
  })

  test('is answered with the advice to try again while TVmaze does not answer, and follows nothing', async () => {
    const person = await newPerson()
    world.tvmaze.fail('502')
    expect((await person.forge('v1:f:4711:1:0')).toast).toBe(
      'O TVmaze não está respondendo. Tente de novo em um minuto.',
    )
    world.tvmaze.fail(null)
    expect(await followsOf(person)).toEqual([])
  })

  test('that undoes an old unfollow works without a card, and the series keeps its name', async () => {
    const person = await newPerson()
    await world.fillCatalogue(world.tvmaze.showIds.harbor)
    expect((await person.forge(`v1:b:${world.tvmaze.showIds.harbor}:0:mhyx0000`)).toast).toContain('Desfeito')
    expect(await followsIn(world.db).of(person.chatId, 'show/')).toMatchObject([
      { subject: `show/${world.tvmaze.showIds.harbor}`, title: 'Harbor Nine' },
    ])
  })

  const small = fc.integer({ min: -2, max: 12 })
  const edges = fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e15 - 1, 1e15, 0, -1)
  const part = fc.oneof(
    small.map(String),
    edges.map(String),
    fc.nat().map(at => at.toString(36)),
    fc.string(),
  )
  const data = fc
    .tuple(fc.constantFrom(...'sfurldbntmocpgxyihzq-NewvjJIWMF'), fc.array(part, { maxLength: 5 }))
    .map(([letter, parts]) => ['v1', letter, ...parts].join(':'))

  test('with any data is refused, or decodes to a press that encodes to the same data and fits every table', () => {
    fc.assert(
      fc.property(fc.oneof(data, fc.string({ unit: 'binary' })), text => {
        const press = decode(text)
        if (press === null) return
        expect(encode(press)).toBe(text)
        if ('show' in press) expect(press.show).toSatisfy(show => show >= 1 && show <= 2_147_483_647)
        if ('followedAt' in press) expect(press.followedAt.getTime()).toBeLessThan(Date.UTC(2200, 0, 1))
      }),
      { numRuns: 5_000 },
    )
  })

  test('with any data makes no tick fail', async () => {
    const person = await newPerson()
    await fc.assert(
      fc.asyncProperty(data, async text => {
        await person.forge(text.slice(0, 64))
        await bothTicks()
      }),
      { numRuns: 60 },
    )
  })
})
