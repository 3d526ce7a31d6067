import { describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { followsIn } from '#database/series/follows.ts'
import type { EventShow } from '#events/show.ts'
import type { NotifiableEvent } from '#functions/notification-fanout/notifiable-event.ts'
import {
  addChat,
  ana,
  bob,
  database,
  due,
  episode,
  fanOut,
  follow,
  show,
  textsOf,
  useFanout,
} from './notification-fanout/support.ts'

useFanout()

describe('recipients', () => {
  test('each follower gets one message, in the language and time zone of the chat', async () => {
    await addChat(ana)
    await addChat(bob)
    await follow(ana, 'show/82')
    await follow(bob, 'show/82')
    const events = await fanOut(due())
    expect(textsOf(events)).toEqual([
      `📺 Ruptura (Severance)\nSaiu episódio novo: T2 E5 · Trojan's Horse\n🗓 hoje · 22:00 (horário de Brasília)\n▶️ Apple TV+`,
      `📺 Severance\nA new episode is out: S2 E5 · Trojan's Horse\n🗓 today · 8:00 PM (New York time)\n▶️ Apple TV+`,
    ])
    expect(events.map(({ id, subject }) => [id, subject])).toEqual([
      ['cause/message.requested/1', 'chat/1'],
      ['cause/message.requested/2', 'chat/2'],
    ])
  })

  test('an event that is delivered twice requests the same messages', async () => {
    await addChat(ana)
    await follow(ana, 'show/82')
    const [first] = await fanOut(due())
    const [again] = await fanOut(due())
    expect(again).toEqual({ ...first, time: again!.time })
  })

  test('a chat that followed after the episode aired gets no message, and neither does an unreachable chat', async () => {
    await addChat(ana)
    await addChat(bob)
    await follow(ana, 'show/82', '2026-11-21T01:00:01Z')
    await follow(bob, 'show/82')
    await chatsIn(database.db).markUnreachable(bob.id, 'blocked')
    expect(await fanOut(due())).toEqual([])
  })

  test('an episode without an hour is announced only in the time zone of the event', async () => {
    await addChat(ana)
    await addChat(bob)
    await follow(ana, 'show/82')
    await follow(bob, 'show/82')
    const events = await fanOut(
      due({
        episodes: [episode(2, 6, { airstamp: null, airdate: '2026-11-21' })],
        followedBefore: '2026-11-21T12:00:00Z',
        zone: 'America/Sao_Paulo',
      }),
      'cause',
      'show/82',
      new Date('2026-11-21T12:00:00Z'),
    )
    expect(events.map(({ data }) => data.chatId)).toEqual([ana.id])
  })

  test('a forum gets the message in the topic in which it follows the series, and missed episodes in one message per topic', async () => {
    await addChat(ana)
    await addChat(bob)
    const follows = followsIn(database.db)
    const since = new Date('2026-01-01T00:00:00Z')
    await follows.follow(ana.id, 'show/82', since, null, 77)
    await follows.follow(ana.id, 'show/83', since, null, 78)
    await follows.follow(ana.id, 'show/84', since)
    await follow(bob, 'show/82')
    const threads = (events: Awaited<ReturnType<typeof fanOut>>) =>
      events.map(({ id, data }) => [id, data.chatId, data.threadId])
    expect(threads(await fanOut(due()))).toEqual([
      ['cause/message.requested/1', 1, 77],
      ['cause/message.requested/2', 2, undefined],
    ])
    const missed: NotifiableEvent = {
      name: 'episode.missed',
      data: { shows: [82, 83, 84].map(id => ({ show: { ...show, id }, episodes: [episode(2, 5)] })) },
    } as NotifiableEvent
    expect(threads(await fanOut(missed, 'gap', 'episodes')).toSorted()).toEqual([
      ['gap/message.requested/1', 1, undefined],
      ['gap/message.requested/1/77', 1, 77],
      ['gap/message.requested/1/78', 1, 78],
      ['gap/message.requested/2', 2, undefined],
    ])
  })

  test('the result of a check goes to the topic of the request, or to the topic of the monitor if the request has no topic', async () => {
    await addChat(ana)
    await followsIn(database.db).follow(ana.id, 'monitor/42', new Date('2026-01-01T00:00:00Z'), null, 77)
    const finished = (threadId?: number): NotifiableEvent => ({
      name: 'probe.finished',
      data: {
        monitorId: 42,
        name: 'x',
        url: 'https://x.example/',
        chatId: 1,
        reason: 'now',
        ok: true,
        status: 200,
        error: null,
        totalMs: 5,
        ...(threadId === undefined ? {} : { threadId }),
      },
    })
    expect((await fanOut(finished(), 'c', 'monitor/42'))[0]!.data.threadId).toBe(77)
    expect((await fanOut(finished(88), 'c', 'monitor/42'))[0]!.data.threadId).toBe(88)
  })

  test('a chat gets only the missed episodes that aired after it followed the show', async () => {
    const other: EventShow = { ...show, id: 83, name: 'Harbor Nine', url: 'https://www.tvmaze.com/shows/83' }
    delete other.namePt
    await addChat(ana)
    await addChat(bob)
    await follow(ana, 'show/82')
    await follow(bob, 'show/83', '2026-11-18T00:00:00Z')
    const missed: NotifiableEvent = {
      name: 'episode.missed',
      data: {
        from: '2026-11-10T00:00:00Z',
        to: '2026-11-19T12:00:00Z',
        shows: [
          {
            show,
            episodes: [
              episode(2, 3, { airstamp: '2026-11-14T01:00:00Z' }),
              episode(2, 4, { airstamp: null, airdate: '2026-11-16' }),
            ],
          },
          {
            show: other,
            episodes: [
              episode(1, 1, { airstamp: '2026-11-17T01:00:00Z' }),
              episode(1, 2, { airstamp: '2026-11-19T01:00:00Z' }),
            ],
          },
        ],
      },
    }
    expect(textsOf(await fanOut(missed, 'gap', 'episodes'))).toEqual([
      '⏳ Enquanto eu estava parado\nFiquei um tempo sem funcionar e não avisei destes episódios:\n\n• Ruptura (Severance) T2 E3 · sex., 13 nov\n• Ruptura (Severance) T2 E4 · seg., 16 nov\n\nDados: TVmaze',
      '⏳ While I was away\nI was not running for a while, so I could not tell you when this came out:\n\n• Harbor Nine S1 E2 · Wed, Nov 18\n\nData: TVmaze',
    ])
    expect((await fanOut(missed, 'gap', 'episodes'))[0]!.data.html).toContain(`<a href="${show.url}">`)
  })

  test('the result of a check goes to the chat that asked for it', async () => {
    await addChat(ana)
    await addChat(bob)
    const finished: NotifiableEvent = {
      name: 'probe.finished',
      data: {
        monitorId: 42,
        name: 'exemplo.com.br',
        url: 'https://exemplo.com.br',
        chatId: ana.id,
        reason: 'now',
        ok: true,
        status: 200,
        error: null,
        totalMs: 132,
      },
    }
    const events = await fanOut(finished, 'press', 'monitor/42')
    expect(textsOf(events)).toEqual(['🟢 exemplo.com.br está no ar\nRespondeu 200 em 132 ms'])
    await chatsIn(database.db).markUnreachable(ana.id, 'blocked')
    expect(await fanOut(finished, 'press', 'monitor/42')).toEqual([])
  })
})
