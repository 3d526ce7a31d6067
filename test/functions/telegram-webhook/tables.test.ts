import { afterAll, beforeAll, expect, test } from 'vitest'
import { apiKeysIn } from '#database/chats/api-keys.ts'
import { type Chats, chatsIn } from '#database/chats/chats.ts'
import { telegramUpdatesIn } from '#database/chats/telegram-updates.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { type Follows, followsIn } from '#database/series/follows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { searchesIn } from '#database/series/searches.ts'
import { seenIn } from '#database/series/seen.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { rootCause } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'

let database: TestDatabase
let chats: Chats
let follows: Follows
beforeAll(async () => {
  database = await freshDatabase()
  chats = chatsIn(database.db)
  follows = followsIn(database.db)
})
afterAll(() => database?.end())

let lastId = 5_000_000_000
const chat = async (zone = 'America/Sao_Paulo') => {
  const { id } = await chats.upsert({ id: ++lastId, kind: 'private', language: 'en' })
  await chats.setZone(id, zone)
  return id
}
const day = (date: number) => new Date(Date.UTC(2026, 10, date))

test('a chat keeps its settings when it is registered again, also by parallel calls', async () => {
  const id = await chat('America/Manaus')
  await chats.markUnreachable(id, 'Forbidden')
  await Promise.all(Array.from({ length: 8 }, () => chats.upsert({ id, kind: 'private', language: 'pt-BR' })))
  expect(await chats.find(id)).toEqual({
    id,
    kind: 'private',
    language: 'en',
    zone: 'America/Manaus',
    unreachableSince: null,
  })
})

test('followersOf finds the reachable chats that followed before an instant, in a zone', async () => {
  const [early, late, manaus, gone] = [await chat(), await chat(), await chat('America/Manaus'), await chat()]
  expect(await follows.follow(early, 'show/82', day(1))).toBe(true)
  expect(await follows.follow(early, 'show/82', day(9))).toBe(false)
  await follows.follow(late, 'show/82', day(5))
  await follows.follow(manaus, 'show/82', day(1))
  await follows.follow(gone, 'show/82', day(1))
  await chats.markUnreachable(gone, 'Forbidden')
  const ids = async (...more: [] | [{ before?: Date; zone?: string }]) =>
    (await follows.followersOf('show/82', ...more)).map(({ id }) => id)
  expect(await ids()).toEqual([early, late, manaus])
  expect(await ids({ before: day(5) })).toEqual([early, manaus])
  expect(await ids({ before: day(6), zone: 'America/Manaus' })).toEqual([manaus])
  expect(await follows.zonesFollowing(82)).toEqual(['America/Manaus', 'America/Sao_Paulo'])
  await follows.follow(gone, 'show/83', day(1))
  await follows.follow(late, 'show/9', day(2))
  await follows.follow(late, 'monitor/4', day(2))
  expect(await follows.followedShows()).toEqual([9, 82])
  expect((await follows.followersOfAny(['show/82', 'show/9'])).map(({ chat, subject }) => [chat.id, subject])).toEqual([
    [early, 'show/82'],
    [late, 'show/82'],
    [late, 'show/9'],
    [manaus, 'show/82'],
  ])
})

test('a restored follow keeps its original date', async () => {
  const id = await chat()
  await follows.follow(id, 'show/1', day(1), 'One')
  const removed = await follows.unfollow(id, 'show/1')
  expect(removed).toEqual({ subject: 'show/1', title: 'One', followedAt: day(1) })
  expect(await follows.unfollow(id, 'show/1')).toBeNull()
  await follows.follow(id, 'show/1', day(9))
  await follows.restore(id, 'show/1', removed!.followedAt, removed!.title)
  expect(await follows.of(id, 'show/')).toEqual([removed])
})

test('a group that becomes a supergroup keeps everything, even if the supergroup already has data', async () => {
  const { db } = database
  const monitors = monitorsIn(db)
  const watched = { name: 'x', kind: 'http' as const, url: 'https://x/', intervalS: 60, timeoutMs: 5000 }
  const [from, to] = [-1, -1_000_000_000_001]
  await chats.upsert({ id: from, kind: 'group', language: 'en' })
  await chats.setZone(from, 'America/Noronha')
  await follows.follow(from, 'show/1', day(1))
  await monitors.add({ ...watched, chatId: from })
  await monitors.add({ ...watched, chatId: from, url: 'https://y/' })
  await searchesIn(db).keep(from, 'x', [])
  const message = { chatId: from, html: 'x' }
  await messagesIn(db).keep(MessageRequested.from(rootCause('x'), { subject: 'chat/1', data: message }), day(1))

  await chats.upsert({ id: to, kind: 'supergroup', language: 'pt-BR' })
  await follows.follow(to, 'show/1', day(5))
  await follows.follow(to, 'show/2', day(5))
  await monitors.add({ ...watched, chatId: to })
  await Promise.all([chats.migrate(from, to), chats.migrate(from, to)])
  await chats.migrate(from, to)
  expect(await chats.find(from)).toBeNull()
  expect(await chats.find(to)).toMatchObject({ kind: 'supergroup', language: 'en', zone: 'America/Noronha' })
  expect((await follows.of(to, 'show/')).map(({ subject }) => subject)).toEqual(['show/1', 'show/2'])
  expect((await monitors.of(to)).map(({ url }) => url).toSorted()).toEqual(['https://x/', 'https://y/'])
  expect((await db.query('select chat_id from message')).rows).toEqual([{ chat_id: to }])
  expect((await follows.of(to, 'monitor/')).length).toBe(2)

  await chats.upsert({ id: -2, kind: 'group', language: 'en' })
  await follows.follow(-2, 'show/3', day(1))
  await chats.migrate(-2, -1_000_000_000_002)
  expect(await follows.of(-1_000_000_000_002, '')).toHaveLength(1)
})

test('a group that becomes a supergroup keeps the monitors of vigia.yaml, of which the supergroup may have some too', async () => {
  const { db } = database
  const monitors = monitorsIn(db)
  const [from, to] = [-3, -1_000_000_000_003]
  const add = async (chatId: number, configKey: string | null, host: string, parentId: number | null = null) => {
    const watched = { name: 'x', kind: 'http' as const, intervalS: 60, timeoutMs: 5000, configKey, parentId }
    return (await monitors.add({ ...watched, chatId, url: `https://${host}/` })).monitor.id
  }
  for (const [id, kind] of [
    [from, 'group'],
    [to, 'supergroup'],
  ] as const)
    await chats.upsert({ id, kind, language: 'en' })
  const moved = {
    byHand: await add(from, null, 'same-url'),
    otherKey: await add(from, 'b', 'same-url'),
    otherUrl: await add(from, 'shop', 'old-shop'),
  }
  const duplicate = await add(from, 'router', 'router')
  const child = await add(from, 'behind-router', 'behind', duplicate)
  const known = {
    a: await add(to, 'a', 'same-url'),
    shop: await add(to, 'shop', 'new-shop'),
    router: await add(to, 'router', 'router'),
  }
  // The URLs of these two would be the same without their keys, and a chat has each URL only once without a key.
  await add(from, 'one', 'twice')
  await add(from, 'two', 'twice')
  for (const key of ['one', 'two']) await add(to, key, `new-${key}`)
  const maintenance = maintenanceIn(db)
  const [startsAt, endsAt] = [day(1), day(2)]
  const plans = [
    { chatId: from, monitorId: null, groupName: null, configKey: 'night' },
    { chatId: from, monitorId: duplicate, groupName: null },
    { chatId: to, monitorId: null, groupName: null, configKey: 'night' },
  ]
  const planIds: number[] = []
  for (const plan of plans) planIds.push(await maintenance.add({ ...plan, startsAt, endsAt }, day(1)))
  await db.query(
    `insert into monitor_event (id, chat_id, monitor_id, name, subject, data, time, at)
     values ('e', $1, $2, 'monitor.down', 's', '{}', now(), now())`,
    [from, child],
  )
  for (const [chatId, personId] of [
    [from, 1],
    [from, 2],
    [to, 2],
  ])
    await db.query(
      `insert into monitor_draft (chat_id, person_id, content, cause, changed_at) values ($1, $2, '{}', 'x', now())`,
      [chatId, personId],
    )
  await chats.migrate(from, to)
  const now = new Map((await monitors.of(to)).map(monitor => [monitor.id, monitor]))
  for (const id of [...Object.values(moved), ...Object.values(known), child]) expect([...now.keys()]).toContain(id)
  expect(now.get(moved.otherKey)).toMatchObject({ configKey: 'b', url: 'https://same-url/' })
  expect(now.get(moved.otherUrl)).toMatchObject({ configKey: null, url: 'https://old-shop/' })
  expect(now.get(known.shop)).toMatchObject({ configKey: 'shop', url: 'https://new-shop/' })
  expect(now.has(duplicate)).toBe(false)
  expect(now.get(child)).toMatchObject({ configKey: 'behind-router', parentId: known.router })
  expect([...now.values()].filter(({ url }) => url === 'https://twice/')).toMatchObject([{ configKey: null }])
  const subjects = (await follows.of(to, 'monitor/')).map(({ subject }) => subject)
  expect(subjects.toSorted()).toEqual([...now.keys()].map(id => `monitor/${id}`).toSorted())
  expect((await db.query('select id, chat_id, monitor_id from maintenance order by id')).rows).toEqual([
    { id: planIds[1], chat_id: to, monitor_id: known.router },
    { id: planIds[2], chat_id: to, monitor_id: null },
  ])
  expect((await db.query('select chat_id from monitor_event')).rows).toEqual([{ chat_id: to }])
  expect((await db.query('select chat_id, person_id from monitor_draft order by 2')).rows).toEqual([
    { chat_id: to, person_id: 1 },
    { chat_id: to, person_id: 2 },
  ])
})

test('a group that becomes a supergroup keeps its heartbeats and their URLs, also if the supergroup has some', async () => {
  const { db } = database
  const [from, to, other] = [-4, -1_000_000_000_004, -1_000_000_000_005]
  const add = async (chatId: number, slug: string) => {
    const heartbeat = { name: slug, kind: 'heartbeat' as const, url: `heartbeat:${slug}`, intervalS: 60 }
    const { monitor } = await monitorsIn(db).add({ ...heartbeat, chatId, timeoutMs: 5000 })
    return (await heartbeatsIn(db).ensure({ monitorId: monitor.id, chatId, slug }))!
  }
  const keyOf = async (chatId: number) =>
    (await db.query<{ key: string }>('select key from heartbeat_key where chat_id = $1', [chatId])).rows[0]?.key
  for (const id of [from, to, other])
    await chats.upsert({ id, kind: id === from ? 'group' : 'supergroup', language: 'en' })
  await db.query('insert into heartbeat_key (chat_id, key) values ($1, $2), ($3, $4), ($5, $6)', [
    ...[from, 'a'.repeat(20), to, 'b'.repeat(20), other, 'c'.repeat(20)],
  ])
  const backup = await add(from, 'backup')
  await chats.migrate(from, to)
  expect(await keyOf(to)).toBe('a'.repeat(20))
  const target = await add(other, 'backup')
  await chats.migrate(to, other)
  expect(await keyOf(other)).toBe('c'.repeat(20))
  const { rows } = await db.query('select token, slug, chat_id from heartbeat order by monitor_id')
  expect(rows).toEqual([
    { token: backup.token, slug: `backup-${backup.monitorId}`, chat_id: other },
    { token: target.token, slug: 'backup', chat_id: other },
  ])
  expect((await monitorsIn(db).of(other)).map(({ url }) => url).toSorted()).toEqual([
    'heartbeat:backup',
    `heartbeat:backup-${backup.monitorId}`,
  ])
})

test('a group that becomes a supergroup keeps its API keys, also if the supergroup has some', async () => {
  const { db } = database
  const [from, to, other] = [-14, -1_000_000_000_014, -1_000_000_000_015]
  for (const id of [from, to, other])
    await chats.upsert({ id, kind: id === from ? 'group' : 'supergroup', language: 'en' })
  const keys = apiKeysIn(db)
  const make = (chatId: number) =>
    keys.create({ chatId, scope: 'read', personId: 1, cause: `make/${chatId}` }, new Date('2026-11-21T15:00:00Z'))
  const [moved, kept] = [await make(from), await make(other)]
  await chats.migrate(from, to)
  await chats.migrate(to, other)
  for (const key of [moved, kept]) expect((await keys.find(key!))?.chatId).toBe(other)
})

test('a group that becomes a supergroup keeps what it has seen and how it is told, also if the supergroup has some', async () => {
  const { db } = database
  const [from, to] = [-16, -1_000_000_000_016]
  for (const id of [from, to]) await chats.upsert({ id, kind: id === from ? 'group' : 'supergroup', language: 'en' })
  const [settings, seen] = [noticeSettingsIn(db), seenIn(db)]
  await settings.change(from, 0, { timing: 'day' }, day(1))
  await settings.change(from, 7, { timing: 'hour' }, day(1))
  await settings.change(to, 7, { timing: 'later' }, day(1))
  const one = { showId: 7, season: 1, seenAt: day(1) }
  await seen.mark(
    from,
    [1, 2].map(number => ({ ...one, number })),
  )
  await seen.mark(
    to,
    [2, 3].map(number => ({ ...one, number })),
  )
  const event = { name: 'series.changed', subject: 'show/7', data: {}, messageKey: null }
  await waitingNoticesIn(db).keep(
    [{ ...event, kind: 'news', dueAt: day(2), key: 'k', chatId: from, threadId: null }],
    day(1),
  )
  await chats.migrate(from, to)
  expect((await settings.of(to)).timing).toBe('day')
  expect((await settings.of(to, 7)).timing).toBe('later')
  expect((await seen.of(to, [7])).map(({ number }) => number)).toEqual([1, 2, 3])
  expect(await waitingNoticesIn(db).due(day(3), [to], 9)).toMatchObject([{ key: 'k', chatId: to }])
})

test('a table with rows of chats is one of those whose rows a supergroup keeps', async () => {
  const { rows } = await database.db.query<{ name: string }>(
    `select conrelid::regclass::text as name from pg_constraint
     where contype = 'f' and confrelid = 'chat'::regclass order by 1`,
  )
  expect(rows.map(({ name }) => name)).toEqual([
    ...[
      'announcement',
      'api_key',
      'episode_calendar',
      'follow',
      'heartbeat',
      'heartbeat_key',
      'maintenance',
      'message',
    ],
    'monitor',
    ...[
      'monitor_draft',
      'monitor_event',
      'notice_setting',
      'page_post_draft',
      'removed_monitor',
      'report',
      'report_setting',
      'search',
    ],
    ...['seen_episode', 'series_import', 'status_page', 'waiting_notice', 'webhook'],
  ])
})

test.each([
  ['from a group to the same group', -3, -3],
  ['from a person to the same person', 4, 4],
  ['from a person to another person', 5, 6],
  ['from a group to a person', -7, 7],
  ['to an invalid chat id', -8, -8.5],
  ['to an id out of range', -9, -1e30],
])('a move of a chat %s deletes nothing', async (_, from, to) => {
  await chats.upsert({ id: from, kind: from > 0 ? 'private' : 'group', language: 'en' })
  await follows.follow(from, 'show/1', day(1))
  const watched = { name: 'x', kind: 'http' as const, url: 'https://x/', intervalS: 60, timeoutMs: 5000 }
  await monitorsIn(database.db).add({ ...watched, chatId: from })
  await chats.migrate(from, to)
  expect(await chats.find(from)).not.toBeNull()
  expect(await follows.of(from, 'show/')).toHaveLength(1)
  expect(await monitorsIn(database.db).of(from)).toHaveLength(1)
})

test('a chat keeps its newest twenty searches and cannot read those of another chat', async () => {
  const searches = searchesIn(database.db)
  const [id, other] = [await chat(), await chat()]
  const ids: number[] = []
  for (let i = 0; i < 25; i++) ids.push(await searches.keep(id, `q${i}`, i % 2 ? [] : null))
  expect(await searches.find(id, ids[4]!)).toBeNull()
  expect(await searches.find(id, ids[5]!)).toMatchObject({ query: 'q5', hits: [] })
  expect(await searches.find(id, ids[24]!)).toMatchObject({ query: 'q24', hits: null })
  expect(await searches.find(other, ids[24]!)).toBeNull()
  await searches.addHits(id, ids[24]!, [])
  expect(await searches.find(id, ids[24]!)).toMatchObject({ hits: [] })
})

test('only one of many parallel calls gets the lease of an update, and an update that is done is not leased again', async () => {
  const updates = telegramUpdatesIn(database.db)
  const leases = await Promise.all(Array.from({ length: 20 }, () => updates.lease(1, 7, 'telegram')))
  expect(leases.filter(({ state }) => state === 'leased')).toEqual([
    { state: 'leased', attempts: 1, mayHaveAnswered: false },
  ])
  expect(leases.filter(({ state }) => state === 'busy')).toHaveLength(19)
  await updates.release(1, 7, 1)
  expect(await updates.lease(1, 7, 'telegram')).toEqual({ state: 'leased', attempts: 2, mayHaveAnswered: false })
  // The first attempt, whose lease has ended, cannot release the lease of the second attempt.
  await updates.release(1, 7, 1)
  expect(await updates.lease(1, 7, 'telegram')).toMatchObject({ state: 'busy' })
  await updates.done(1, 7)
  expect(await updates.lease(1, 7, 'telegram')).toEqual({ state: 'done' })
  expect(await updates.lease(1, 7, 'broker')).toEqual({ state: 'done' })
  expect(await updates.lease(2, 7, 'telegram')).toEqual({ state: 'leased', attempts: 1, mayHaveAnswered: false })
})

test('a broker that delivers an update before its deferral is stored keeps the lease', async () => {
  const updates = telegramUpdatesIn(database.db)
  await updates.lease(1, 9, 'telegram')
  await updates.release(1, 9, 1)
  expect(await updates.lease(1, 9, 'broker')).toEqual({ state: 'leased', attempts: 2, mayHaveAnswered: false })
  await updates.defer(1, 9)
  expect(await updates.lease(1, 9, 'broker')).toMatchObject({ state: 'busy' })
  expect(await updates.lease(1, 9, 'telegram')).toEqual({ state: 'deferred' })
})

test('a deferred update can be leased only for the broker, and a repeat from Telegram finds it deferred', async () => {
  const updates = telegramUpdatesIn(database.db)
  await updates.lease(1, 8, 'telegram')
  await updates.defer(1, 8)
  expect(await updates.lease(1, 8, 'telegram')).toEqual({ state: 'deferred' })
  expect(await updates.lease(1, 8, 'broker')).toEqual({ state: 'leased', attempts: 2, mayHaveAnswered: false })
  expect(await updates.lease(1, 8, 'broker')).toMatchObject({ state: 'busy' })
  expect(await updates.lease(1, 8, 'telegram')).toEqual({ state: 'deferred' })
  await updates.release(1, 8, 2)
  expect(await updates.lease(1, 8, 'broker')).toEqual({ state: 'leased', attempts: 3, mayHaveAnswered: false })
  await updates.done(1, 8)
  await updates.defer(1, 8)
  expect(await updates.lease(1, 8, 'broker')).toEqual({ state: 'done' })
})

test('an attempt whose lease expired counts as possibly answered; an attempt that releases its lease states whether it may have answered', async () => {
  const updates = telegramUpdatesIn(database.db)
  const expire = (id: number) =>
    database.db.query(
      `update telegram_update set lease_until = now() - interval '1 s' where bot_id = 4 and update_id = $1`,
      [id],
    )
  await updates.lease(4, 1, 'telegram')
  await expire(1)
  expect(await updates.lease(4, 1, 'telegram')).toEqual({ state: 'leased', attempts: 2, mayHaveAnswered: true })
  await updates.release(4, 1, 2)
  expect(await updates.lease(4, 1, 'telegram'), 'a later attempt does not reset it').toMatchObject({
    mayHaveAnswered: true,
  })
  expect(await updates.claimApology(4, 1, 3)).toBe(false)

  await updates.lease(4, 2, 'telegram')
  await updates.release(4, 2, 1, { mayHaveAnswered: true })
  expect(await updates.lease(4, 2, 'telegram')).toMatchObject({ mayHaveAnswered: true })

  await updates.lease(4, 3, 'telegram')
  expect(await updates.claimApology(4, 3, 2), 'with the lease of another attempt').toBe(false)
  const claims = await Promise.all([updates.claimApology(4, 3, 1), updates.claimApology(4, 3, 1)])
  expect(claims.toSorted(), 'by two at once').toEqual([false, true])
  await updates.release(4, 3, 1)
  await updates.lease(4, 3, 'telegram')
  expect(await updates.claimApology(4, 3, 2), 'a second time for one update').toBe(false)
})

test('updates are deleted when Telegram can no longer repeat them', async () => {
  const updates = telegramUpdatesIn(database.db)
  await updates.lease(3, 1, 'telegram')
  await updates.lease(3, 2, 'telegram')
  await database.db.query(
    `update telegram_update set seen_at = now() - interval '4 days' where bot_id = 3 and update_id = 1`,
  )
  expect(await updates.deleteOld()).toBe(1)
  expect(await updates.lease(3, 2, 'telegram')).toMatchObject({ state: 'busy' })
})
