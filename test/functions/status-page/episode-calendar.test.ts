import ICAL from 'ical.js'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { episodeCalendarsIn } from '#database/series/episode-calendars.ts'
import { followsIn } from '#database/series/follows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { episode, show } from '#test/support/catalogue-shows.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { chatId, dayMs, startStatusPage } from './support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())

const calendars = () => episodeCalendarsIn(database.db)
const catalogue = {
  known: new Map<number, Show>(),
  isDown: false,
  shows: async (ids: readonly number[]) => {
    if (catalogue.isDown) throw new Error('MongoDB is unavailable')
    return ids.flatMap(id => catalogue.known.get(id) ?? [])
  },
}

beforeEach(async () => {
  const { db } = database
  await db.query('truncate chat cascade')
  await chatsIn(db).upsert({ id: chatId, kind: 'private', language: 'pt-BR' })
  await followsIn(db).follow(chatId, 'show/82', new Date('2026-01-01T00:00:00Z'))
  await calendars().make(chatId, new Date())
  Object.assign(catalogue, { known: new Map(), isDown: false })
})

const known = (episodes: Episode[], changes: Partial<Show> = {}) =>
  catalogue.known.set(82, { ...show(82, 'Severance', episodes), names: { pt: 'Ruptura' }, runtime: 50, ...changes })

/** A person's calendar program, which asks again after more than a minute. */
const subscribe = async () => {
  const { get, time } = startStatusPage(database.db, undefined, catalogue)
  const secret = await calendars().secretOf(chatId)
  const fetched = async (file = 'episodes', headers: Record<string, string> = {}) => {
    time.now = new Date(time.now.getTime() + 120_000)
    const answer = await get(`/status/c/${secret}/${file}.ics`, headers)
    const events =
      answer.status === 200
        ? new ICAL.Component(ICAL.parse(answer.text)).getAllSubcomponents('vevent').map(each => new ICAL.Event(each))
        : []
    const shown = events.map(event => ({
      uid: event.uid,
      start: event.startDate.isDate ? event.startDate.toString() : event.startDate.toJSDate().toISOString(),
      status: event.component.getFirstPropertyValue('status'),
      sequence: event.sequence,
      summary: event.summary,
    }))
    return { ...answer, events, shown }
  }
  return { fetched, time, get, secret }
}

test('has an episode with an hour at its instant and with its length, and one without an hour on its whole day', async () => {
  known([episode(1, '2026-11-28T02:00:00Z'), episode(2, '2026-12-05')])
  const { fetched } = await subscribe()
  const { headers, events, shown, text } = await fetched()
  expect(headers['content-type']).toBe('text/calendar; charset=utf-8')
  expect(shown).toEqual([
    { uid: 'episode-1@vigia', start: '2026-11-28T02:00:00.000Z', ...planned(1) },
    { uid: 'episode-2@vigia', start: '2026-12-05', ...planned(2) },
  ])
  expect(events[0]!.endDate.toJSDate().toISOString()).toBe('2026-11-28T02:50:00.000Z')
  expect(text).toContain('URL;VALUE=URI:https://www.tvmaze.com/shows/82')
  // The licence of the data asks for the name of its source.
  expect(text).toContain('TVmaze (CC BY-SA 4.0)')
})

const planned = (number: number, sequence = 0) => ({
  status: 'CONFIRMED',
  sequence,
  summary: `Ruptura T1 E${number}`,
})

test('keeps the uid and counts the changes of an episode that is moved, renumbered, and created anew', async () => {
  known([episode(1, '2026-11-28T02:00:00Z'), episode(2, '2026-12-05')])
  const { fetched } = await subscribe()
  await fetched()
  known([episode(1, '2026-11-29T02:00:00Z'), episode(2, '2026-12-05')])
  const moved = { uid: 'episode-1@vigia', start: '2026-11-29T02:00:00.000Z', ...planned(1, 1) }
  expect((await fetched()).shown[0]).toEqual(moved)
  expect((await fetched()).shown[0], 'nothing has changed since').toEqual(moved)
  known([{ ...episode(1, '2026-11-29T02:00:00Z'), number: 3 }, episode(2, '2026-12-05')])
  expect((await fetched()).shown[0]).toMatchObject({ uid: 'episode-1@vigia', sequence: 2, summary: 'Ruptura T1 E3' })
  known([{ ...episode(99, '2026-11-29T02:00:00Z'), number: 3, name: 'Episode 1' }, episode(2, '2026-12-05')])
  expect((await fetched()).shown.map(({ uid, sequence }) => [uid, sequence])).toEqual([
    ['episode-1@vigia', 2],
    ['episode-2@vigia', 0],
  ])
})

test('says that an episode lost its date or was removed, until it has a date again', async () => {
  known([episode(1, '2026-11-28T02:00:00Z'), episode(2, '2026-12-05'), episode(3, '2026-11-20')])
  const { fetched, time } = await subscribe()
  await fetched()
  known([episode(1, '')])
  expect((await fetched()).shown).toEqual([
    {
      ...{ uid: 'episode-1@vigia', start: '2026-11-28T02:00:00.000Z', status: 'CANCELLED', sequence: 1 },
      summary: 'Adiado, sem nova data: Ruptura T1 E1',
    },
    {
      ...{ uid: 'episode-2@vigia', start: '2026-12-05', status: 'CANCELLED', sequence: 1 },
      summary: 'Cancelado: Ruptura T1 E2',
    },
  ])
  known([episode(1, '2027-01-08')])
  expect((await fetched()).shown).toMatchObject([
    { uid: 'episode-2@vigia', status: 'CANCELLED' },
    { uid: 'episode-1@vigia', start: '2027-01-08', ...planned(1, 2) },
  ])
  time.now = new Date(time.now.getTime() + 31 * dayMs)
  expect((await fetched()).shown.map(({ uid }) => uid)).toEqual(['episode-1@vigia'])
})

test('has what the chat is told about, and in the other file only premieres', async () => {
  const special = { ...episode(5, '2026-12-24'), number: null, type: 'significant_special', name: 'Natal' }
  const trailer = { ...episode(6, '2026-12-23'), number: null, type: 'insignificant_special' }
  known([episode(1, '2026-11-28'), episode(2, '2026-12-05'), special, trailer])
  const { fetched, time } = await subscribe()
  expect((await fetched('premieres')).shown).toMatchObject([planned(1)])
  expect((await fetched()).shown.map(({ summary }) => summary)).toEqual([
    ...['Ruptura T1 E1', 'Ruptura T1 E2', 'Ruptura T1 especial “Natal”'],
  ])
  await noticeSettingsIn(database.db).change(chatId, 82, { specials: 'none' }, time.now)
  const { shown } = await fetched()
  expect(shown.map(({ status }) => status)).toEqual(['CONFIRMED', 'CONFIRMED'])
  await followsIn(database.db).unfollow(chatId, 'show/82')
  expect((await fetched()).shown).toEqual([])
})

test('is answered with 304 until something changes, and is kept by no shared cache', async () => {
  known([episode(1, '2026-11-28')])
  const { fetched } = await subscribe()
  const { headers } = await fetched()
  expect(headers['cache-control']).toMatch(/^private/)
  expect(headers['x-robots-tag']).toBe('noindex')
  const again = { 'if-none-match': headers.etag! }
  expect((await fetched('episodes', again)).status).toBe(304)
  known([episode(1, '2026-11-29')])
  expect((await fetched('episodes', again)).status).toBe(200)
})

test('a revoked address and one that never existed are answered alike, at once', async () => {
  known([episode(1, '2026-11-28')])
  const { get, secret } = await subscribe()
  expect((await get(`/status/c/${secret}/episodes.ics`)).status).toBe(200)
  await calendars().revoke(chatId)
  await calendars().make(chatId, new Date())
  const [revoked, unknown, malformed] = await Promise.all([
    get(`/status/c/${secret}/episodes.ics`),
    get(`/status/c/${'x'.repeat(32)}/episodes.ics`),
    get(`/status/c/short/episodes.ics`),
  ])
  expect(revoked.status).toBe(404)
  expect([revoked.headers, revoked.text]).toEqual([unknown.headers, unknown.text])
  expect([malformed.headers, malformed.text]).toEqual([unknown.headers, unknown.text])
})

test('says what it said last while the catalogue is unavailable or lacks a series', async () => {
  known([episode(1, '2026-11-28')])
  const { fetched } = await subscribe()
  const before = (await fetched()).shown
  catalogue.isDown = true
  expect((await fetched()).shown).toEqual(before)
  Object.assign(catalogue, { isDown: false, known: new Map() })
  expect((await fetched()).shown).toEqual(before)
})
