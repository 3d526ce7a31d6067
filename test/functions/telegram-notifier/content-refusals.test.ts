import { describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { followsIn } from '#database/series/follows.ts'
import { group, person, texts } from './chats.ts'
import { notify, refusedWith, request, row } from './requests.ts'
import { database, now, simulator, useNotifier } from './support.ts'

useNotifier()

describe('if Telegram refuses the content or the topic', () => {
  test('400, the message to reply to does not exist: the message is sent without the reply', async () => {
    const ana = await person()
    const first = request(ana.chatId)
    await notify(first)
    simulator.failNext('sendMessage', { status: 400, description: 'Bad Request: message to be replied not found' })
    expect(await notify(request(ana.chatId, { html: 'voltou', replyTo: first.id }))).toEqual([])
    expect(ana.last()).toMatchObject({ text: 'voltou', replyTo: null })
  })

  test('400, the topic of the message to reply to is closed: the message is sent without the reply', async () => {
    const ana = await person()
    const first = request(ana.chatId)
    await notify(first)
    simulator.failNext('sendMessage', { status: 400, description: 'Bad Request: TOPIC_CLOSED' })
    await notify(request(ana.chatId, { html: 'voltou', replyTo: first.id }))
    expect(ana.last()).toMatchObject({ text: 'voltou', replyTo: null })
  })

  describe('the topic of a message in a forum', () => {
    const forum = async () => {
      const room = simulator.group('Fórum', { forum: true })
      const ana = simulator.user('Ana')
      room.addBot(ana)
      await chatsIn(database.db).upsert({ id: room.chatId, kind: 'supergroup', language: 'pt-BR' })
      const [series, sites] = [room.openTopic('Séries'), room.openTopic('Sites')]
      const follows = followsIn(database.db)
      await follows.follow(room.chatId, 'show/82', now, 'Ruptura', series)
      await follows.follow(room.chatId, 'monitor/7', now, 'x', sites)
      const received = () =>
        room
          .as(ana)
          .answers()
          .flatMap(({ text, threadId }) => (/^(Oi|voltou)/.test(text) ? [[text, threadId]] : []))
      return { room, series, sites, follows, received }
    }

    test('receives the message, also while General is closed', async () => {
      const { room, series, received } = await forum()
      room.closeTopic(1)
      expect(await notify(request(room.chatId, { threadId: series }))).toEqual([])
      expect(received()).toEqual([['Oi', series]])
    })

    test('that is closed is replaced by General until it is open again', async () => {
      const { room, series, received } = await forum()
      const first = request(room.chatId, { threadId: series })
      await notify(first)
      room.closeTopic(series)
      expect(await notify(request(room.chatId, { html: 'voltou', threadId: series, replyTo: first.id }))).toEqual([])
      room.reopenTopic(series)
      await notify(request(room.chatId, { threadId: series }))
      expect(received()).toEqual([
        ['Oi', series],
        ['voltou', null],
        ['Oi', series],
      ])
    })

    test('that is deleted is replaced by General permanently, and the group is told once', async () => {
      const { room, series, follows, received } = await forum()
      room.deleteTopic(series)
      expect(await notify(request(room.chatId, { threadId: series }))).toEqual([])
      expect(await notify(request(room.chatId, { threadId: series }))).toEqual([])
      expect(received()).toEqual([
        ['Oi\n\nO tópico em que eu avisava disso foi apagado. A partir de agora aviso aqui.', null],
        ['Oi', null],
      ])
      expect(await follows.threadOf(room.chatId, 'show/82')).toBeNull()
      expect(await follows.threadOf(room.chatId, 'monitor/7')).not.toBeNull()
    })

    test('is replaced by another topic in which the group follows something, if General is closed too', async () => {
      const { room, series, sites, received } = await forum()
      room.closeTopic(1)
      room.closeTopic(series)
      expect(await notify(request(room.chatId, { threadId: series }))).toEqual([])
      expect(await notify(request(room.chatId))).toEqual([])
      expect(received()).toEqual([
        ['Oi', sites],
        ['Oi', sites],
      ])
    })

    test('is not replaced if every topic is closed: the message is refused, and the operators are notified', async () => {
      const { room, series, sites, received } = await forum()
      for (const topic of [1, series, sites]) room.closeTopic(topic)
      const event = request(room.chatId, { threadId: series })
      expect(await notify(event)).toEqual(refusedWith(400))
      expect(received()).toEqual([])
      expect(await row(event)).toMatchObject({ state: 'refused', refusal: 'Bad Request: TOPIC_CLOSED' })
      // The group gets messages again as soon as one of its topics is open.
      room.reopenTopic(1)
      expect(await notify(request(room.chatId))).toEqual([])
      expect(received()).toEqual([['Oi', null]])
    })

    test('is not named in the request if it is General', async () => {
      const { room, received } = await forum()
      expect(await notify(request(room.chatId, { threadId: 1 }))).toEqual([])
      expect(received()).toEqual([['Oi', null]])
    })

    test('is ignored in a group without topics, also after the group became a supergroup', async () => {
      const { room, seat } = await group()
      await notify(request(room.chatId, { threadId: 77 }))
      expect(texts(seat)).toEqual(['Oi'])
      const upgraded = room.upgrade()
      await notify(request(room.chatId, { threadId: 77, html: 'mudou' }))
      expect(texts(upgraded.as(simulator.user('Ana')))).toEqual(['mudou'])
    })
  })

  test('400, HTML that Telegram cannot parse: the message is sent as plain text, and the operators are notified', async () => {
    const ana = await person()
    expect(await notify(request(ana.chatId, { html: '<blink>Tom &amp; Zé</blink>' }))).toEqual(refusedWith(400))
    expect(ana.last()).toMatchObject({ text: 'Tom & Zé', entities: [] })
  })

  test('400, the text is too long for Telegram: the text is cut, and the operators are notified', async () => {
    const ana = await person()
    simulator.failNext('sendMessage', { status: 400, description: 'Bad Request: message is too long' })
    expect(await notify(request(ana.chatId, { html: 'palavra '.repeat(400) }))).toEqual(refusedWith(400))
    expect(ana.last()!.text).toMatch(/palavra…$/)
  })

  test.each([
    'Bad Request: wrong HTTP URL specified',
    'Bad Request: failed to get HTTP URL content',
    'Bad Request: wrong type of the web page content',
    'Bad Request: PHOTO_INVALID_DIMENSIONS',
  ])('400, %s: the message is sent with the smaller poster, then without a poster', async description => {
    const ana = await person()
    const photo = 'https://static.tvmaze.com/uploads/images/original_untouched/1/2.jpg'
    simulator.failNext('sendPhoto', { status: 400, description })
    await notify(request(ana.chatId, { photo }))
    expect(ana.last()).toMatchObject({ photo: photo.replace('original_untouched', 'medium_portrait') })
    simulator.failNext('sendPhoto', { status: 400, description, times: 2 })
    expect(await notify(request(ana.chatId, { photo, html: 'sem foto' }))).toEqual([])
    expect(ana.last()).toMatchObject({ photo: null, text: 'sem foto' })
  })

  test.each(['Bad Request: BUTTON_DATA_INVALID', 'Bad Request: reply markup is too long'])(
    '400, %s: the message is sent without buttons, and the operators are notified',
    async description => {
      const ana = await person()
      simulator.failNext('sendMessage', { status: 400, description })
      const event = request(ana.chatId, { buttons: [[{ text: 'x', data: 'y' }]] })
      expect(await notify(event)).toEqual(refusedWith(400))
      expect(ana.last()).toMatchObject({ text: 'Oi', buttons: [] })
    },
  )
})
