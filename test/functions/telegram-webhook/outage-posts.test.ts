import { describe, expect, test } from 'vitest'
import type { DataOf, VigiaEvent } from '#events/event.ts'
import type { PagePosted } from '#events/page-posted.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'
import { outage } from './told-outage.ts'

useConversations()

type Person = ReturnType<typeof newPerson>

const pagesOf = (chatId: number) => world.deps.statusPages.of([chatId])

const postsOf = async (chatId: number) =>
  (
    await world.db.query<Record<string, unknown>>(
      `select page_id as page, status, text, impacts, incident_id as incident, coalesce(thread_id, page_post.id) as thread
       from page_post join status_page page on page.id = page_id where chat_id = $1 order by page_post.id`,
      [chatId],
    )
  ).rows
const eventsOf = async (chatId: number) => {
  const ids = (await pagesOf(chatId)).map(({ id }) => id)
  const events = world.broker.events('page.posted') as VigiaEvent<DataOf<typeof PagePosted>>[]
  return events.filter(({ data }) => ids.includes(data.pageId))
}

/** A person with an outage that the bot told them of, and a page with its monitor. */
const withOutage = async (language = 'pt-br') => {
  const person = newPerson(language)
  await person.says('/start')
  const told = await outage(person.chatId)
  await person.says(`/pagina Loja ${person.chatId}`)
  return { person, ...told }
}

const replies = async (person: Person, message: number, text: string) => {
  person.send(text, { replyTo: message })
  await world.settled()
  return person.answers().at(-1)!
}

describe('a reply to the message about an outage', () => {
  test('becomes a post about it after a question, with the status and the impact that the person chooses', async () => {
    const { person, message, incident, monitor } = await withOutage()
    const asked = await replies(person, message, 'O banco <b>parou</b>.')
    expect(asked.text).toMatch(
      /^📣 Publicar na página Loja \d+\?\n\n🔎 Investigando\nO banco <b>parou<\/b>\.\n\nloja\.example: 🔴 fora do ar$/,
    )
    expect(labels(asked)).toEqual([
      ['✓ 🔎 Investigando', '🛠 Causa identificada'],
      ['👀 Acompanhando', '✅ Resolvido'],
      ['usar um texto pronto'],
      ['mudar o impacto'],
      ['📣 publicar', 'não publicar'],
    ])
    expect(await postsOf(person.chatId)).toEqual([])
    await person.presses('🛠 Causa identificada', asked.id)
    await person.presses('mudar o impacto', asked.id)
    await person.presses('🔴 loja.example', asked.id)
    const { shown } = await person.presses('🟠 parcialmente fora do ar', asked.id)
    expect(shown.text).toContain(
      '🛠 Causa identificada\nO banco <b>parou</b>.\n\nloja.example: 🟠 parcialmente fora do ar',
    )
    const done = await person.presses('📣 publicar', asked.id)
    expect(done.shown.text).toMatch(/^Loja \d+ · 🛠 Causa identificada\n\nO banco <b>parou<\/b>\.\n\nEstá na página/)
    const [page] = await pagesOf(person.chatId)
    expect(await postsOf(person.chatId)).toMatchObject([
      { status: 'identified', text: 'O banco <b>parou</b>.', impacts: { [monitor]: 'partial' }, incident },
    ])
    expect((await eventsOf(person.chatId)).map(({ data }) => data)).toMatchObject([
      {
        ...{ pageId: page!.id, status: 'identified', text: 'O banco <b>parou</b>.', monitors: [monitor] },
        impacts: [{ name: 'loja.example', impact: 'partial' }],
      },
    ])
  })

  test('continues the matter of the outage, and its buttons lead to the end', async () => {
    const { person, message } = await withOutage()
    await replies(person, message, 'Um.')
    await person.presses('📣 publicar')
    const second = await replies(person, message, 'Dois.')
    await person.presses('📣 publicar', second.id)
    await person.presses('👀 Acompanhando', second.id)
    await person.presses('✅ Resolvido', second.id)
    const posts = await postsOf(person.chatId)
    expect(posts.map(({ status }) => status)).toEqual(['investigating', 'investigating', 'monitoring', 'resolved'])
    expect(new Set(posts.map(({ thread }) => thread)).size).toBe(1)
    expect(posts[2]!.impacts).toEqual(posts[1]!.impacts)
    expect(posts[3]!.impacts).toEqual({})
    expect(await eventsOf(person.chatId)).toHaveLength(4)
  })

  test('is published on each page that shows the monitor, a template in the language of the page', async () => {
    const { person, message } = await withOutage()
    await person.says(`/pagina Shop ${person.chatId}`)
    await person.presses('🌐 English')
    const asked = await replies(person, message, 'x')
    const { shown } = await person.presses('usar um texto pronto', asked.id)
    expect(shown.text).toContain('Estamos investigando o problema.\nWe are investigating the problem.')
    await person.presses('📣 publicar', asked.id)
    expect((await postsOf(person.chatId)).map(({ text }) => text).toSorted()).toEqual([
      'Estamos investigando o problema.',
      'We are investigating the problem.',
    ])
    await person.presses('✅ Resolvido', asked.id)
    expect((await postsOf(person.chatId)).map(({ status }) => status)).toEqual([
      'investigating',
      'investigating',
      'resolved',
      'resolved',
    ])
  })

  test('is not published twice, and not after it was discarded', async () => {
    const { person, message } = await withOutage()
    const first = await replies(person, message, 'Um.')
    const [one, two] = ['📣 publicar', '📣 publicar'].map(button => person.press(button, { message: first.id }))
    await world.settled()
    expect([one!.answer()?.text, two!.answer()?.text]).toContain('Isso já foi publicado.')
    expect(await postsOf(person.chatId)).toHaveLength(1)
    const second = await replies(person, message, 'Dois.')
    const { id } = (await world.db.query<{ id: number }>('select max(id) as id from page_post_draft')).rows[0]!
    expect((await person.presses('não publicar', second.id)).shown.text).toBe('Certo, não publiquei nada.')
    expect((await person.forges(second.id, `v1:X:${id}:publish:now`)).toast).toBe('Esse texto foi descartado.')
    expect(await postsOf(person.chatId)).toHaveLength(1)
    expect(await eventsOf(person.chatId)).toHaveLength(1)
  })

  test('whose delivery is repeated asks about one draft and makes one post', async () => {
    const { person, message } = await withOutage('en')
    world.telegram.failNext('sendMessage', { status: 502 })
    await replies(person, message, 'One.')
    world.telegram.failNext('editMessageText', { status: 502 })
    await person.presses('📣 publish')
    expect((await world.db.query('select from page_post_draft where chat_id = $1', [person.chatId])).rowCount).toBe(1)
    expect(await postsOf(person.chatId)).toHaveLength(1)
    expect(await eventsOf(person.chatId)).toHaveLength(1)
  })

  test('cannot be published from another chat, or for a service that the page does not show', async () => {
    const { person, message } = await withOutage()
    const { person: stranger } = await withOutage()
    const asked = await replies(person, message, 'Um.')
    const { id } = (await world.db.query<{ id: number }>('select max(id) as id from page_post_draft')).rows[0]!
    for (const data of [`v1:X:${id}:publish:now`, `v1:X:${id}:status:resolved`, `v1:X:${id}:discard:now`])
      expect((await stranger.forges(asked.id, data)).toast).toBe('Esse texto não pode mais ser publicado.')
    for (const data of [`impact:999999-down`, 'impact:1-broken', 'status:broken', 'nonsense:1'])
      expect((await person.forges(asked.id, `v1:X:${id}:${data}`)).toast).toMatch(/^Esse botão não vale mais/)
    expect(await postsOf(person.chatId)).toEqual([])
  })

  test('of somebody who may not change settings is left alone, and a button pressed by them changes nothing', async () => {
    const [ana, bia] = [world.telegram.user('Ana'), world.telegram.user('Bia')]
    const group = world.telegram.group('Equipe')
    group.addBot(ana)
    await world.settled()
    const [administrator, member] = [group.as(ana, 'administrator'), group.as(bia)]
    const { message } = await outage(group.chatId)
    administrator.send('/pagina Equipe')
    await world.settled()
    const before = member.answers().length
    member.send('Que pena.', { replyTo: message })
    await world.settled()
    expect(member.answers()).toHaveLength(before)
    administrator.send('Investigando.', { replyTo: message })
    await world.settled()
    const press = member.press('📣 publicar')
    await world.settled()
    expect(press.answer()?.text).toMatch(/^Só quem administra o grupo/)
    expect(await postsOf(group.chatId)).toEqual([])
    administrator.press('📣 publicar')
    await world.settled()
    expect(await postsOf(group.chatId)).toHaveLength(1)
  })

  test('has its usual meaning if no page shows the monitor, and is refused if it is too long', async () => {
    const person = newPerson()
    await person.says('/start')
    const { message } = await outage(person.chatId)
    await replies(person, message, 'obrigado')
    expect(person.answers().at(-1)!.text).not.toContain('Publicar')
    await person.says(`/pagina Loja ${person.chatId}`)
    expect((await replies(person, message, 'x'.repeat(1001))).text).toBe(
      'O texto de um aviso tem no máximo 1000 letras.',
    )
  })
})
