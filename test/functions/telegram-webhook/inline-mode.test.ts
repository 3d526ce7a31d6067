import { describe, expect, test } from 'vitest'
import { newPerson, showIds, useConversations, world } from './conversations.ts'

useConversations()

type Person = ReturnType<typeof newPerson>
const types = async (person: Person, query: string) => {
  const answer = person.typesInline(query)
  await world.settled()
  return answer()
}
const asked = () => world.telegram.calls('answerInlineQuery').length

describe('@VigiaBot and a name, in any chat', () => {
  test('finds the series, with the next date and a link that shows the card', async () => {
    await world.fillCatalogue(showIds.harbor)
    const person = newPerson()
    const answer = await types(person, ' harbor   nine ')
    const [result] = answer!.results
    expect(answer!.button).toBeNull()
    expect(result).toMatchObject({ id: `s_${showIds.harbor}`, title: expect.stringMatching(/^Harbor Nine \(\d{4}\)$/) })
    expect(result!.description).toMatch(/^T\d+ E\d+ · amanhã · 23:00\n/)
    expect(result!.message.text).toMatch(/^📺 Harbor Nine \(\d{4}\)\n.*\n🗓 T\d+ E\d+ · amanhã · 23:00$/)
    // Readers in other zones see their own time.
    expect(result!.message.entities).toContainEqual(
      expect.objectContaining({ type: 'date_time', unix_time: Date.parse('2026-11-23T02:00:00Z') / 1000 }),
    )
    const [follow, tvmaze] = result!.message.buttons[0]!
    expect(tvmaze!.text).toBe('TVmaze')
    const link = new URL(follow!.url!)
    expect(link.pathname).toBe('/VigiaBot')
    const card = await newPerson().says(`/start ${link.searchParams.get('start')}`)
    expect(card.text).toMatch(/^Porto Nove \(Harbor Nine, \d{4}\)\n/)
  })

  test('is in the language of a person who has never used the bot, and saves nothing of them', async () => {
    const person = newPerson('en')
    const { results } = (await types(person, 'harbor nine'))!
    expect(results[0]!.message.buttons[0]![0]!.text).toBe('follow')
    expect(await world.deps.chats.find(person.chatId)).toBeNull()
  })

  test('is answered from what Telegram keeps when the person types the same again', async () => {
    const person = newPerson()
    await types(person, 'harbor nine')
    const before = asked()
    expect((await types(person, 'harbor nine'))!.results[0]!.title).toMatch(/^Harbor Nine/)
    expect(asked()).toBe(before)
    await types(newPerson(), 'harbor nine')
    expect(asked()).toBe(before + 1)
  })

  test('says on a button why there are no results, and the button opens the bot', async () => {
    const person = newPerson()
    expect(await types(person, '')).toEqual({
      results: [],
      button: { text: 'Digite o nome de uma série', parameter: 'inline' },
    })
    expect((await types(person, 'nenhuma série tem este nome'))!.button!.text).toBe('Não achei essa série')
    world.tvmaze.fail('html200')
    expect((await types(person, 'harbor ten'))!.button!.text).toBe('O TVmaze não respondeu; tente de novo')
    expect((await person.says('/start inline')).text).toMatch(/nome d/)
  })

  test('takes hostile queries for what they are: names that no series has', async () => {
    const person = newPerson()
    const hostile = [
      '<b>x',
      '"; drop table chat; --',
      '../../etc/passwd',
      '😀'.repeat(120),
      '\u202e\u200b',
      'show/0',
      '%00',
    ]
    for (const query of hostile) expect((await types(person, query))?.results, query).toEqual([])
    expect((await types(person, `show/${showIds.harbor}`))!.results).toHaveLength(1)
  })

  test('is not answered if Telegram has forgotten the query, and the update is done', async () => {
    const person = newPerson()
    const update = {
      update_id: 870_000_001,
      inline_query: { id: 'forged', from: { id: person.id }, query: 'harbor', offset: '' },
    }
    expect((await world.post(update)).status).toBe(200)
    expect(world.telegram.calls('answerInlineQuery').at(-1)?.status).toBe(400)
  })
})
