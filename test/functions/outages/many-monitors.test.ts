import { expect, test } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { followsIn } from '#database/series/follows.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { webhookListenersIn } from '#database/webhooks/webhooks.ts'
import type { DataOf } from '#events/event.ts'
import type { MonitorDown } from '#events/monitor-down.ts'
import { notificationFanout } from '#functions/notification-fanout/notification-fanout.ts'
import { chatId, outageDatabase, outageWorld } from './world.ts'

const database = outageDatabase()

test('one of 1,000 monitors fails for two checks: one incident, one message', async () => {
  const { db } = database
  await db.query(
    `with added as (
       insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
       select $1, 'site-' || n || '.test', 'http', 'https://site-' || n || '.test/', 60, 5000 from generate_series(1, 1000) n
       returning id, chat_id, name
     )
     insert into follow (chat_id, subject, title) select chat_id, 'monitor/' || id, name from added`,
    [chatId],
  )
  const world = outageWorld(db)
  const round = async (failing: number | null) => {
    const checks = Array.from({ length: 1_000 }, (_, index) => ({ id: index + 1, ok: index + 1 !== failing }))
    for (let start = 0; start < checks.length; start += 500) await world.check(...checks.slice(start, start + 500))
    await world.tick()
    world.pass(60_000)
  }
  await round(null)
  await round(437)
  await round(437)
  expect((await db.query('select monitor_id as id from incident')).rows).toEqual([{ id: 437 }])
  expect(world.events.map(({ id }) => id)).toEqual(['incident/1/monitor.down'])
  const messages = await notificationFanout(
    world.events[0]!,
    { name: 'monitor.down', data: world.events[0]!.data as DataOf<typeof MonitorDown> },
    {
      follows: followsIn(db),
      subscribers: subscribersIn(db),
      noticeSettings: noticeSettingsIn(db),
      waitingNotices: waitingNoticesIn(db),
      webhooks: webhookListenersIn(db),
      chats: chatsIn(db),
      clock: world.now,
    },
  )
  expect(messages.map(({ subject }) => subject)).toEqual([`chat/${chatId}`])
  await round(null)
  await round(null)
  expect(world.events.map(({ id }) => id)).toEqual(['incident/1/monitor.down', 'incident/1/monitor.up'])
}, 120_000)
