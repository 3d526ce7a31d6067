import { describe, expect, test } from 'vitest'
import type { Language } from '#database/chats/language.ts'
import { dayOf, instantOf, sayClock, sayDate, sayDuration, sayInstant, sayPeriod } from '#functions/wording/dates.ts'
import { sayZone, sayZoneTime } from '#functions/wording/zone-names.ts'

const br = { language: 'pt-BR', zone: 'America/Sao_Paulo' } as const
const ny = { language: 'en', zone: 'America/New_York' } as const
const at = (iso: string) => new Date(iso)

describe('instants', () => {
  test('are shown with the day and hour in the reader’s zone', () => {
    const now = at('2026-11-16T12:00:00Z')
    expect(sayInstant('2026-11-21T01:00:00Z', { ...br, now })).toBe('sex., 20 nov · 22:00')
    expect(sayInstant('2026-11-21T01:00:00Z', { ...ny, now })).toBe('Fri, Nov 20 · 8:00 PM')
    expect(sayInstant('2026-11-21T01:00:00Z', { language: 'pt-BR', zone: 'America/Noronha', now })).toBe(
      'sex., 20 nov · 23:00',
    )
    expect(sayInstant('2026-11-21T01:00:00Z', { language: 'pt-BR', zone: 'Europe/Lisbon', now })).toBe(
      'sáb., 21 nov · 01:00',
    )
  })

  test('are called today or tomorrow by the calendar of the zone', () => {
    const now = at('2026-11-21T02:30:00Z')
    expect(sayInstant('2026-11-21T02:00:00Z', { ...br, now })).toBe('hoje · 23:00')
    expect(sayInstant('2026-11-21T03:00:00Z', { ...br, now })).toBe('amanhã · 00:00')
    expect(sayInstant('2026-11-20T02:59:00Z', { ...br, now })).toBe('ontem · 23:59')
    expect(sayInstant('2026-11-21T02:00:00Z', { ...ny, now })).toBe('today · 9:00 PM')
  })

  test('of a weekly US show are an hour later in São Paulo after US summer time ends', () => {
    const now = at('2026-10-20T12:00:00Z')
    const sunday = (date: string) => instantOf(date, '21:00', 'America/New_York').toISOString()
    expect(sayInstant(sunday('2026-10-25'), { ...br, now })).toBe('dom., 25 out · 22:00')
    expect(sayInstant(sunday('2026-11-01'), { ...br, now })).toBe('dom., 1 nov · 23:00')
    expect(sayInstant(sunday('2027-03-07'), { ...br, now })).toBe('dom., 7 mar 2027 · 23:00')
    expect(sayInstant(sunday('2027-03-14'), { ...br, now })).toBe('dom., 14 mar 2027 · 22:00')
  })

  test('of a skipped local time are an hour later, and a repeated local time means the earlier of its two instants', () => {
    expect(instantOf('2026-03-08', '02:30', 'America/New_York')).toEqual(at('2026-03-08T07:30:00Z'))
    expect(instantOf('2026-11-01', '01:30', 'America/New_York')).toEqual(at('2026-11-01T05:30:00Z'))
    expect(instantOf('2026-11-21', '09:00', 'America/Sao_Paulo')).toEqual(at('2026-11-21T12:00:00Z'))
    expect(instantOf('2026-11-21', '09:00', 'Pacific/Kiritimati')).toEqual(at('2026-11-20T19:00:00Z'))
  })
})

describe('dates', () => {
  test('do not depend on the zone', () => {
    expect(sayDate('2026-11-21', { language: 'pt-BR' })).toBe('sáb., 21 nov')
    expect(sayDate('2026-11-21', { language: 'en' })).toBe('Sat, Nov 21')
    expect(sayDate('2026-11-21', { language: 'pt-BR', today: '2026-11-21' })).toBe('hoje')
    expect(sayDate('2026-12-01', { language: 'pt-BR', today: '2026-11-30' })).toBe('amanhã')
    expect(sayDate('2026-11-30', { language: 'en', today: '2026-12-01' })).toBe('yesterday')
  })

  test('contain the year if it is another year and far away', () => {
    expect(sayDate('2027-01-05', { language: 'pt-BR', today: '2026-12-20' })).toBe('ter., 5 jan')
    expect(sayDate('2027-06-05', { language: 'pt-BR', today: '2026-12-20' })).toBe('sáb., 5 jun 2027')
    expect(sayDate('2027-06-05', { language: 'en', today: '2026-12-20' })).toBe('Sat, Jun 5, 2027')
  })

  test('of an instant depend on the zone', () => {
    expect(dayOf('2026-11-21T02:59:59Z', 'America/Sao_Paulo')).toBe('2026-11-20')
    expect(dayOf('2026-11-21T03:00:00Z', 'America/Sao_Paulo')).toBe('2026-11-21')
    expect(dayOf(at('2026-11-21T03:00:00Z'), 'America/Rio_Branco')).toBe('2026-11-20')
  })
})

test('times have 24 hours in Portuguese and 12 in English', () => {
  expect(sayClock('2026-11-21T03:05:00Z', br)).toBe('00:05')
  expect(sayClock('2026-11-21T05:05:00Z', ny)).toBe('12:05 AM')
})

test.each([
  [0, '0 s', '0 s'],
  [40_000, '40 s', '40 s'],
  [59_600, '1 min', '1 min'],
  [7 * 60_000, '7 min', '7 min'],
  [65 * 60_000, '1 h 05 min', '1 h 05 min'],
  [2 * 3_600_000, '2 h', '2 h'],
  [24 * 3_600_000, '1 dia', '1 day'],
  [51 * 3_600_000, '2 dias 3 h', '2 days 3 h'],
  [-5, '0 s', '0 s'],
])('%i ms is %s', (ms, portuguese, english) => {
  expect(sayDuration(ms, 'pt-BR')).toBe(portuguese)
  expect(sayDuration(ms, 'en')).toBe(english)
})

test('a zone has the name of its city, in the language of the reader', () => {
  expect(sayZone('America/Sao_Paulo', 'pt-BR')).toBe('São Paulo')
  expect(sayZone('America/New_York', 'pt-BR')).toBe('Nova York')
  expect(sayZone('America/Argentina/Cordoba', 'en')).toBe('Cordoba')
  expect(sayZone('UTC', 'pt-BR')).toBe('UTC')
})

test.each([
  ['America/Sao_Paulo', 'horário de Brasília', 'Brasília time'],
  ['America/Rio_Branco', 'horário do Acre', 'Acre time'],
  ['Europe/Lisbon', 'horário de Lisboa', 'Lisbon time'],
  ['Europe/Helsinki', 'horário de Helsinque', 'Helsinki time'],
  ['Atlantic/Azores', 'horário dos Açores', 'Azores time'],
  ['America/Cordoba', 'horário de Córdoba', 'Cordoba time'],
  ['UTC', 'UTC', 'UTC'],
  ['Etc/GMT+3', 'UTC-3', 'UTC-3'],
  ['Etc/GMT-5', 'UTC+5', 'UTC+5'],
])('times in the zone %s are called "%s" and "%s"', (zone, portuguese, english) => {
  expect(sayZoneTime(zone, 'pt-BR')).toBe(portuguese)
  expect(sayZoneTime(zone, 'en')).toBe(english)
})

describe('when summer time begins or ends', () => {
  const now = at('2026-11-01T12:00:00Z')
  const period = (zone: string, start: string, end: string, language: Language = 'en') => {
    const { from, to } = sayPeriod(start, end, { language, zone, now: at(end) })
    return `${from} – ${to}`
  }

  test('a repeated hour is shown with its UTC offset', () => {
    expect(sayClock('2026-11-01T05:30:00Z', ny)).toBe('1:30 AM UTC-4')
    expect(sayClock('2026-11-01T06:30:00Z', ny)).toBe('1:30 AM UTC-5')
    expect(sayInstant('2026-11-01T06:30:00Z', { ...ny, now })).toBe('today · 1:30 AM UTC-5')
    expect(sayClock('2026-11-01T06:30:00Z', { language: 'pt-BR', zone: 'America/New_York' })).toBe('01:30 UTC-5')
  })

  test.each([
    ['the last minute before the repeated hour', '2026-11-01T04:59:00Z', '12:59 AM'],
    ['the first minute of the repeated hour', '2026-11-01T05:00:00Z', '1:00 AM UTC-4'],
    ['the last second of the repeated hour', '2026-11-01T06:59:59Z', '1:59 AM UTC-5'],
    ['the first minute after the repeated hour', '2026-11-01T07:00:00Z', '2:00 AM'],
    ['the last minute before the skipped hour', '2026-03-08T06:59:00Z', '1:59 AM'],
    ['the first minute after the skipped hour', '2026-03-08T07:00:00Z', '3:00 AM'],
  ])('%s (%s) is shown as %s', (_, instant, said) => {
    expect(sayClock(instant, ny)).toBe(said)
  })

  test.each([
    [
      'the same local time, an hour apart',
      'America/New_York',
      '2026-11-01T05:30:00Z',
      '2026-11-01T06:30:00Z',
      '1:30 AM UTC-4 – 1:30 AM UTC-5',
    ],
    [
      'an end whose local time is earlier than its start',
      'America/New_York',
      '2026-11-01T05:40:00Z',
      '2026-11-01T06:10:00Z',
      '1:40 AM UTC-4 – 1:10 AM UTC-5',
    ],
    [
      'both in the first repetition of the hour',
      'America/New_York',
      '2026-11-01T05:10:00Z',
      '2026-11-01T05:20:00Z',
      '1:10 AM UTC-4 – 1:20 AM UTC-4',
    ],
    [
      'from before the repeated hour into it',
      'America/New_York',
      '2026-11-01T04:30:00Z',
      '2026-11-01T05:30:00Z',
      '12:30 AM UTC-4 – 1:30 AM UTC-4',
    ],
    [
      'from before the repeated hour to after it',
      'America/New_York',
      '2026-11-01T04:30:00Z',
      '2026-11-01T07:30:00Z',
      '12:30 AM UTC-4 – 2:30 AM UTC-5',
    ],
    [
      'across the skipped hour',
      'America/New_York',
      '2026-03-08T06:30:00Z',
      '2026-03-08T07:30:00Z',
      '1:30 AM UTC-5 – 3:30 AM UTC-4',
    ],
    [
      'the half hour that Lord Howe repeats',
      'Australia/Lord_Howe',
      '2026-04-04T14:45:00Z',
      '2026-04-04T15:15:00Z',
      '1:45 AM UTC+11 – 1:45 AM UTC+10:30',
    ],
    [
      'Nepal, which has no summer time',
      'Asia/Kathmandu',
      '2026-11-01T05:30:00Z',
      '2026-11-01T06:30:00Z',
      '11:15 AM – 12:15 PM',
    ],
    [
      'a repeated midnight',
      'America/Havana',
      '2026-11-01T04:30:00Z',
      '2026-11-01T05:30:00Z',
      '12:30 AM UTC-4 – 12:30 AM UTC-5',
    ],
    [
      'a zone that skips midnight',
      'Africa/Cairo',
      '2026-04-23T21:30:00Z',
      '2026-04-23T22:30:00Z',
      'yesterday · 11:30 PM UTC+2 – today · 1:30 AM UTC+3',
    ],
    [
      'days apart, with the change between',
      'America/New_York',
      '2026-10-30T12:00:00Z',
      '2026-11-03T13:00:00Z',
      'Fri, Oct 30 · 8:00 AM UTC-4 – today · 8:00 AM UTC-5',
    ],
    [
      'a year apart',
      'America/New_York',
      '2025-10-01T12:00:00Z',
      '2026-10-02T12:00:00Z',
      'Wed, Oct 1, 2025 · 8:00 AM – today · 8:00 AM',
    ],
  ])('%s: the period in %s from %s to %s is shown as %s', (_, zone, start, end, said) => {
    expect(period(zone, start, end)).toBe(said)
  })

  test('a period in Portuguese has the offsets too', () => {
    expect(period('America/New_York', '2026-11-01T05:40:00Z', '2026-11-01T06:10:00Z', 'pt-BR')).toBe(
      '01:40 UTC-4 – 01:10 UTC-5',
    )
    expect(period('America/Sao_Paulo', '2026-11-01T02:50:00Z', '2026-11-01T03:10:00Z', 'pt-BR')).toBe(
      'ontem · 23:50 – hoje · 00:10',
    )
  })

  test('a period shown without offsets never seems to end before it starts, in five zones and at every half hour of a year', () => {
    for (const zone of [
      'America/New_York',
      'Australia/Lord_Howe',
      'Europe/Lisbon',
      'America/Havana',
      'Africa/Casablanca',
    ])
      for (
        let start = Date.parse('2026-01-01T00:15:00Z');
        start < Date.parse('2027-01-01T00:00:00Z');
        start += 30 * 60_000
      ) {
        const end = new Date(start + 30 * 60_000)
        const { from, to, sameDay } = sayPeriod(new Date(start), end, { language: 'pt-BR', zone, now: end })
        if (sameDay && !from.includes('UTC')) expect(to > from, `${zone} ${from} – ${to}`).toBe(true)
      }
  })
})
