import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { type ReadOnlyDatabase, readOnlyDatabase } from '#infra/cli/doctor/read-only-database.ts'
import { commitsOf } from '#infra/observability/trace/commits.ts'
import { recordsIn } from '#infra/observability/trace/records.ts'
import { trace } from '#infra/observability/trace/trace.ts'
import { traceText } from '#infra/observability/trace/trace-text.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

/*
 * On a cluster PostgreSQL has the outbox, the incidents and the dead letters, and no events.
 */

const traceparent = `00-${'0af7651916cd43dd'.repeat(2)}-b7ad6b7169203331-01`
let database: TestDatabase
let db: ReadOnlyDatabase
beforeAll(async () => {
  database = await freshDatabase()
  db = await readOnlyDatabase(database.url, 30_000)
})
afterAll(async () => {
  await db?.end()
  await database?.end()
})

const request = (causeId: string, html: string) =>
  MessageRequested.from(
    { id: causeId, traceparent, vigiahops: 3 },
    { key: '7', subject: 'chat/7', data: { chatId: 7, html } },
  )
/** Sends a message through the outbox. */
const send = async (event: ReturnType<typeof request>, messageId: number) => {
  const messages = messagesIn(database.db)
  await messages.keep(event, new Date('2026-11-30T12:00:00Z'))
  await messages.markSent(event.id, messageId, new Date('2026-11-30T12:00:01Z'), '1.4.2 (d1b2c3d)')
}

beforeEach(async () => {
  await database.db.query('truncate chat, message, incident, dead_letter cascade')
  await chatsIn(database.db).upsert({ id: 7, kind: 'private', language: 'pt-BR' })
})

test('a message about an outage leads to the event that opened the incident, and the output has the searches for the logs', async () => {
  const { monitor } = await monitorsIn(database.db).add({
    ...{ chatId: 7, name: 'loja', kind: 'http', url: 'https://example.org/', intervalS: 60, timeoutMs: 5_000 },
  } as Parameters<ReturnType<typeof monitorsIn>['add']>[0])
  const { rows } = await database.db.query<{ id: number }>(
    `insert into incident (monitor_id, opened_at, opened_cause, error) values ($1, now(), 'shard/0@12:00/probe.requested/a', 'timeout') returning id`,
    [monitor.id],
  )
  const down = MonitorDown.idFrom(`incident/${rows[0]!.id}`)
  await send(request(down, '🔴 <b>loja &amp; co</b>\nestá fora do ar'), 55)

  const found = await trace({ text: 'Loja & co está' }, recordsIn(db), undefined)
  expect(found.brokerKeepsEvents).toBe(false)
  expect(found.steps.map(({ id, event }) => [id, event])).toEqual([
    [`${down}/message.requested/7`, undefined],
    [down, undefined],
    ['shard/0@12:00/probe.requested/a', undefined],
    ['shard/0@12:00', undefined],
  ])
  expect(found.traceId).toBe('0af7651916cd43dd'.repeat(2))
  expect(found.releases).toEqual(['1.4.2 (d1b2c3d)'])

  const text = traceText(found, await commitsOf(found.releases, undefined))
  expect(text).toContain('message     7/55: sent 2026-11-30 12:00:01.000, requested 2026-11-30 12:00:00.000')
  expect(text).toContain('the broker keeps no events in PostgreSQL')
  expect(text).toContain('no log store is configured')
  expect(text).toContain(`LogsQL      trace.id:="${found.traceId}" or event.id:="${down}/message.requested/7"`)
  expect(text).toContain('release     1.4.2 (d1b2c3d)\n            this clone does not have its commit')
})

test('an event that became a dead letter is found by its id, with the answer', async () => {
  await database.db.query(
    `insert into dead_letter (fingerprint, trigger, event_source, event_id, code, reason, event, at)
     values ('f', 'uptime-prober-probe-requested', '/functions/probe-scheduler', 'shard/1@12:00/probe.requested/a', 422, 'data.checks must be array', '{}', now())`,
  )
  const found = await trace({ text: 'shard/1@12:00/probe.requested/a' }, recordsIn(db), undefined)
  expect(traceText(found, [])).toMatch(
    /^event {7}shard\/1@12:00\/probe\.requested\/a\n.*\n {12}dead letter \d+ of uptime-prober-probe-requested: 422 data\.checks must be array$/m,
  )
})

test('texts of several messages, of no message, and of an unknown event are refused in one sentence', async () => {
  await send(request('update/1/2/probe.requested', 'Oi'), 55)
  await send(request('update/1/3/probe.requested', 'oi, Ana'), 56)
  const refusal = (text: string) => trace({ text }, recordsIn(db), undefined)
  await expect(refusal('oi')).rejects.toThrow(
    '2 messages contain this text; trace one of them, the newest first: 7/56 of 2026-11-30T12:00:00, 7/55 of 2026-11-30T12:00:00',
  )
  await expect(refusal('tchau')).rejects.toThrow(
    'the broker of a cluster keeps no events in PostgreSQL: search the logs for the id, or trace a message',
  )
  await expect(trace({ chatId: 7, messageId: 57 }, recordsIn(db), undefined)).rejects.toThrow(
    'Vigia has no message 57 of chat 7 in its outbox',
  )
})
