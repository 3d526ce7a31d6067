import { describe, expect, test } from 'vitest'
import { useConversations, world } from './conversations.ts'

useConversations()

describe('groups', () => {
  test('the bot introduces itself when it is added, and answers only the commands that are for it', async () => {
    const ana = world.telegram.user('Ana')
    const group = world.telegram.group('Família')
    group.addBot(ana)
    await world.settled()
    const seat = group.as(ana)
    expect(seat.last()?.text).toMatch(/^Oi, pessoal! Eu sou o Vigia/)
    const said = async (text: string) => {
      const before = seat.answers().length
      seat.send(text)
      await world.settled()
      return seat.answers().slice(before)
    }
    expect((await said('/series'))[0]?.text).toMatch(/^Este grupo ainda não segue/)
    expect((await said('/series@VigiaBot'))[0]?.text).toMatch(/^Este grupo/)
    // In a group the bot receives only commands. So after /start it does not ask for the name of a series.
    expect((await said('/start'))[0]?.text).toBe('Em que posso ajudar?')
    expect((await said('/ajuda'))[0]?.text).toMatch(/^Séries\n\/buscar Severance – achar uma série\n/)
    expect((await said('/buscar@vigiabot harbor nine'))[0]?.text).toMatch(/^Harbor Nine/)
    expect((await said('/abracadabra@VigiaBot'))[0]?.text).toMatch(/^Não conheço esse comando/)
    expect(await said('/abracadabra')).toEqual([])
    expect(await said('bom dia @VigiaBot')).toEqual([])
  })

  test('a group that becomes a supergroup keeps what it follows', async () => {
    const ana = world.telegram.user('Ana')
    const group = world.telegram.group('Condomínio')
    group.addBot(ana)
    const seat = group.as(ana, 'administrator')
    seat.send('/monitorar portaria.example')
    await world.settled()
    const bigger = group.upgrade()
    await world.settled()
    expect(await world.deps.monitors.of(group.chatId)).toEqual([])
    expect((await world.deps.monitors.of(bigger.chatId)).map(({ name }) => name)).toEqual(['portaria.example'])
    bigger.as(ana).send('/monitores')
    await world.settled()
    expect(bigger.as(ana).last()?.text).toMatch(/portaria\.example/)
  })

  test('in a forum the answer goes to the topic of the question', async () => {
    const ana = world.telegram.user('Ana')
    const forum = world.telegram.group('Fórum', { forum: true })
    forum.addBot(ana)
    await world.settled()
    const topic = forum.openTopic('Séries')
    const seat = forum.as(ana)
    seat.send('/ajuda', { threadId: topic })
    await world.settled()
    expect(seat.last()).toMatchObject({ threadId: topic, from: 'bot' })
  })

  test('in a forum a follow or monitor belongs to the topic in which it was last requested', async () => {
    const ana = world.telegram.user('Ana')
    const forum = world.telegram.group('Fórum', { forum: true })
    forum.addBot(ana)
    await world.settled()
    const [series, sites] = [forum.openTopic('Séries'), forum.openTopic('Sites')]
    forum.closeTopic(1)
    const seat = forum.as(ana, 'creator')
    const threadOf = (subject: string) => world.deps.follows.threadOf(forum.chatId, subject)
    seat.send('/buscar harbor nine', { threadId: series })
    await world.settled()
    seat.press('seguir')
    await world.settled()
    const show = `show/${world.tvmaze.showIds.harbor}`
    expect(await threadOf(show)).toBe(series)
    seat.press('desfazer')
    await world.settled()
    seat.press('desfazer')
    await world.settled()
    expect(await threadOf(show), 'after an undo').toBe(series)

    seat.send('/monitorar topico.example', { threadId: series })
    await world.settled()
    const [monitor] = await world.deps.monitors.of(forum.chatId)
    expect(await threadOf(`monitor/${monitor!.id}`)).toBe(series)
    expect(world.broker.events('probe.requested').at(-1)?.data).toMatchObject({
      chatId: forum.chatId,
      threadId: series,
    })
    seat.send('/monitorar topico.example 5m', { threadId: sites })
    await world.settled()
    expect(await threadOf(`monitor/${monitor!.id}`)).toBe(sites)
    expect(seat.last()).toMatchObject({ threadId: sites, from: 'bot' })
  })

  test('in a group without topics a thread of replies does not count as a topic', async () => {
    const ana = world.telegram.user('Ana')
    const group = world.telegram.group('Supergrupo', { supergroup: true })
    group.addBot(ana)
    await world.settled()
    const seat = group.as(ana, 'administrator')
    const first = seat.send('/ajuda')
    await world.settled()
    seat.send('/monitorar respostas.example', { replyTo: first })
    await world.settled()
    const [monitor] = await world.deps.monitors.of(group.chatId)
    expect(await world.deps.follows.threadOf(group.chatId, `monitor/${monitor!.id}`)).toBeNull()
    expect(seat.last()).toMatchObject({ threadId: null, from: 'bot' })
  })
})
