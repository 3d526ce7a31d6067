import { copyFile, mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { jsonText } from '#database/connect.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { migrate, migrationsDir } from '#database/migrate.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { followsIn } from '#database/series/follows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { webhookListenersIn } from '#database/webhooks/webhooks.ts'
import type { EpisodeDue } from '#events/episode-due.ts'
import { type DataOf, rootCause, type VigiaEvent } from '#events/event.ts'
import { episodeChecker } from '#functions/episode-checker/episode-checker.ts'
import { Permanent } from '#functions/host/errors.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { deliver } from '#functions/telegram-notifier/deliver.ts'
import { emptyDatabase } from '#test/support/database.ts'
import { airedSeries, bothTicks, dependencies, eventsOf, publish, skipped, useWebhook, world } from './support.ts'

useWebhook()

describe('an invalid row', () => {
  test('in the table `follow` does not affect the valid follows: their episodes are announced, and the operators are notified once', async () => {
    await airedSeries(900_500)
    await world.db.query('alter table follow drop constraint follow_subject_usable')
    await world.db.query('alter table chat drop constraint chat_zone_usable')
    for (const subject of ['show/999999999999999', 'show/2147483648', 'show/0', 'show/abc', 'show/', 'show/-1'])
      await world.db.query('insert into follow (chat_id, subject) values (1, $1)', [subject])
    await bothTicks()
    expect(eventsOf('episode.due').map(({ subject }) => subject)).toEqual(['show/900500'])
    expect(skipped().map(({ store, key }) => `${store} ${key}`)).toEqual(
      expect.arrayContaining(['follow show/999999999999999', 'follow show/abc', 'follow show/0']),
    )
    expect(skipped().length).toBe(6)
    await bothTicks()
    expect(skipped().length).toBe(6)
  })

  test('with an unknown zone counts as a chat in the default zone, and other chats are not affected', async () => {
    await airedSeries(900_510, {
      episodes: [{ id: 5, name: 'x', season: 1, number: 1, type: 'regular', airdate: '2026-11-21', airstamp: null }],
    })
    await chatsIn(world.db).upsert({ id: 2, kind: 'private', language: 'en' })
    await world.db.query(`update chat set zone = 'Mars/Olympus Mons' where id = 2`)
    await followsIn(world.db).follow(2, 'show/900510', new Date('2026-01-01T00:00:00Z'))
    await bothTicks()
    const due = eventsOf('episode.due') as VigiaEvent<DataOf<typeof EpisodeDue>>[]
    expect(due.flatMap(({ data }) => data.chats).toSorted()).toEqual([1, 2])
    const requests = await Promise.all(
      due.map(event =>
        notificationFanout(
          event,
          { name: 'episode.due', data: event.data },
          {
            ...dependencies(),
            chats: chatsIn(world.db),
            subscribers: subscribersIn(world.db),
            waitingNotices: waitingNoticesIn(world.db),
            webhooks: webhookListenersIn(world.db),
          },
        ),
      ),
    )
    expect(
      requests
        .flat()
        .map(({ subject }) => subject)
        .toSorted(),
    ).toEqual(['chat/1', 'chat/2'])
    expect(skipped()).toMatchObject([{ store: 'chat', key: 'zone Mars/Olympus Mons' }])
  })

  test('whose event the broker refuses does not hold back other events', async () => {
    await airedSeries(900_520)
    const refusing = async (events: readonly VigiaEvent[]) => {
      for (const event of events) if (event.subject === 'show/1') throw new Permanent('the broker answered 413')
      await publish(events)
    }
    await world.db.query(
      `insert into announcement_event (id, type, subject, data, made_at) values ('a', 'episode.due', 'show/1', '{}', now())`,
    )
    await episodeChecker(rootCause('poison'), { ...dependencies(), publish: refusing })
    await episodeChecker(rootCause('again'), { ...dependencies(), publish: refusing })
    expect(eventsOf('episode.due').map(({ subject }) => subject)).toEqual(['show/900520'])
    expect(skipped()).toMatchObject([{ store: 'announcement_event', key: 'a' }])
  })
})

test('a stored message that cannot be sent is refused, and the operators are notified', async () => {
  await chatsIn(world.db).upsert({ id: 1, kind: 'private', language: 'en' })
  await world.db.query(
    `insert into message (key, chat_id, request, cause, not_before, requested_at) values ('a', 1, '{"html": 5}', '{}', now(), now())`,
  )
  const messages = messagesIn(world.db)
  const claim = await messages.claim(1, 'bot', new Date(Date.now() + 60_000))
  if (claim === null || !('message' in claim)) throw new Error('nothing to send')
  const call = () => Promise.reject(new Error('nothing should be sent'))
  const outcome = await deliver({ messages, telegram: { call }, clock: () => new Date() } as never, claim.message)
  expect(outcome).toEqual({ is: 'settled' })
  expect(await messages.recordedRefusals({ keys: ['a'] })).toMatchObject([{ code: 400, chatId: 1 }])
  expect(await messages.claim(1, 'bot', new Date(Date.now() + 120_000))).toBe(null)
})

test('a chat for which no text can be made does not stop the messages to other chats', async () => {
  await airedSeries(900_700)
  const follower = (id: number) => ({ id, kind: 'private', language: 'en', zone: 'UTC', unreachableSince: null })
  const broken = {
    ...follower(2),
    get zone(): string {
      throw new Error('no zone')
    },
  }
  const followers = [follower(1), broken, follower(3)]
  const events = await notificationFanout(
    rootCause('cause'),
    {
      name: 'series.changed',
      data: {
        change: 'moved',
        before: { airdate: '2026-11-22', airstamp: null },
        show: { id: 1, name: 'x', url: 'https://x', image: null, channel: null },
      },
    },
    {
      clock: () => world.time.now,
      chats: chatsIn(world.db),
      subscribers: subscribersIn(world.db),
      noticeSettings: noticeSettingsIn(world.db),
      waitingNotices: waitingNoticesIn(world.db),
      webhooks: webhookListenersIn(world.db),
      follows: {
        followersOf: async () => followers as never,
        followersOfAny: async () => [],
        threadOf: async () => null,
      },
    },
  )
  expect(events.map(({ subject }) => subject)).toEqual(['chat/1', 'record/chat', 'chat/3'])
})

test('JSON for a table contains no NUL and no lone surrogate, and the rest is unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 20 }), async text => {
      const { rows } = await world.db.query<{ back: { text: string } }>('select $1::jsonb as back', [
        jsonText({ text }),
      ])
      expect(rows[0]!.back.text).toBe(text.toWellFormed().replaceAll('\0', '\ufffd'))
    }),
    { numRuns: 300 },
  )
  for (const text of ['\\u0000', 'a\\', '\\\\u0000', '\0\0', '\ud83d', '\ud83d\ude00']) {
    const { rows } = await world.db.query<{ back: string }>('select $1::jsonb ->> 0 as back', [jsonText([text])])
    expect(rows[0]!.back).toBe(text.toWellFormed().replaceAll('\0', '\ufffd'))
  }
})

test('the upgrade deletes or repairs the invalid rows of an older version and keeps the valid ones', async () => {
  const old = await mkdtemp(join(tmpdir(), 'vigia-migrations-'))
  for (const file of await readdir(migrationsDir))
    if (file < '0007' && file.endsWith('.sql')) await copyFile(join(migrationsDir, file), join(old, file))
  const { url, db, end } = await emptyDatabase()
  try {
    await migrate(url, { dir: old })
    await db.query(`insert into chat (id, zone) values (1, 'America/Manaus'), (2, 'Mars/Olympus Mons')`)
    for (const subject of ['show/82', 'show/2147483647', 'monitor/7', 'show/2147483648', 'show/0', 'show/x', 'x'])
      await db.query('insert into follow (chat_id, subject) values (1, $1)', [subject])
    await db.query(`insert into follow (chat_id, subject, followed_at) values (2, 'show/82', '-infinity')`)
    await migrate(url)
    expect((await followsIn(db).of(1, '')).map(({ subject }) => subject).toSorted()).toEqual([
      'monitor/7',
      'show/2147483647',
      'show/82',
    ])
    expect((await followsIn(db).of(2, ''))[0]!.followedAt).toBeInstanceOf(Date)
    expect(await chatsIn(db).find(2)).toMatchObject({ zone: 'America/Sao_Paulo' })
    await expect(followsIn(db).follow(1, 'show/2147483648', new Date())).rejects.toThrow('follow_subject_usable')
  } finally {
    await end()
  }
})
