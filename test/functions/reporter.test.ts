import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { cursorsIn } from '#database/operations/cursors.ts'
import { type ReportSetting, reportSettingsIn } from '#database/reports/report-settings.ts'
import { type EventOf, rootCause, type VigiaEvent } from '#events/event.ts'
import type { ReportRequested } from '#events/report-requested.ts'
import { reportTick } from '#functions/reporter/reporter.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

/*
 * When reports are requested: once, at the hour of the chat, also if ticks are missed or come twice, or if a clock is
 * wrong.
 */

let database: TestDatabase
let now: Date
let published: VigiaEvent[]
beforeAll(async () => {
  database = await freshDatabase()
})
afterAll(() => database.end())
beforeEach(async () => {
  await database.db.query('truncate chat, cursor cascade')
  published = []
})

const daily: ReportSetting = { frequency: 'daily', weekday: 1, hour: 8, theme: 'light' }
const weekly: ReportSetting = { ...daily, frequency: 'weekly', weekday: 3 }
const settings = () => reportSettingsIn(database.db)

const addChat = async (id: number, setting: ReportSetting, since: string, zone = 'America/Sao_Paulo') => {
  await chatsIn(database.db).upsert({ id, kind: 'private', language: 'pt-BR' })
  await chatsIn(database.db).setZone(id, zone)
  await settings().set(id, setting, null, new Date(since))
}

let ticks = 0
const tickAt = async (
  iso: string,
  publish = async (events: readonly VigiaEvent[]) => void published.push(...events),
) => {
  now = new Date(iso)
  await reportTick(rootCause(`tick-${ticks++}`), {
    settings: settings(),
    cursors: cursorsIn(database.db),
    clock: () => now,
    publish,
  })
}
const requests = () =>
  published.map(event => {
    const { data, id } = event as EventOf<typeof ReportRequested>
    return { id, chat: data.chatId, from: data.from, to: data.to }
  })
const ids = () => requests().map(({ id }) => id)

test('a daily report is requested at the first tick after the hour of the chat, for the day before it', async () => {
  await addChat(7, daily, '2026-11-20T15:00:00Z')
  await tickAt('2026-11-21T10:45:00Z')
  expect(published).toEqual([])
  await tickAt('2026-11-21T11:00:00Z')
  expect(requests()).toEqual([
    {
      id: 'chat/7/report@2026-11-21T11:00:00.000Z',
      chat: 7,
      from: '2026-11-20T11:00:00.000Z',
      to: '2026-11-21T11:00:00.000Z',
    },
  ])
  await tickAt('2026-11-21T11:15:00Z')
  await tickAt('2026-11-22T10:45:00Z')
  expect(published).toHaveLength(1)
})

test('after missed days only the latest report is requested', async () => {
  await addChat(7, daily, '2026-11-10T15:00:00Z')
  await tickAt('2026-11-21T18:00:00Z')
  await tickAt('2026-11-21T18:15:00Z')
  expect(ids()).toEqual(['chat/7/report@2026-11-21T11:00:00.000Z'])
})

test('a weekly report is requested on its day, and a chat with the frequency "none" gets no report', async () => {
  await addChat(7, weekly, '2026-11-20T15:00:00Z')
  await addChat(8, { ...daily, frequency: 'none' }, '2026-11-20T15:00:00Z')
  for (let day = 21; day <= 30; day++) await tickAt(`2026-11-${day}T12:00:00Z`)
  // 25 November 2026 is a Wednesday.
  expect(requests()).toEqual([
    {
      id: 'chat/7/report@2026-11-25T11:00:00.000Z',
      chat: 7,
      from: '2026-11-18T11:00:00.000Z',
      to: '2026-11-25T11:00:00.000Z',
    },
  ])
})

test('a new setting requests no report for an hour that is already over', async () => {
  await addChat(7, { ...daily, hour: 9 }, '2026-11-21T11:30:00Z')
  await settings().set(7, daily, null, new Date('2026-11-21T11:40:00Z'))
  await tickAt('2026-11-21T12:15:00Z')
  expect(published).toEqual([])
})

test('a report that is due is still requested after the chat chose another theme', async () => {
  await addChat(7, daily, '2026-11-20T15:00:00Z')
  await settings().set(7, { ...daily, theme: 'dark' }, null, new Date('2026-11-21T11:05:00Z'))
  await tickAt('2026-11-21T11:15:00Z')
  expect(ids()).toEqual(['chat/7/report@2026-11-21T11:00:00.000Z'])
})

test('two ticks at once request the same reports, so that each report is made once', async () => {
  for (let id = 1; id <= 30; id++) await addChat(id, daily, '2026-11-20T15:00:00Z')
  await Promise.all([tickAt('2026-11-21T11:00:00Z'), tickAt('2026-11-21T11:00:00Z')])
  expect(new Set(ids()).size).toBe(30)
})

test('a report whose request the broker did not accept is requested at the next tick, with the same id', async () => {
  await addChat(7, daily, '2026-11-20T15:00:00Z')
  const refuse = async () => {
    throw new Error('the broker is unavailable')
  }
  await expect(tickAt('2026-11-21T11:00:00Z', refuse)).rejects.toThrow()
  await tickAt('2026-11-21T11:15:00Z')
  expect(ids()).toEqual(['chat/7/report@2026-11-21T11:00:00.000Z'])
})

test('after a clock jumped a month ahead and back, no report is requested again and none is left out', async () => {
  await addChat(7, daily, '2026-11-20T15:00:00Z')
  await tickAt('2026-11-21T11:00:00Z')
  await tickAt('2026-12-21T11:00:00Z')
  await tickAt('2026-11-21T11:30:00Z')
  await tickAt('2026-11-22T11:00:00Z')
  expect(ids()).toEqual([
    'chat/7/report@2026-11-21T11:00:00.000Z',
    'chat/7/report@2026-12-21T11:00:00.000Z',
    'chat/7/report@2026-11-22T11:00:00.000Z',
  ])
})

test('a chat that cannot be reached gets no report, and does not get it later when it can be reached again', async () => {
  await addChat(7, daily, '2026-11-20T15:00:00Z')
  await chatsIn(database.db).markUnreachable(7, 'blocked')
  await tickAt('2026-11-21T11:00:00Z')
  await chatsIn(database.db).upsert({ id: 7, kind: 'private', language: 'pt-BR' })
  await tickAt('2026-11-21T15:00:00Z')
  expect(published).toEqual([])
})

test('one tick requests the reports of more chats than fit into a batch, and then stores its time as the cursor', async () => {
  await database.db.query(
    `with added as (insert into chat (id) select generate_series(1, 1201) returning id)
     insert into report_setting (chat_id, frequency, done_until) select id, 'daily', '2026-11-20T15:00:00Z' from added`,
  )
  await tickAt('2026-11-21T11:00:00Z')
  expect(new Set(ids()).size).toBe(1201)
  expect((await cursorsIn(database.db).reached('reporter'))?.reached).toEqual(now)
})

test('a chat with an unknown zone gets its report at its hour in the default zone', async () => {
  await addChat(7, daily, '2026-11-20T15:00:00Z', 'Mars/Olympus')
  await tickAt('2026-11-21T11:00:00Z')
  expect(ids()).toEqual(['chat/7/report@2026-11-21T11:00:00.000Z'])
})
