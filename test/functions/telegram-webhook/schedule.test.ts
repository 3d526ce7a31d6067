import { expect, test } from 'vitest'
import { airsIn, slotsOf } from '#functions/series/slots.ts'
import { severance, showOutsidePeriod, showWithoutAirtimes } from '#test/support/catalogue-shows.ts'

test('upcoming episodes are in order of time; those with only a date belong to that day in the chat’s zone', () => {
  const [from, to] = [new Date('2026-11-20T12:00:00Z'), new Date('2026-11-28T02:00:00Z')]
  const upcoming = (zone: string) =>
    slotsOf([severance, showWithoutAirtimes, showOutsidePeriod], airsIn(from, to, zone), zone).flatMap(({ episodes }) =>
      episodes.map(({ id }) => id),
    )
  // 01:00 UTC on 21 November is still 20 November in São Paulo, but already 21 November in Lisbon.
  expect(upcoming('America/Sao_Paulo')).toEqual([11, 2, 12, 3])
  expect(upcoming('Europe/Lisbon')).toEqual([11, 12, 2, 3])
})
