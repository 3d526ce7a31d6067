import { describe, expect, test } from 'vitest'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { pageSubject, subscribersIn } from '#database/pages/subscribers.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { addChat, database, fanOut, follow, textsOf, useFanout } from './support.ts'

useFanout()

const owner = { id: 7, language: 'pt-BR', zone: 'America/Sao_Paulo' } as const
const visitor = { id: 8, language: 'en', zone: 'Europe/Lisbon' } as const
const other = { id: 9, language: 'pt-BR', zone: 'America/Sao_Paulo' } as const

const since = '2026-11-21T12:00:00.000Z'
const until = '2026-11-21T12:25:00.000Z'
const at = new Date('2026-11-21T12:30:00Z')

/** A page of the owner with one monitor, that the visitor has subscribed to. */
const withSubscriber = async () => {
  const { db } = database
  for (const chat of [owner, visitor, other]) await addChat(chat as never)
  const { monitor } = await monitorsIn(db).add({
    ...{ chatId: owner.id, name: 'internal.example', kind: 'http', url: 'https://internal.example/?token=x' },
    ...{ intervalS: 60, timeoutMs: 10_000 },
  })
  const added = await statusPagesIn(db).add({
    ...{ chatId: owner.id, slug: 'acme', title: 'Acme <b>', language: 'en', access: 'link' },
    components: [{ monitorId: monitor.id, name: 'Checkout & pay', group: null }],
  })
  if ('taken' in added) throw new Error('the slug is taken')
  await follow(visitor, pageSubject(added.id))
  const data = {
    ...{ monitorId: monitor.id, incidentId: 3, name: 'internal.example', url: 'https://internal.example/?token=x' },
    ...{ since, status: 500, error: 'status', lastOkAt: null },
  }
  return { pageId: added.id, monitorId: monitor.id, data }
}

test('the subscribers of a page get one message for the start and one for the end, in their language', async () => {
  const { data, monitorId, pageId } = await withSubscriber()
  const subject = `monitor/${monitorId}`
  const down = await fanOut({ name: 'monitor.down', data } as never, 'incident/3/monitor.down', subject, at)
  expect(down.map(event => event.data.chatId)).toEqual([owner.id, visitor.id])
  expect(textsOf(down)[1]).toBe(
    'Acme <b>\n🔴 Checkout & pay has been down since today · 12:00\u202fPM.'.replace('\u202f', ' '),
  )
  expect(down[1]!.data.buttons).toEqual([[{ text: 'unsubscribe', data: `v1:U:${pageId}` }]])
  const up = await fanOut(
    { name: 'monitor.up', data: { ...data, until } } as never,
    'incident/3/monitor.up',
    subject,
    at,
  )
  expect(textsOf(up)[1]).toBe('Acme <b>\n🟢 Checkout & pay is working again. It was down for 25 min.')
  expect(up[1]!.data.replyTo).toBe(down[1]!.id)
  // The broker may deliver an event twice. The messages have the same ids, so each is sent once.
  const again = await fanOut({ name: 'monitor.down', data } as never, 'incident/3/monitor.down', subject, at)
  expect(again.map(({ id }) => id)).toEqual(down.map(({ id }) => id))
})

test('subscribers read neither the URL nor the reason, and an unstable service is one message until it is stable', async () => {
  const { data, monitorId } = await withSubscriber()
  const flapping = { since, changes: 4, uptime: 0.5 }
  const began = await fanOut(
    { name: 'monitor.up', data: { ...data, until, flapping } } as never,
    'a',
    `monitor/${monitorId}`,
    at,
  )
  expect(textsOf(began)[1]).toBe('Acme <b>\n🟠 Checkout & pay has been unstable since today · 12:00 PM.')
  const { monitorId: id, incidentId, name, url, status, error } = data
  const steady = { monitorId: id, incidentId, name, url, ...flapping, downSince: null, status, error }
  const ended = await fanOut({ name: 'monitor.steady', data: steady }, 'b', `monitor/${monitorId}`, at)
  expect(textsOf(ended)[1]).toBe('Acme <b>\n🟢 Checkout & pay is stable again.')
  for (const { data: message } of [began[1]!, ended[1]!]) expect(message.html).not.toMatch(/internal|token|500/)
})

test('subscribers get no reminder of an outage that goes on', async () => {
  const { data, monitorId } = await withSubscriber()
  const reminded = { name: 'monitor.down', data: { ...data, reminder: 1 } } as never
  const sent = await fanOut(reminded, 'incident/3/monitor.down/reminder-1', `monitor/${monitorId}`, at)
  expect(sent.map(event => event.data.chatId)).toEqual([owner.id])
})

test('a chat that follows the monitor itself gets only the message about the monitor', async () => {
  const { data, monitorId, pageId } = await withSubscriber()
  await follow(owner, pageSubject(pageId))
  const down = await fanOut({ name: 'monitor.down', data } as never, 'c', `monitor/${monitorId}`, at)
  expect(down.map(event => event.data.chatId)).toEqual([owner.id, visitor.id])
})

test('after the page is deleted, or the monitor is taken off it, its subscribers get no message', async () => {
  const { data, monitorId, pageId } = await withSubscriber()
  const chats = async () =>
    (await fanOut({ name: 'monitor.down', data } as never, 'd', `monitor/${monitorId}`, at)).map(
      event => event.data.chatId,
    )
  const page = (await statusPagesIn(database.db).find(owner.id, pageId))!
  await statusPagesIn(database.db).change(pageId, { ...page, components: [] })
  expect(await chats()).toEqual([owner.id])
  await statusPagesIn(database.db).change(pageId, page)
  expect(await chats()).toEqual([owner.id, visitor.id])
  await statusPagesIn(database.db).remove(owner.id, pageId)
  expect(await chats()).toEqual([owner.id])
})

test('subscribers get a post of the page in the words of its author, and each only once', async () => {
  const { pageId } = await withSubscriber()
  const data = { postId: 1, pageId, title: 'Acme <b>', status: 'identified', text: 'O <i>banco</i> parou.' } as const
  const event = { name: 'page.posted', data: { ...data, at: since } } as const
  const sent = await fanOut(event, 'update/page.posted', pageSubject(pageId), at)
  expect(sent.map(({ data: message }) => message.chatId)).toEqual([visitor.id])
  expect(textsOf(sent)).toEqual(['Acme <b>\n🛠 Identified\nO <i>banco</i> parou.'])
  expect((await fanOut(event, 'update/page.posted', pageSubject(pageId), at)).map(({ id }) => id)).toEqual(
    sent.map(({ id }) => id),
  )
})

/** The owner's page with a second monitor, which another chat subscribed to. */
const withServiceSubscriber = async () => {
  const { pageId, monitorId, data } = await withSubscriber()
  const { monitor: second } = await monitorsIn(database.db).add({
    ...{ chatId: owner.id, name: 'api', kind: 'http', url: 'https://api.example/', intervalS: 60, timeoutMs: 10_000 },
    groupName: 'Sistemas',
  })
  const page = (await statusPagesIn(database.db).find(owner.id, pageId))!
  const components = [...page.components, { monitorId: second.id, name: 'API', group: null }]
  await statusPagesIn(database.db).change(pageId, { ...page, components })
  await follow(other, pageSubject(pageId, second.id))
  return { pageId, monitorId, secondId: second.id, data }
}

const chatsOf = (events: Awaited<ReturnType<typeof fanOut>>) => events.map(({ data }) => data.chatId)

test('who subscribed to one service is told of that service, and of posts about it or about the whole page', async () => {
  const { pageId, monitorId, secondId, data } = await withServiceSubscriber()
  const down = (id: number) =>
    fanOut({ name: 'monitor.down', data: { ...data, monitorId: id } } as never, 'down', `monitor/${id}`, at)
  expect(chatsOf(await down(monitorId))).toEqual([owner.id, visitor.id])
  const told = await down(secondId)
  expect(chatsOf(told)).toEqual([owner.id, visitor.id, other.id])
  expect(told[2]!.data.buttons).toEqual([[{ text: 'não receber mais', data: `v1:U:${pageId}:${secondId}` }]])
  const post = { postId: 1, pageId, title: 'Acme', status: 'identified', text: 'O banco parou.', at: since } as const
  const posted = (more: object) =>
    fanOut({ name: 'page.posted', data: { ...post, ...more } }, 'post', pageSubject(pageId), at)
  expect(chatsOf(await posted({ monitors: [monitorId] }))).toEqual([visitor.id])
  expect(chatsOf(await posted({}))).toEqual([visitor.id, other.id])
  const affected = await posted({ monitors: [secondId], impacts: [{ name: 'API', impact: 'partial' }] })
  expect(textsOf(affected)).toEqual([
    'Acme\n🛠 Identified\nO banco parou.\n🟠 API: partial outage',
    'Acme\n🛠 Causa identificada\nO banco parou.\n🟠 API: parcialmente fora do ar',
  ])
})

test('a chat that subscribed to the page and to a service of it gets one message', async () => {
  const { pageId, secondId, data } = await withServiceSubscriber()
  await follow(visitor, pageSubject(pageId, secondId))
  const down = { name: 'monitor.down', data: { ...data, monitorId: secondId } } as never
  const told = await fanOut(down, 'down', `monitor/${secondId}`, at)
  expect(chatsOf(told)).toEqual([owner.id, visitor.id, other.id])
  expect(told[1]!.data.buttons).toEqual([[{ text: 'unsubscribe', data: `v1:U:${pageId}` }]])
})

describe('maintenance', () => {
  const startsAt = new Date('2026-11-21T13:00:00Z')
  const endsAt = new Date('2026-11-22T01:00:00Z')
  const plan = async (scope: { monitorId?: number; groupName?: string }) => {
    const { db } = database
    const wanted = {
      chatId: owner.id,
      monitorId: null,
      groupName: null,
      title: 'Troca <b>',
      startsAt,
      endsAt,
      ...scope,
    }
    const id = await maintenanceIn(db).add(wanted, at)
    const { rows } = await db.query<{ id: number }>('select id from maintenance_window where maintenance_id = $1', [id])
    return rows[0]!.id
  }
  const tell = (windowId: number, phase: 'announced' | 'started' | 'ended') =>
    fanOut(
      {
        name: 'maintenance.changed',
        data: {
          ...{ windowId, chatId: owner.id, phase, title: 'Troca <b>', scope: 'all' },
          ...{ startsAt: startsAt.toISOString(), endsAt: endsAt.toISOString(), monitors: { count: 2, names: ['x'] } },
        },
      },
      `maintenance-window/${windowId}/${phase}`,
      `maintenance-window/${windowId}`,
      at,
    )

  test('is told to subscribers in their language and zone, with the names on the page, each time once', async () => {
    const { pageId } = await withServiceSubscriber()
    const windowId = await plan({})
    const announced = await tell(windowId, 'announced')
    expect(chatsOf(announced)).toEqual([owner.id, visitor.id, other.id])
    expect(textsOf(announced).slice(1)).toEqual([
      'Acme <b>\n🛠 Maintenance Troca <b> is planned: today · 1:00 PM – tomorrow · 1:00 AM (Lisbon time)\nServices: Checkout & pay, API',
      'Acme <b>\n🛠 Manutenção Troca <b> marcada: hoje · 10:00 – 22:00 (horário de Brasília)\nServiço: API',
    ])
    expect((await tell(windowId, 'announced')).map(({ id }) => id)).toEqual(announced.map(({ id }) => id))
    expect(textsOf(await tell(windowId, 'started'))[1]).toMatch(/^Acme <b>\n🛠 Maintenance Troca <b> has started: today/)
    expect(textsOf(await tell(windowId, 'ended'))[1]).toBe(
      'Acme <b>\n🛠 Maintenance Troca <b> has ended\nServices: Checkout & pay, API',
    )
    await subscribersIn(database.db).end(visitor.id, pageId, null)
    expect(chatsOf(await tell(windowId, 'ended'))).toEqual([owner.id, other.id])
  })

  test('of a monitor or a group is told to those who subscribed to a service of it', async () => {
    const { monitorId } = await withServiceSubscriber()
    expect(chatsOf(await tell(await plan({ monitorId }), 'started'))).toEqual([owner.id, visitor.id])
    expect(chatsOf(await tell(await plan({ groupName: 'Sistemas' }), 'started'))).toEqual([
      owner.id,
      visitor.id,
      other.id,
    ])
  })
})

test('a page that is limited to the members of its chat tells nobody else', async () => {
  const { data, monitorId, pageId } = await withSubscriber()
  const page = (await statusPagesIn(database.db).find(owner.id, pageId))!
  await statusPagesIn(database.db).change(pageId, { ...page, access: 'members' })
  const down = await fanOut({ name: 'monitor.down', data } as never, 'm', `monitor/${monitorId}`, at)
  expect(chatsOf(down)).toEqual([owner.id])
})
