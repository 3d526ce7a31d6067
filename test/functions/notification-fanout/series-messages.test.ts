import { describe, expect, test } from 'vitest'
import type { EventEpisode, EventShow } from '#events/show.ts'
import type { NotifiableEvent } from '#functions/notification-fanout/notifiable-event.ts'
import { wording } from '#functions/notification-fanout/wording.ts'
import { episodeName } from '#functions/wording/series.ts'
import { ana, bob, due, episode, now, show, textOf } from './support.ts'

test('a message about missed episodes distinguishes two series with the same name by their channels', () => {
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
  const text = textOf(missed)
  expect(text).toContain('• Fantasma (Rede Um) T1 E1')
  expect(text).toContain('• Fantasma (Rede Dois) T1 E1')
})

describe('episodes', () => {
  test('without an hour are announced with a date and no time', () => {
    const at = new Date('2026-11-21T12:00:30Z')
    for (const reader of [ana, bob]) {
      const text = textOf(due({ episodes: [episode(2, 6, { airstamp: null, airdate: '2026-11-21' })] }), reader, at)
      expect(text).toContain(reader === ana ? 'hoje (sáb., 21 nov) · horário não divulgado' : 'today (Sat, Nov 21)')
      expect(text).not.toMatch(/\d:\d|AM|PM/)
    }
  })

  test('that air together are announced in one message with their numbers', () => {
    const episodes = [8, 3, 1, 2, 4, 5, 7, 6].map(number =>
      episode(2, number, { airstamp: null, airdate: '2026-11-20' }),
    )
    expect(textOf(due({ episodes }))).toBe(
      '📺 Ruptura (Severance)\nSaem hoje 8 episódios novos: T2 E1–E8\n🎬 Estreia da 2ª temporada\n🗓 hoje (sex., 20 nov) · horário não divulgado\n▶️ Apple TV+',
    )
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
  ])('the name %j of the seventh episode is shown as %j', (name, shown) => {
    expect(episodeName({ name, season: 1, number: 7 })).toBe(shown)
    const text = textOf(due({ episodes: [episode(1, 7, { name })] }))
    expect(text).toContain(`Saiu episódio novo: T1 E7${shown === null ? '\n' : ` · ${shown}\n`}`)
  })

  test('the first episode of a season or series is a premiere', () => {
    expect(textOf(due({ episodes: [episode(1, 1)] }))).toContain('🎬 Estreia da série')
    expect(textOf(due({ episodes: [episode(3, 1)] }), bob)).toContain('🎬 Premiere of season 3')
    expect(textOf(due({ episodes: [episode(3, 1)] }))).toContain('🎬 Estreia da 3ª temporada')
    expect(textOf(due({ episodes: [episode(2026, 1)] }))).toContain('🎬 Estreia da temporada 2026\n')
    expect(textOf(due({ episodes: [episode(3, 2)] }))).not.toContain('🎬')
  })

  test('a show of which only the name is known gets a message', () => {
    const bare: EventShow = { id: 9, name: 'Tom & Zé <ao vivo>', url: show.url, image: null, channel: null }
    const message = wording(due({ show: bare, episodes: [episode(1, null, { name: '' })] }), ana, now)
    expect(message.html).toBe(
      '📺 <b>Tom &amp; Zé &lt;ao vivo&gt;</b>\nSaiu episódio novo: T1 especial\n🗓 <tg-time unix="1795222800" format="wDt">hoje · 22:00 (horário de Brasília)</tg-time>',
    )
    expect(message.photo).toBeUndefined()
  })

  test('a date without a time, and a missing date, have no time that an app could move to another zone', () => {
    for (const [airdate, said] of [
      ['2026-11-21', 'amanhã · horário não divulgado'],
      ['', 'ainda sem data'],
    ] as const) {
      const { html } = wording(due({ episodes: [episode(2, 5, { airstamp: null, airdate })] }), ana, now)
      expect(html).toContain(said)
      expect(html).not.toContain('tg-time')
    }
  })

  test('a notice has a button that shares the series', () => {
    expect(wording(due(), ana, now, 'VigiaBot').buttons!.at(-1)).toEqual([
      {
        text: '📤 compartilhar',
        url: 'https://t.me/share/url?url=https%3A%2F%2Ft.me%2FVigiaBot%3Fstart%3Ds_82&text=Ruptura%3A%20o%20Vigia%20avisa%20quando%20sai%20epis%C3%B3dio%20novo.',
      },
    ])
  })

  test('every message about one show has a button to TVmaze, as the licence of its data requires', () => {
    const all: NotifiableEvent[] = [
      due(),
      ...(['moved', 'ended', 'returned', 'gone', 'merged'] as const).map(
        (change): NotifiableEvent => ({ name: 'series.changed', data: { change, show } }),
      ),
    ]
    for (const event of all) {
      expect(wording(event, ana, now).buttons!.flat()).toContainEqual({ text: 'TVmaze', url: show.url })
    }
  })
})

describe('series', () => {
  test('a message about a new date has the old date too, with a time only if it is known', () => {
    const moved = (
      before: { airdate: string; airstamp: string | null },
      after: Partial<EventEpisode>,
    ): NotifiableEvent => ({
      name: 'series.changed',
      data: { change: 'moved', show, episode: episode(2, 6, after), before },
    })
    const at = new Date('2026-11-16T12:00:00Z')
    expect(
      textOf(
        moved({ airdate: '2026-11-20', airstamp: '2026-11-21T01:00:00Z' }, { airstamp: '2026-11-28T01:00:00Z' }),
        ana,
        at,
      ),
    ).toBe(
      "📆 Ruptura (Severance) mudou de data\nT2 E6 · Trojan's Horse\nantes: sex., 20 nov · 22:00 (horário de Brasília)\nagora: sex., 27 nov · 22:00 (horário de Brasília)",
    )
    expect(textOf(moved({ airdate: '2026-11-20', airstamp: null }, { airdate: '', airstamp: null }), bob, at)).toBe(
      "📆 Severance\nS2 E6 · Trojan's Horse was postponed and has no new date yet\nwas: Fri, Nov 20 · time not announced",
    )
  })
})
