import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { followsIn } from '#database/series/follows.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { MessageRequested } from '#events/message-requested.ts'
import { probeErrorCodes } from '#events/probe-error.ts'
import type { EventEpisode, EventShow } from '#events/show.ts'
import type { NotifiableEvent } from '#functions/notification-fanout/notifiable-event.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { wording } from '#functions/notification-fanout/wording.ts'
import { decode } from '#functions/telegram/callback-data.ts'
import { plain, visibleLength } from '#functions/telegram/html.ts'
import { sayProbeError } from '#functions/wording/probe-errors.ts'
import { episodeName, sayEpisodes } from '#functions/wording/series.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

let database: TestDatabase
let now = new Date('2026-11-21T01:00:10Z')
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())
beforeEach(async () => {
  now = new Date('2026-11-21T01:00:10Z')
  await database.db.query('truncate chat cascade')
})

const show: EventShow = {
  id: 82,
  name: 'Severance',
  namePt: 'Ruptura',
  url: 'https://www.tvmaze.com/shows/82/severance',
  image: 'https://static.tvmaze.com/uploads/images/original_untouched/1/2.jpg',
  channel: 'Apple TV+',
}
const episode = (season: number, number: number | null, more: Partial<EventEpisode> = {}): EventEpisode => ({
  id: season * 1000 + (number ?? 999),
  name: "Trojan's Horse",
  season,
  number,
  airdate: '2026-11-20',
  airstamp: '2026-11-21T01:00:00Z',
  ...more,
})

const ana = { id: 1, language: 'pt-BR' as Language, zone: 'America/Sao_Paulo' }
const bob = { id: 2, language: 'en' as Language, zone: 'America/New_York' }
const chat = async ({ id, language, zone }: typeof ana) => {
  const chats = chatsIn(database.db)
  await chats.upsert({ id, kind: 'private', language })
  await chats.setLanguage(id, language)
  await chats.setZone(id, zone)
}
const follow = (who: { id: number }, subject: string, at = '2026-01-01T00:00:00Z') =>
  followsIn(database.db).follow(who.id, subject, new Date(at))

const tell = (news: NotifiableEvent, id = 'cause', subject = 'show/82') =>
  notificationFanout({ ...rootCause(id), subject }, news, {
    follows: followsIn(database.db),
    chats: chatsIn(database.db),
    clock: () => now,
  }) as Promise<VigiaEvent<DataOf<typeof MessageRequested>>[]>
const said = (events: VigiaEvent<DataOf<typeof MessageRequested>>[]) => events.map(({ data }) => plain(data.html))
const words = (news: NotifiableEvent, reader: typeof ana = ana) => plain(wording(news, reader, now).html)

const due = (data: Partial<DataOf<typeof import('#events/episode-due.ts').EpisodeDue>> = {}): NotifiableEvent => ({
  name: 'episode.due',
  data: { show, episodes: [episode(2, 5)], followedBefore: '2026-11-21T01:00:00Z', ...data },
})

describe('who hears', () => {
  test('each follower gets one message, in their own language and by their own clock', async () => {
    await chat(ana)
    await chat(bob)
    await follow(ana, 'show/82')
    await follow(bob, 'show/82')
    const events = await tell(due())
    expect(said(events)).toEqual([
      `📺 Ruptura (Severance)\nSaiu episódio novo: T2 E5 · Trojan's Horse\n🗓 hoje · 22:00 (horário de Brasília)\n▶️ Apple TV+`,
      `📺 Severance\nA new episode is out: S2 E5 · Trojan's Horse\n🗓 today · 8:00 PM (New York time)\n▶️ Apple TV+`,
    ])
    expect(events.map(({ id, subject }) => [id, subject])).toEqual([
      ['cause/message.requested/1', 'chat/1'],
      ['cause/message.requested/2', 'chat/2'],
    ])
  })

  test('the same news twice asks for the same messages', async () => {
    await chat(ana)
    await follow(ana, 'show/82')
    const [first] = await tell(due())
    const [again] = await tell(due())
    expect(again).toEqual({ ...first, time: again!.time })
  })

  test('who followed after it aired hears nothing of the past, and who cannot be reached hears nothing', async () => {
    await chat(ana)
    await chat(bob)
    await follow(ana, 'show/82', '2026-11-21T01:00:01Z')
    await follow(bob, 'show/82')
    await chatsIn(database.db).markUnreachable(bob.id, 'blocked')
    expect(await tell(due())).toEqual([])
  })

  test('a date without an hour is for the chats of the zone whose morning it is', async () => {
    await chat(ana)
    await chat(bob)
    await follow(ana, 'show/82')
    await follow(bob, 'show/82')
    now = new Date('2026-11-21T12:00:00Z')
    const events = await tell(
      due({
        episodes: [episode(2, 6, { airstamp: null, airdate: '2026-11-21' })],
        followedBefore: '2026-11-21T12:00:00Z',
        zone: 'America/Sao_Paulo',
      }),
    )
    expect(events.map(({ data }) => data.chatId)).toEqual([ana.id])
  })

  test('a forum is told in the topic where it follows; the list of what was missed comes once a topic', async () => {
    await chat(ana)
    await chat(bob)
    const follows = followsIn(database.db)
    const since = new Date('2026-01-01T00:00:00Z')
    await follows.follow(ana.id, 'show/82', since, null, 77)
    await follows.follow(ana.id, 'show/83', since, null, 78)
    await follows.follow(ana.id, 'show/84', since)
    await follow(bob, 'show/82')
    const threads = (events: Awaited<ReturnType<typeof tell>>) =>
      events.map(({ id, data }) => [id, data.chatId, data.threadId])
    expect(threads(await tell(due()))).toEqual([
      ['cause/message.requested/1', 1, 77],
      ['cause/message.requested/2', 2, undefined],
    ])
    const missed: NotifiableEvent = {
      name: 'episode.missed',
      data: { shows: [82, 83, 84].map(id => ({ show: { ...show, id }, episodes: [episode(2, 5)] })) },
    } as NotifiableEvent
    expect(threads(await tell(missed, 'gap', 'episodes')).toSorted()).toEqual([
      ['gap/message.requested/1', 1, undefined],
      ['gap/message.requested/1/77', 1, 77],
      ['gap/message.requested/1/78', 1, 78],
      ['gap/message.requested/2', 2, undefined],
    ])
  })

  test('who asked for a check is told where they asked, else where the monitor belongs', async () => {
    await chat(ana)
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
    expect((await tell(finished(), 'c', 'monitor/42'))[0]!.data.threadId).toBe(77)
    expect((await tell(finished(88), 'c', 'monitor/42'))[0]!.data.threadId).toBe(88)
  })

  test('of what was missed a chat hears only its own shows, and only what came after it followed', async () => {
    const other: EventShow = { ...show, id: 83, name: 'Harbor Nine', url: 'https://www.tvmaze.com/shows/83' }
    delete other.namePt
    await chat(ana)
    await chat(bob)
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
    expect(said(await tell(missed, 'gap', 'episodes'))).toEqual([
      '⏳ Enquanto eu estava parado\nFiquei um tempo sem funcionar e não avisei destes episódios:\n\n• Ruptura (Severance) T2 E3 · sex., 13 nov\n• Ruptura (Severance) T2 E4 · seg., 16 nov\n\nDados: TVmaze',
      '⏳ While I was away\nI was not running for a while, so I could not tell you when this came out:\n\n• Harbor Nine S1 E2 · Wed, Nov 18\n\nData: TVmaze',
    ])
    expect((await tell(missed, 'gap', 'episodes'))[0]!.data.html).toContain(`<a href="${show.url}">`)
  })

  test('the answer to a check goes to the chat that waits for it', async () => {
    await chat(ana)
    await chat(bob)
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
    const events = await tell(finished, 'press', 'monitor/42')
    expect(said(events)).toEqual(['🟢 exemplo.com.br está no ar\nRespondeu 200 em 132 ms'])
    await chatsIn(database.db).markUnreachable(ana.id, 'blocked')
    expect(await tell(finished, 'press', 'monitor/42')).toEqual([])
  })
})

test('missed episodes of two series with one name say which by their channels', () => {
  const missed: NotifiableEvent = {
    name: 'episode.missed',
    data: {
      from: '2026-11-10T00:00:00Z',
      to: '2026-11-19T12:00:00Z',
      shows: ['Rede Um', 'Rede Dois'].map((channel, index) => ({
        show: { id: 70 + index, name: 'Fantasma', url: show.url, image: null, channel },
        episodes: [episode(1, 1, { airstamp: '2026-11-17T01:00:00Z' })],
      })),
    },
  }
  const text = words(missed)
  expect(text).toContain('• Fantasma (Rede Um) T1 E1')
  expect(text).toContain('• Fantasma (Rede Dois) T1 E1')
})

describe('episodes', () => {
  test('without an hour the date is said and no clock anywhere', () => {
    now = new Date('2026-11-21T12:00:30Z')
    for (const reader of [ana, bob]) {
      const text = words(due({ episodes: [episode(2, 6, { airstamp: null, airdate: '2026-11-21' })] }), reader)
      expect(text).toContain(reader === ana ? 'hoje (sáb., 21 nov) · horário não divulgado' : 'today (Sat, Nov 21)')
      expect(text).not.toMatch(/\d:\d|AM|PM/)
    }
  })

  test('eight at once are one message that says which', () => {
    const episodes = [8, 3, 1, 2, 4, 5, 7, 6].map(number =>
      episode(2, number, { airstamp: null, airdate: '2026-11-20' }),
    )
    expect(words(due({ episodes }))).toBe(
      '📺 Ruptura (Severance)\nSaem hoje 8 episódios novos: T2 E1–E8\n🎬 Estreia da 2ª temporada\n🗓 hoje (sex., 20 nov) · horário não divulgado\n▶️ Apple TV+',
    )
  })

  test.each([
    [[[2, 5]], 'T2 E5', 'S2 E5'],
    [
      [
        [2, 1],
        [2, 2],
        [2, 3],
        [2, 5],
      ],
      'T2 E1–E3, E5',
      'S2 E1–E3, E5',
    ],
    [
      [
        [1, 10],
        [2, 1],
      ],
      'T1 E10, T2 E1',
      'S1 E10, S2 E1',
    ],
    [[[2, null]], 'T2 especial', 'S2 special'],
    [
      [
        [2, 1],
        [2, null],
      ],
      'T2 E1, 1 especial',
      'S2 E1, 1 special',
    ],
    [
      [
        [2, null],
        [3, null],
      ],
      '2 especiais',
      '2 specials',
    ],
    [[[2026, 220]], 'T2026 E220', 'S2026 E220'],
  ] as [[number, number | null][], string, string][])('%j is %s', (numbers, portuguese, english) => {
    const episodes = numbers.map(([season, number]) => episode(season, number))
    expect(sayEpisodes(episodes, 'pt-BR')).toBe(portuguese)
    expect(sayEpisodes(episodes, 'en')).toBe(english)
  })

  test.each([
    ['Episode 7', null],
    ['Episódio 7', null],
    ['Capítulo 107', null],
    ['Folge 7', null],
    ['Ep. 7', null],
    ['S1E7', null],
    ['S01 E07', null],
    ['1x07', null],
    ['Season 1, Episode 7', null],
    ['Episode Seven', null],
    ['Chapter VII', null],
    ['Part 7', null],
    ['#7', null],
    ['7', null],
    ['TBA', null],
    [' ', null],
    ['Seven', 'Seven'],
    ['Part Two', 'Part Two'],
    ['24', '24'],
    ['Episode Two', 'Episode Two'],
    ['The Seventh Day', 'The Seventh Day'],
    ['Episode 7: The Harbour', 'Episode 7: The Harbour'],
    ['!!!', '!!!'],
    ['第七話', '第七話'],
  ])('the name %j of the seventh episode is said as %j', (name, said) => {
    expect(episodeName({ name, season: 1, number: 7 })).toBe(said)
    const text = words(due({ episodes: [episode(1, 7, { name })] }))
    expect(text).toContain(`Saiu episódio novo: T1 E7${said === null ? '\n' : ` · ${said}\n`}`)
  })

  test('the first of a season and of a series are premieres', () => {
    expect(words(due({ episodes: [episode(1, 1)] }))).toContain('🎬 Estreia da série')
    expect(words(due({ episodes: [episode(3, 1)] }), bob)).toContain('🎬 Premiere of season 3')
    expect(words(due({ episodes: [episode(3, 1)] }))).toContain('🎬 Estreia da 3ª temporada')
    expect(words(due({ episodes: [episode(2026, 1)] }))).toContain('🎬 Estreia da temporada 2026\n')
    expect(words(due({ episodes: [episode(3, 2)] }))).not.toContain('🎬')
  })

  test('a show of which nothing but the name is known still makes a message', () => {
    const bare: EventShow = { id: 9, name: 'Tom & Zé <ao vivo>', url: show.url, image: null, channel: null }
    const told = wording(due({ show: bare, episodes: [episode(1, null, { name: '' })] }), ana, now)
    expect(told.html).toBe(
      '📺 <b>Tom &amp; Zé &lt;ao vivo&gt;</b>\nSaiu episódio novo: T1 especial\n🗓 hoje · 22:00 (horário de Brasília)',
    )
    expect(told.photo).toBeUndefined()
  })

  test('every message about a show links to TVmaze, as its licence asks', () => {
    const all: NotifiableEvent[] = [
      due(),
      ...(['moved', 'ended', 'returned', 'gone'] as const).map(
        (change): NotifiableEvent => ({ name: 'series.changed', data: { change, show } }),
      ),
    ]
    for (const news of all) {
      expect(wording(news, ana, now).buttons).toEqual([[{ text: 'TVmaze', url: show.url }]])
    }
  })
})

describe('series', () => {
  test('a new date says the old one too, each as far as it is known', () => {
    const moved = (
      before: { airdate: string; airstamp: string | null },
      after: Partial<EventEpisode>,
    ): NotifiableEvent => ({
      name: 'series.changed',
      data: { change: 'moved', show, episode: episode(2, 6, after), before },
    })
    now = new Date('2026-11-16T12:00:00Z')
    expect(
      words(moved({ airdate: '2026-11-20', airstamp: '2026-11-21T01:00:00Z' }, { airstamp: '2026-11-28T01:00:00Z' })),
    ).toBe(
      "📆 Ruptura (Severance) mudou de data\nT2 E6 · Trojan's Horse\nantes: sex., 20 nov · 22:00 (horário de Brasília)\nagora: sex., 27 nov · 22:00 (horário de Brasília)",
    )
    expect(words(moved({ airdate: '2026-11-20', airstamp: null }, { airdate: '', airstamp: null }), bob)).toBe(
      "📆 Severance\nS2 E6 · Trojan's Horse was postponed and has no new date yet\nwas: Fri, Nov 20 · time not announced",
    )
  })
})

describe('monitors', () => {
  const down: DataOf<typeof import('#events/monitor-down.ts').MonitorDown> = {
    monitorId: 42,
    incidentId: 7,
    name: 'exemplo.com.br',
    url: 'https://exemplo.com.br/saude?a=1&b=2',
    since: '2026-11-21T00:55:00Z',
    status: 500,
    error: 'status',
    lastOkAt: '2026-11-21T00:54:00Z',
  }

  test('down says what, why, since when and when it was last well, and offers to look again', () => {
    const told = wording({ name: 'monitor.down', data: down }, ana, now)
    expect(plain(told.html)).toBe(
      '🔴 exemplo.com.br saiu do ar\nMotivo: respondeu com erro 500\nDesde: hoje · 21:55 (horário de Brasília)\nÚltima vez no ar: hoje · 21:54\nhttps://exemplo.com.br/saude?a=1&b=2',
    )
    expect(told.silent).toBeUndefined()
    expect(words({ name: 'monitor.down', data: { ...down, lastOkAt: null } })).toMatch(
      /^🔴 exemplo\.com\.br está fora do ar\n(.*\n)*Última vez no ar: nenhuma até agora\n/,
    )
    const [[button]] = told.buttons as [[{ text: string; data: string }]]
    expect(button.text).toBe('verificar agora')
    expect(decode(button.data)).toEqual({ act: 'check', monitor: 42 })
  })

  test('up replies to its own down message, without a sound, and says for how long', async () => {
    await chat(ana)
    await follow(ana, 'monitor/42')
    const [bad] = await tell({ name: 'monitor.down', data: down }, 'incident/7/monitor.down', 'monitor/42')
    const up: NotifiableEvent = { name: 'monitor.up', data: { ...down, until: '2026-11-21T01:02:10Z' } }
    const [good] = await tell(up, 'incident/7/monitor.up', 'monitor/42')
    expect(good!.data).toMatchObject({ replyTo: bad!.id, silent: true })
    expect(plain(good!.data.html)).toBe('🟢 exemplo.com.br voltou ao ar\nFicou fora por 7 min: das 21:55 às 22:02')
    const blink = { ...down, until: '2026-11-21T00:55:40Z' }
    expect(words({ name: 'monitor.up', data: blink })).toContain('Ficou fora por 40 s: às 21:55')
    const night = { ...down, since: '2026-11-20T02:30:00Z', until: '2026-11-21T01:02:10Z' }
    expect(words({ name: 'monitor.up', data: night })).toContain(
      'Ficou fora por 22 h 32 min: ontem · 23:30 – hoje · 22:02',
    )
  })

  test('what went down and up was up for some of the time, never for 0 % or 100 % of it', () => {
    const { monitorId, incidentId, name, url, since, status, error } = down
    const steady = (uptime: number): NotifiableEvent => ({
      name: 'monitor.steady',
      data: { monitorId, incidentId, name, url, since, status, error, changes: 12, uptime, downSince: null },
    })
    expect(words(steady(0.996))).toContain('Esteve no ar 99% desse tempo')
    expect(words(steady(0.001), bob)).toContain('It was up 1% of that time')
    expect(words(steady(0.698))).toContain('Esteve no ar 70% desse tempo')
  })

  test('a check that a person asked for says what came of it', () => {
    const finished = (
      more: Partial<DataOf<typeof import('#events/probe-finished.ts').ProbeFinished>>,
    ): NotifiableEvent => ({
      name: 'probe.finished',
      data: {
        monitorId: 42,
        name: 'exemplo.com.br',
        url: down.url,
        chatId: 1,
        reason: 'now',
        ok: false,
        status: null,
        error: 'timeout',
        totalMs: 10_000,
        ...more,
      },
    })
    expect(words(finished({}))).toBe('🟠 exemplo.com.br não passou na verificação: não respondeu a tempo')
    expect(words(finished({ reason: 'first', error: 'dns' }))).toBe(
      '🟠 exemplo.com.br não passou na primeira verificação: o nome não foi encontrado (DNS)\nConfira o endereço: https://exemplo.com.br/saude?a=1&b=2\nEu continuo vigiando.',
    )
    expect(words(finished({ error: 'not-checked' }), bob)).toContain('because of a problem on my side')
    const insecure = finished({ ok: true, status: 200, error: null, totalMs: 80, warning: 'insecure-redirect' })
    expect(words(insecure)).toBe(
      '🟢 exemplo.com.br está no ar\nRespondeu 200 em 80 ms\n⚠️ O site redireciona de https para http, sem criptografia',
    )
    expect(words(insecure, bob)).toMatch(/⚠️ The site redirects from https to http, which is not encrypted$/)
    expect(words(finished({ ok: true, error: null, totalMs: 1_320 }))).toBe(
      '🟢 exemplo.com.br está no ar\nRespondeu em 1,3 s',
    )
  })

  test('every reason has words, and none of them is a code', () => {
    for (const code of probeErrorCodes) {
      for (const language of ['pt-BR', 'en'] as const) {
        expect(sayProbeError(code, language)).toMatch(/^[\p{L}][\p{L} ,()]+$/u)
      }
    }
    expect(sayProbeError('status', 'pt-BR', 503)).toBe('respondeu com erro 503')
    expect(sayProbeError('brand-new', 'en')).toBe('failed (brand-new)')
  })
})

test('a name as long as Telegram allows does not make a message too long', () => {
  const told = wording(
    {
      name: 'monitor.down',
      data: {
        monitorId: 1,
        incidentId: 1,
        name: 'x'.repeat(200),
        url: `https://example.org/${'y'.repeat(2000)}`,
        since: '2026-11-21T00:55:00Z',
        status: null,
        error: 'timeout',
        lastOkAt: null,
      },
    },
    bob,
    now,
  )
  expect(visibleLength(told.html)).toBeLessThan(4096)
})
