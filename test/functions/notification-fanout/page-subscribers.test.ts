import { expect, test } from 'vitest'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { pageSubject } from '#database/pages/subscribers.ts'
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
