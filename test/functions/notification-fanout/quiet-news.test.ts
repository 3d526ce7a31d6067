import { describe, expect, test } from 'vitest'
import { messagesIn } from '#database/messages/messages.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import type { EpisodeDigest } from '#events/episode-digest.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { SeriesChanged } from '#events/series-changed.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import type { NotifiableEvent } from '#functions/notification-fanout/notifiable-event.ts'
import { freshMongo } from '#test/support/database.ts'
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
  textOf,
  textsOf,
  useFanout,
} from './support.ts'

useFanout()

const news = (data: Partial<DataOf<typeof SeriesChanged>>): NotifiableEvent => ({
  name: 'series.changed',
  data: { change: 'renewed', show, ...data },
})
const moved = (number: number) =>
  news({
    change: 'moved',
    episode: episode(2, number, { airdate: '2026-11-27', airstamp: '2026-11-28T01:00:00Z' }),
    before: { airdate: '2026-11-20', airstamp: '2026-11-21T01:00:00Z' },
  })

// In São Paulo it is 23:00 at the first instant, and 08:00 at the second.
const night = new Date('2026-11-21T02:00:00Z')
const morning = new Date('2026-11-21T11:00:00Z')

const settings = () => noticeSettingsIn(database.db)

/** The events of a tick of episode-checker. */
const tickAt = async (now: Date): Promise<VigiaEvent[]> => {
  const published: VigiaEvent[] = []
  const server = await freshMongo()
  await episodeChecker(rootCause('tick'), {
    db: database.db,
    catalogue: catalogueIn(server.mongo),
    publish: async events => void published.push(...events),
    clock: () => now,
  })
  await server.end()
  return published
}

describe('news of a series in the quiet hours of a chat', () => {
  test('is told after them in one message and in order, also if its events are delivered again', async () => {
    await addChat(ana)
    await addChat(bob)
    await follow(ana, 'show/82')
    await follow(bob, 'show/82')
    await settings().setQuiet(ana.id, { from: 22 * 60, to: 8 * 60 }, night)
    const first = await fanOut(news({}), 'one', 'show/82', night)
    expect(first.map(({ data }) => data.chatId)).toEqual([bob.id])
    await fanOut(moved(6), 'two', 'show/82', night)
    await fanOut(moved(6), 'two', 'show/82', night)
    expect(await tickAt(new Date(morning.getTime() - 300_000))).toEqual([])
    const [digest, ...others] = await tickAt(morning)
    expect(others).toEqual([])
    expect(digest).toMatchObject({
      type: 'dev.vigia.episode.digest',
      data: { chatId: ana.id, why: 'quiet', shows: [] },
    })
    const data = digest!.data as DataOf<typeof EpisodeDigest>
    expect(data.news!.map(({ change }) => change)).toEqual(['renewed', 'moved'])
    const [message] = await fanOut({ name: 'episode.digest', data }, digest!.id, 'chat/1', morning)
    expect(textsOf([message!])[0]).toMatch(/^🌙 Enquanto você descansava\n\n🎉 .*renovada.*\n\n📆 .*mudou de data/s)
    expect((await fanOut(news({}), 'one', 'show/82', morning)).map(({ data }) => data.chatId)).toEqual([bob.id])
    expect(await tickAt(new Date(morning.getTime() + 300_000))).toEqual([])
  })

  test('is not told again after them if its event comes before them and once more during them', async () => {
    await addChat(ana)
    await follow(ana, 'show/82')
    await settings().setQuiet(ana.id, { from: 22 * 60, to: 8 * 60 }, night)
    const evening = new Date('2026-11-21T00:59:00Z')
    const [message] = await fanOut(news({}), 'one', 'show/82', evening)
    await messagesIn(database.db).keep(message!, evening)
    expect(await fanOut(news({}), 'one', 'show/82', night)).toEqual([])
    await fanOut(moved(6), 'two', 'show/82', night)
    const [digest, ...others] = await tickAt(new Date(morning.getTime() + 60_000))
    expect(others).toEqual([])
    expect((digest!.data as DataOf<typeof EpisodeDigest>).news!.map(({ change }) => change)).toEqual(['moved'])
    expect(await tickAt(new Date(morning.getTime() + 300_000))).toEqual([])
  })

  test('waits for the end of the new quiet hours if the chat changes them, and is dropped if the series is muted', async () => {
    await addChat(ana)
    await follow(ana, 'show/82')
    await settings().setQuiet(ana.id, { from: 22 * 60, to: 8 * 60 }, night)
    await fanOut(news({}), 'one', 'show/82', night)
    await settings().setQuiet(ana.id, { from: 22 * 60, to: 9 * 60 }, night)
    expect(await tickAt(morning)).toEqual([])
    await settings().change(ana.id, 82, { mutedUntil: new Date('2027-01-01T00:00:00Z') }, night)
    expect(await tickAt(new Date(morning.getTime() + 3_600_000))).toEqual([])
    expect(await fanOut(news({}), 'two', 'show/82', morning)).toEqual([])
  })

  test('does not hold monitors that are down', async () => {
    await addChat(ana)
    await follow(ana, 'monitor/42')
    await settings().setQuiet(ana.id, { from: 22 * 60, to: 8 * 60 }, night)
    const down = {
      name: 'monitor.down',
      data: { monitorId: 42, incidentId: 7, name: 'x', url: 'https://x.example/', since: night.toISOString() },
    } as NotifiableEvent
    expect(await fanOut(down, 'down', 'monitor/42', night)).toHaveLength(1)
  })
})

test('news of a series whose country the chat has not chosen is not told', async () => {
  await addChat(ana)
  await follow(ana, 'show/82')
  await settings().change(ana.id, 0, { schedules: ['BR'] }, night)
  const onSchedules = (schedules: string[]) =>
    fanOut(news({ show: { ...show, schedules } }), schedules.join(), 'show/82', morning)
  expect(await onSchedules(['US', 'n2'])).toEqual([])
  expect(await onSchedules(['BR', 'n12'])).toHaveLength(1)
  expect(await onSchedules([]), 'the channel is not known').toHaveLength(1)
})

test('a chat that wants only premieres is told new dates of premieres only', async () => {
  await addChat(ana)
  await follow(ana, 'show/82')
  await settings().change(ana.id, 0, { episodes: 'premieres' }, night)
  expect(await fanOut(moved(6), 'one', 'show/82')).toEqual([])
  expect(await fanOut(moved(1), 'two', 'show/82')).toHaveLength(1)
  expect(await fanOut(news({}), 'three', 'show/82')).toHaveLength(1)
})

describe('the texts', () => {
  test('say that an episode comes out later, today or tomorrow, or is out', () => {
    const at = (now: string) => textOf(due(), ana, new Date(now)).split('\n')[1]
    expect(at('2026-11-18T12:00:00Z')).toBe("Vem aí um episódio novo: T2 E5 · Trojan's Horse")
    expect(at('2026-11-20T02:00:00Z')).toBe("Sai amanhã um episódio novo: T2 E5 · Trojan's Horse")
    expect(at('2026-11-21T00:00:00Z')).toBe("Sai hoje um episódio novo: T2 E5 · Trojan's Horse")
    expect(at('2026-11-21T01:00:00Z')).toBe("Saiu episódio novo: T2 E5 · Trojan's Horse")
    expect(textOf(due(), bob, new Date('2026-11-20T01:00:00Z'))).toContain('A new episode comes out tomorrow: S2 E5')
  })

  test('say that a season is complete', () => {
    const last = due({ finale: { season: 2, episodes: 8 } })
    expect(textOf(last)).toContain('🏁 2ª temporada completa: 8 episódios')
    expect(textOf(last, bob)).toContain('🏁 Season 2 is complete: 8 episodes')
    expect(textOf(last, ana, new Date('2026-11-20T02:00:00Z'))).toContain('🏁 Último episódio da 2ª temporada')
  })

  test('say that a series was renewed or not', () => {
    expect(textOf(news({}))).toBe('🎉 Ruptura (Severance) foi renovada! Quando a nova temporada sair, eu aviso.')
    expect(textOf(news({ change: 'cancelled' }))).toMatch(
      /^🏁 Ruptura \(Severance\) não foi renovada: a série acabou\./,
    )
    expect(textOf(news({ change: 'cancelled' }), bob)).toMatch(/^🏁 Severance was not renewed/)
  })

  test('of a digest list the episodes by day, without an hour where none is known', () => {
    const data: DataOf<typeof EpisodeDigest> = {
      chatId: 1,
      why: 'daily',
      shows: [
        { show, episodes: [episode(2, 5)] },
        {
          show: { ...show, id: 83, name: 'Harbor', namePt: 'Porto' },
          episodes: [episode(1, 1, { airstamp: null, airdate: '2026-11-21', name: '' })],
        },
      ],
    }
    const morningOf20th = new Date('2026-11-20T12:00:00Z')
    expect(textOf({ name: 'episode.digest', data }, ana, morningOf20th)).toBe(
      `🗓 Seu resumo do dia

Hoje
• 22:00 Ruptura (Severance) T2 E5 “Trojan's Horse”

Amanhã
• Porto (Harbor) T1 E1 (horário não divulgado)

Dias: horário de Brasília. Dados: TVmaze`,
    )
    expect(textOf({ name: 'episode.digest', data: { ...data, why: 'weekly' } }, bob, morningOf20th)).toMatch(
      /^🗓 Your week in series\n\nToday\n• 8:00 PM Severance S2 E5/,
    )
  })
})
