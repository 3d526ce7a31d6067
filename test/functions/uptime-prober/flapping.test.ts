import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import type { Postgres } from '#database/connect.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { followsIn } from '#database/series/follows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { webhookListenersIn } from '#database/webhooks/webhooks.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { MonitorDown } from '#events/monitor-down.ts'
import { MonitorSteady } from '#events/monitor-steady.ts'
import { MonitorUp } from '#events/monitor-up.ts'
import type { NotifiableEvent } from '#functions/notification-fanout/notifiable-event.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { plain } from '#functions/telegram/html.ts'
import { resultWriter } from '#functions/uptime-prober/result-writer.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { virtualTime } from '#test/support/virtual-time.ts'

const ana = { id: 7, language: 'pt-BR', zone: 'America/Sao_Paulo' } as const
const bob = { id: 8, language: 'en', zone: 'America/New_York' } as const
const start = Date.parse('2026-11-21T17:00:00Z')
const minutes = (n: number) => n * 60

let database: TestDatabase
let db: Postgres

beforeAll(async () => {
  database = await freshDatabase()
  db = database.db
  for (const { id, language, zone } of [ana, bob]) {
    await chatsIn(db).upsert({ id, kind: 'private', language })
    await chatsIn(db).setLanguage(id, language)
    await chatsIn(db).setZone(id, zone)
  }
})
afterAll(() => database.end())
beforeEach(() => db.query('truncate monitor, probe_slot, probe_hour, incident, follow restart identity cascade'))

const notifiableOf = ({ type, data }: VigiaEvent): NotifiableEvent => {
  if (type === MonitorDown.type) return { name: 'monitor.down', data: data as DataOf<typeof MonitorDown> }
  if (type === MonitorUp.type) return { name: 'monitor.up', data: data as DataOf<typeof MonitorUp> }
  expect(type).toBe(MonitorSteady.type)
  return { name: 'monitor.steady', data: data as DataOf<typeof MonitorSteady> }
}

/** Adds Ana's monitor, which Bob follows too, on virtual time. Collects the published events and the messages. */
const testMonitor = async (intervalS = 10, from = start) => {
  const { monitor } = await monitorsIn(db).add({
    chatId: ana.id,
    name: 'loja.test',
    kind: 'http',
    url: 'https://loja.test/',
    intervalS,
    timeoutMs: 5_000,
  })
  await followsIn(db).follow(bob.id, `monitor/${monitor.id}`, new Date(from))
  const time = virtualTime(new Date(from))
  const writer = () => resultWriter({ db: time.watched(db), clock: time.clock, sleep: time.sleep })
  const messages: { at: number; chatId: number; text: string }[] = []
  const storeResult = async (at: number, isUp: boolean) => {
    const dueAt = new Date(from + at * 1_000)
    const result = {
      monitorId: monitor.id,
      dueAt,
      startedAt: dueAt,
      ok: isUp,
      status: isUp ? 200 : 503,
      error: isUp ? null : 'status',
      attempts: 1,
      dnsMs: null,
      connectMs: 1,
      tlsMs: null,
      firstByteMs: 1,
      totalMs: 2,
    }
    // A monitor that was already down when its slot was planned gets only one attempt, so its failure is unconfirmed.
    const isDown = (await monitorsIn(db).get(monitor.id))?.state === 'down'
    const published = await time.until(
      writer().write({ result, confirmed: isUp || !isDown }, rootCause(`probe-${at}`), true),
    )
    const again = await time.until(
      writer().write({ result, confirmed: isUp || !isDown }, rootCause(`probe-${at}`), true),
    )
    expect(again, 'a repeated write publishes the same events').toEqual(published)
    for (const event of published) {
      const [follows, subscribers, chats] = [followsIn(db), subscribersIn(db), chatsIn(db)]
      const webhooks = webhookListenersIn(db)
      const notices = { noticeSettings: noticeSettingsIn(db), waitingNotices: waitingNoticesIn(db) }
      const dependencies = { follows, subscribers, webhooks, chats, ...notices, clock: () => dueAt }
      for (const { data } of await notificationFanout(event, notifiableOf(event), dependencies)) {
        const { chatId, html } = data as { chatId: number; html: string }
        messages.push({ at, chatId, text: plain(html) })
      }
    }
  }
  return {
    id: monitor.id,
    /** Stores a result for every slot in [from, to), in seconds since the start. */
    check: async (from: number, to: number, isUp: (at: number) => boolean) => {
      for (let at = from; at < to; at += intervalS) await storeResult(at, isUp(at))
    },
    /** The messages of a chat, by default Bob's. */
    messagesTo: (chatId: number = bob.id) => messages.filter(message => message.chatId === chatId),
  }
}

const alternatingEvery15S = (at: number) => Math.floor(at / 15) % 2 === 1
const always = () => true
const never = () => false
const firstLines = (messages: { text: string }[]) => messages.map(({ text }) => text.split('\n')[0])

describe('a site that is down for 15 s and up for 15 s, checked every 10 s', () => {
  test('causes one message when it begins to flap, and one at the end with the number of changes, the start time and the uptime', async () => {
    const site = await testMonitor()
    await site.check(0, minutes(4), alternatingEvery15S)
    expect(firstLines(site.messagesTo())).toEqual([
      '🔴 loja.test is down',
      '🟢 loja.test is back up',
      '🔴 loja.test is down',
      '🟠 loja.test is flapping: it went down or came back 4 times',
    ])
    await site.check(minutes(4), minutes(20), always)
    expect(site.messagesTo().slice(4)).toEqual([
      {
        at: expect.any(Number),
        chatId: bob.id,
        text: '🟢 loja.test has stopped flapping and is up\nIt went down or came back 16 times since today · 12:00 PM (New York time)\nIt was up 70% of that time',
      },
    ])
    const portuguese = site.messagesTo(ana.id).map(({ text }) => text)
    expect(portuguese[3]).toBe(
      '🟠 loja.test está oscilando: caiu ou voltou 4 vezes\nDesde: hoje · 14:00 (horário de Brasília)\nAgora: no ar; última falha: respondeu com erro 503\nNão vou avisar de cada mudança: aviso quando parar de oscilar.\nhttps://loja.test/',
    )
    expect(portuguese[4]).toBe(
      '🟢 loja.test parou de oscilar e está no ar\nCaiu ou voltou 16 vezes desde hoje · 14:00 (horário de Brasília)\nEsteve no ar 70% desse tempo',
    )
    expect(portuguese).toHaveLength(5)
  })

  test('causes a message that it is still down when it stays down after flapping, and later a message that it is back up', async () => {
    const site = await testMonitor()
    await site.check(0, minutes(4), alternatingEvery15S)
    await site.check(minutes(4), minutes(10), never)
    expect(site.messagesTo().at(-1)?.text).toMatch(
      /^🔴 loja\.test has stopped flapping and is still down\nReason: answered with error 503\nDown since: today · 12:04 PM\n/,
    )
    await site.check(minutes(10), minutes(12), always)
    expect(site.messagesTo().at(-1)?.text).toMatch(/^🟢 loja\.test is back up\nIt was down for 6 min: /)
    expect(site.messagesTo()).toHaveLength(6)
  })

  test('causes another message when it begins to flap again', async () => {
    const site = await testMonitor()
    await site.check(0, minutes(4), alternatingEvery15S)
    await site.check(minutes(4), minutes(12), always)
    await site.check(minutes(12), minutes(15), alternatingEvery15S)
    expect(firstLines(site.messagesTo()).filter(text => text?.includes(' is flapping'))).toHaveLength(2)
  })

  test('has an incident for each outage, also for those without a message', async () => {
    const site = await testMonitor()
    await site.check(0, minutes(4), alternatingEvery15S)
    await site.check(minutes(4), minutes(10), always)
    const { rows } = await db.query<{ n: number }>('select count(*) as n from incident where closed_at is not null')
    expect(rows[0]!.n).toBe(8)
  })

  test('is not flapping after a pause, because changes before the pause do not count', async () => {
    // The results must be newer than the pause, which has the time of PostgreSQL's clock. So they begin tomorrow.
    const site = await testMonitor(10, Math.ceil(Date.now() / 10_000) * 10_000 + 86_400_000)
    await site.check(0, minutes(4), alternatingEvery15S)
    await monitorsIn(db).pause(ana.id, site.id)
    await monitorsIn(db).resume(ana.id, site.id)
    const before = site.messagesTo().length
    await site.check(minutes(5), minutes(6), at => at < minutes(5.5))
    expect(firstLines(site.messagesTo().slice(before))).toEqual(['🔴 loja.test is down'])
  })
})

describe('a monitor that is not flapping', () => {
  test('has a message for each start and end of two outages far apart', async () => {
    const site = await testMonitor(60)
    await site.check(
      0,
      minutes(60),
      at => !(at >= minutes(5) && at < minutes(8)) && !(at >= minutes(40) && at < minutes(45)),
    )
    expect(firstLines(site.messagesTo())).toEqual([
      '🔴 loja.test is down',
      '🟢 loja.test is back up',
      '🔴 loja.test is down',
      '🟢 loja.test is back up',
    ])
  })

  test('has a message for each change if it is checked once a day', async () => {
    const day = minutes(60 * 24)
    const site = await testMonitor(day)
    await site.check(0, 8 * day, at => (at / day) % 2 === 0)
    expect(site.messagesTo()).toHaveLength(7)
    expect(firstLines(site.messagesTo()).filter(text => text?.includes('flapping'))).toEqual([])
  })
})

test('a monitor that changes at each hourly check is flapping, and steady at the first check without a change', async () => {
  const hour = minutes(60)
  const site = await testMonitor(hour)
  await site.check(0, 9 * hour, at => (at / hour) % 2 === 0)
  await site.check(9 * hour, 10 * hour, always)
  expect(firstLines(site.messagesTo()).at(-1)).toBe('🟢 loja.test has stopped flapping and is up')
  expect(site.messagesTo()).toHaveLength(5)
})
