import { describe, expect, test, vi } from 'vitest'
import { chatsIn } from '#database/chats/chats.ts'
import { messagesIn } from '#database/messages/messages.ts'
import { reportsIn } from '#database/reports/reports.ts'
import type { Episode } from '#database/series/show.ts'
import { rootCause } from '#events/event.ts'
import { MessageRequested } from '#events/message-requested.ts'
import {
  addIncident,
  addMonitor,
  chatId,
  database,
  followShow,
  logged,
  report,
  request,
  result,
  store,
  useReporter,
} from './support.ts'

/*
 * What a report says, and that it is made once, even if its event comes twice or something fails.
 */

useReporter()

const episode = (id: number, airdate: string, airstamp: string | null, more: Partial<Episode> = {}): Episode => ({
  id,
  name: `Nome ${id}`,
  season: 2,
  number: id,
  type: 'regular',
  airdate,
  airstamp,
  ...more,
})
const down = { shows: async () => Promise.reject(new Error('MongoDB is unavailable')) }

describe('a report', () => {
  test('has the uptime, the outages with their length, the slowest sites, and past and coming episodes', async () => {
    const loja = await addMonitor('loja.example.org')
    const blog = await addMonitor('blog.example.org')
    await store([
      result(loja.id, new Date('2026-11-20T12:00:00Z'), { totalMs: 1_204 }),
      result(loja.id, new Date('2026-11-20T12:10:00Z'), { ok: false, error: 'timeout', totalMs: null }),
      result(loja.id, new Date('2026-11-20T12:20:00Z'), { ok: null, error: 'not-checked', totalMs: null }),
      result(loja.id, new Date('2026-11-20T12:30:00Z'), { totalMs: 1_204 }),
      result(blog.id, new Date('2026-11-20T12:00:00Z'), { totalMs: 90 }),
    ])
    await addIncident(loja.id, '2026-11-20T12:10:00Z', '2026-11-20T12:22:00Z')
    await followShow({
      _id: 82,
      name: 'Severance',
      names: { pt: 'Ruptura' },
      episodes: [
        episode(1, '2026-11-19', '2026-11-20T10:59:59Z'),
        episode(2, '2026-11-20', '2026-11-20T11:00:00Z'),
        episode(3, '2026-11-21', null),
        episode(4, '2026-11-27', '2026-11-28T01:00:00Z'),
        episode(5, '2026-12-05', '2026-12-05T01:00:00Z'),
      ],
    })
    const [message, ...others] = await report()
    expect(others).toEqual([])
    expect(message!.html).toBe(`📊 <b>Relatório diário</b>
sex., 20 nov · 08:00 – sáb., 21 nov · 08:00 (horário de Brasília)

🟠 <b>75% no ar</b> · 2 monitores
1 queda, 12 min fora do ar
• <b>loja.example.org</b> sex., 20 nov · 09:10, 12 min
Mais lentos: loja.example.org 1.204 ms, blog.example.org 90 ms
⚪ 1 verificação sem resultado por um problema meu

📺 <b>Saíram</b>
• <a href="https://www.tvmaze.com/shows/82/x">Ruptura</a> T2 E2 · sex., 20 nov · 08:00
🗓 <b>Próximos 7 dias</b>
• <a href="https://www.tvmaze.com/shows/82/x">Ruptura</a> T2 E3 · sáb., 21 nov
• <a href="https://www.tvmaze.com/shows/82/x">Ruptura</a> T2 E4 · sex., 27 nov · 22:00

<i>/relatorio muda ou desliga este relatório</i>`)
    const picture = await reportsIn(database.db).picture(message!.reportPicture!)
    expect(picture!.subarray(1, 4).toString()).toBe('PNG')
  })

  test('is in English, in the zone of the chat, and without the note on settings if a person asked for it', async () => {
    const { id } = await addMonitor('shop.example.org')
    await addIncident(id, '2026-11-21T10:00:00Z', null)
    const [message] = await report(
      request({ language: 'en', zone: 'Europe/Lisbon', onDemand: true, frequency: 'weekly' }),
    )
    expect(message!.html).toBe(`📊 <b>The last 7 days</b>
Fri, Nov 20 · 11:00 AM – Sat, Nov 21 · 11:00 AM (Lisbon time)

🔴 <b>no checks in this period</b> · 1 monitor
• <b>shop.example.org</b> Sat, Nov 21 · 10:00 AM, 1 h so far`)
  })

  test('goes to the topic in which it was asked for', async () => {
    await addMonitor('loja')
    expect(await report(request({ threadId: 42 }))).toMatchObject([{ chatId, threadId: 42 }])
  })

  test('is not sent to a chat without monitors and series; the chat gets a message about this only if a person asked', async () => {
    expect(await report()).toEqual([])
    const [message] = await report({ ...request({ onDemand: true }), id: 'on demand' })
    expect(message).toMatchObject({ html: expect.stringContaining('Ainda não há o que relatar') })
    expect(message!.reportPicture).toBeUndefined()
  })

  test('of a chat that only follows series has no picture', async () => {
    await followShow({ _id: 90, name: 'Nada', episodes: [] })
    const [message] = await report()
    expect(message!.html).toContain('Nada saiu neste período.')
    expect(message!.reportPicture).toBeUndefined()
  })
})

describe('a report is made once', () => {
  test('if its event comes twice, at once or later, also if the figures have changed in between', async () => {
    const { id } = await addMonitor('loja')
    await store([result(id, new Date('2026-11-20T12:00:00Z'))])
    const both = await Promise.all([report(), report()])
    await addIncident(id, '2026-11-20T12:10:00Z', '2026-11-20T12:22:00Z')
    const later = await report()
    expect(new Set([...both.flat(), ...later].map(each => JSON.stringify(each))).size).toBe(1)
    expect((await database.db.query('select from report')).rowCount).toBe(1)

    for (const { id: key, ...data } of [...both.flat(), ...later]) {
      const event = MessageRequested.from(rootCause('x'), { id: key, subject: `chat/${chatId}`, data })
      await messagesIn(database.db).keep(event, new Date())
    }
    expect((await database.db.query('select from message')).rowCount).toBe(1)
  })

  test('and moves to the supergroup if its group becomes one', async () => {
    await chatsIn(database.db).upsert({ id: -5, kind: 'group', language: 'pt-BR' })
    await chatsIn(database.db).upsert({ id: -1005, kind: 'supergroup', language: 'pt-BR' })
    await database.db.query(`insert into report_setting (chat_id, frequency, done_until) values (-5, 'daily', now())`)
    await reportsIn(database.db).keep('k', -5, { html: 'x', picture: null }, new Date())
    await chatsIn(database.db).migrate(-5, -1005)
    const owners = await database.db.query('select chat_id from report union all select chat_id from report_setting')
    expect(owners.rows).toEqual([{ chat_id: -1005 }, { chat_id: -1005 }])
  })
})

describe('if MongoDB is unavailable', () => {
  test('a report that is due waits until MongoDB is available', async () => {
    await addMonitor('loja')
    await followShow({ _id: 91, name: 'Espera', episodes: [] })
    await expect(report(request(), { catalogue: down })).rejects.toThrow('MongoDB is unavailable')
    expect((await report())[0]!.html).toContain('Nada saiu')
  })

  test.each([
    ['a report that waited for five minutes', request({}, new Date('2026-11-21T10:55:00Z'))],
    ['a report that a person waits for', request({ onDemand: true })],
  ])('%s is made without the series', async (_, event) => {
    await addMonitor('loja')
    await followShow({ _id: 92, name: 'Sem catálogo', episodes: [] })
    const [message] = await report(event, { catalogue: down })
    expect(message!.html).toContain('Não consegui abrir o catálogo de séries agora.')
    expect(logged.map(({ level }) => level)).toEqual([40])
  })

  test('a chat that follows no series gets its report, and the catalogue is not asked', async () => {
    await addMonitor('loja')
    const shows = vi.fn(down.shows)
    expect(await report(request(), { catalogue: { shows } })).toHaveLength(1)
    expect(shows).not.toHaveBeenCalled()
  })
})

test('a report whose picture cannot be drawn is sent as text, and the log has an error', async () => {
  await addMonitor('loja')
  const [message] = await report(request(), {
    renderer: () => Promise.reject(new Error('no program for this machine')),
  })
  expect(message!.html).toContain('Relatório diário')
  expect(message!.reportPicture).toBeUndefined()
  expect(logged.map(({ level }) => level)).toEqual([50])
})
