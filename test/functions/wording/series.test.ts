import { expect, test } from 'vitest'
import { sayEpisodes } from '#functions/wording/series.ts'
import { episode } from '#test/functions/notification-fanout/support.ts'

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
] as [[number, number | null][], string, string][])(
  'the episodes %j are written as %s',
  (numbers, portuguese, english) => {
    const episodes = numbers.map(([season, number]) => episode(season, number))
    expect(sayEpisodes(episodes, 'pt-BR')).toBe(portuguese)
    expect(sayEpisodes(episodes, 'en')).toBe(english)
  },
)
