import { describe, expect, test } from 'vitest'
import { plannedTime } from '#functions/telegram-webhook/maintenance/planned-time.ts'

// A Saturday, 12:00 in São Paulo.
const now = new Date('2026-11-21T15:00:00Z')
const pt = { language: 'pt-BR', zone: 'America/Sao_Paulo', now } as const
const en = { language: 'en', zone: 'America/New_York', now } as const

describe('the start of maintenance in plain words', () => {
  test.each([
    ['amanhã 22:00 2h', '2026-11-23T01:00:00Z', '2h'],
    ['Loja amanhã às 22h 2h', '2026-11-23T01:00:00Z', 'Loja 2h'],
    ['hoje 23h30 por 30 minutos', '2026-11-22T02:30:00Z', 'por 30 minutos'],
    ['hoje à noite 1h Loja', '2026-11-22T01:00:00Z', '1h Loja'],
    ['hoje à noite às 23h 1h', '2026-11-22T02:00:00Z', '1h'],
    ['depois de amanhã às 10 da noite 2h', '2026-11-24T01:00:00Z', '2h'],
    ['na terça-feira às 3h 1h', '2026-11-24T06:00:00Z', '1h'],
    ['sábado 13:00 1h', '2026-11-21T16:00:00Z', '1h'],
    ['24/12 22:00 2h blog.example', '2026-12-25T01:00:00Z', '2h blog.example'],
    ['24/12/2026 22:00 2h', '2026-12-25T01:00:00Z', '2h'],
    ['2026-12-24 22:00 2h', '2026-12-25T01:00:00Z', '2h'],
    ['24 de dezembro às 22h 2h', '2026-12-25T01:00:00Z', '2h'],
    ['10/01 meia-noite 2h', '2027-01-10T03:00:00Z', '2h'],
    ['22:00 2h', '2026-11-22T01:00:00Z', '2h'],
    ['09:00 2h', '2026-11-22T12:00:00Z', '2h'],
    ['às 22 2h', '2026-11-22T01:00:00Z', '2h'],
  ])('%s', (text, startsAt, rest) => {
    expect(plannedTime(text, pt)).toEqual({ start: { startsAt: new Date(startsAt) }, rest })
  })

  test.each([
    ['tomorrow 10pm 2h', '2026-11-23T03:00:00Z', '2h'],
    ['tomorrow at 10 pm for 2 hours', '2026-11-23T03:00:00Z', 'for 2 hours'],
    ['tonight 1h Shop', '2026-11-22T03:00:00Z', '1h Shop'],
    ['on Tuesday at 3am 1h', '2026-11-24T08:00:00Z', '1h'],
    ['12/24 22:00 2h', '2026-12-25T03:00:00Z', '2h'],
    ['24/12 22:00 2h', '2026-12-25T03:00:00Z', '2h'],
    ['Dec 24 at 10pm 2h', '2026-12-25T03:00:00Z', '2h'],
    ['24th of December noon 2h', '2026-12-24T17:00:00Z', '2h'],
  ])('%s', (text, startsAt, rest) => {
    expect(plannedTime(text, en)).toEqual({ start: { startsAt: new Date(startsAt) }, rest })
  })

  test.each([
    ['toda terça às 3h 1h Loja', '0 3 * * 2', '1h Loja'],
    ['todo dia 04:30 20m', '30 4 * * *', '20m'],
    ['todos os domingos às 2h 1h', '0 2 * * 0', '1h'],
    ['every Tuesday at 3am 1h', '0 3 * * 2', '1h'],
    ['every night at 11pm 30m', '0 23 * * *', '30m'],
    ['0 3 * * 2 1h Loja', '0 3 * * 2', '1h Loja'],
    ['*/30 1-5 * * mon-fri 10m', '*/30 1-5 * * mon-fri', '10m'],
    ['cron 15 3 1 1 1 2h', '15 3 1 1 1', '2h'],
  ])('%s repeats', (text, cron, rest) => {
    expect(plannedTime(text, pt)).toEqual({ start: { cron }, rest })
  })

  test.each([
    ['amanhã 2h30 Loja de manhã', { start: { startsAt: new Date('2026-11-22T05:30:00Z') }, rest: 'Loja de manhã' }],
    ['amanhã', { refused: 'time' }],
    ['toda terça', { refused: 'time' }],
    ['hoje 08:00 2h', { refused: 'past' }],
    ['2h', null],
    ['2h Loja', null],
    ['30 minutos Loja', null],
    ['31/02 22:00 2h', { refused: 'time' }],
    ['sábado 09:00 1h', { start: { startsAt: new Date('2026-11-28T12:00:00Z') }, rest: '1h' }],
    ['2h loja24.example', null],
  ])('%s', (text, expected) => {
    expect(plannedTime(text, pt)).toEqual(expected)
  })
})
