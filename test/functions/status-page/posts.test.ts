import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Impact } from '#database/pages/impacts.ts'
import { type PostStatus, pagePostsIn } from '#database/pages/posts.ts'
import { resultPartitionsIn } from '#database/uptime/result-partitions.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { insertResults } from '#test/support/probe-slots.ts'
import { addHours, addMonitor, addPage, dayMs, hourMs, noon, startStatusPage } from './support.ts'

const minuteMs = 60_000

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7)')
})
afterAll(() => database.end())
beforeEach(() => database.db.query('truncate status_page, monitor restart identity cascade'))

test('posts are on the page by matter, the open ones first, and their texts stay text', async () => {
  const { db } = database
  const { id: pageId } = await addPage(db, [await addMonitor(db, 'Loja')])
  const posts = pagePostsIn(db)
  const at = (ms: number) => new Date(+noon + ms)
  const post = { pageId, incidentId: null, impacts: {} }
  const old = await posts.add({ ...post, threadId: null, status: 'investigating', text: 'Antigo', at: at(-dayMs) }, 'a')
  await posts.add(
    { ...post, threadId: old.id, status: 'resolved', text: 'Resolvido antigo', at: at(-dayMs + hourMs) },
    'b',
  )
  const text = '<script>alert(1)</script>\nSegunda linha'
  const open = await posts.add({ ...post, threadId: null, status: 'investigating', text, at: at(-hourMs) }, 'c')
  expect(await posts.add({ ...post, threadId: null, status: 'resolved', text: 'x', at: noon }, 'c')).toEqual(open)
  await posts.add({ ...post, threadId: open.id, status: 'identified', text: 'Achamos', at: noon }, 'd')
  const { text: page } = await startStatusPage(db).get('/status/acme')
  expect(page).not.toContain('<script>alert')
  const order = [
    '<h2>Em andamento</h2>',
    'Achamos',
    '&lt;script&gt;',
    '<h2>Avisos anteriores</h2>',
    'Resolvido antigo',
    'Antigo',
  ]
  const places = order.map(words => page.indexOf(words))
  expect(places).toEqual(places.toSorted((one, other) => one - other))
  expect(places[0]).toBeGreaterThan(0)
  expect(page).toContain('<strong>Causa identificada</strong>')
})

/** A page with a service that is down since ten minutes, and a post about it. */
const pageWithOutage = async (impact: Impact = 'down') => {
  const { db } = database
  const [shop, api] = [await addMonitor(db, 'Loja', { state: 'down' }), await addMonitor(db, 'API')]
  const { id: pageId } = await addPage(db, [shop, api])
  const { rows } = await db.query<{ id: number }>(
    `insert into incident (monitor_id, opened_at, opened_cause, error) values ($1, $2, 'x', 'timeout') returning id`,
    [shop, new Date(+noon - 10 * minuteMs)],
  )
  const incidentId = rows[0]!.id
  const posts = pagePostsIn(db)
  const say = (text: string, at: Date, status: PostStatus = 'investigating') =>
    posts.addToOutage(
      { pageId, incidentId, status, text, impacts: impact === 'none' ? {} : { [api]: impact }, at },
      `${incidentId}/${text}`,
    )
  await say('Um.', new Date(+noon - 5 * minuteMs))
  const end = (at: Date) =>
    db.query(
      `with up as (update monitor set state = 'up' where id = $2)
      update incident set closed_at = $1, closed_cause = 'y' where monitor_id = $2`,
      [at, shop],
    )
  return { shop, api, pageId, say, end, posts }
}
/** The text of the page, and that of its section with this heading. */
const shown = async (path = '') => {
  const { text } = await startStatusPage(database.db).get(`/status/acme${path}`)
  const section = (heading: string) =>
    text
      .split('<h2>')
      .find(part => part.startsWith(heading))
      ?.replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ') ?? ''
  return { text, section }
}

describe('an outage with posts', () => {
  test('is one matter that opens and closes by itself, and its posts stay with it', async () => {
    const { end, say, posts, pageId } = await pageWithOutage()
    await say('Dois.', new Date(+noon - 4 * minuteMs), 'identified')
    const open = await shown()
    expect(open.section('Em andamento')).toMatch(
      /Loja hoje · 11:50 · fora do ar há 10 min .*Causa identificada · hoje · 11:56 Dois\. API : Fora do ar .*Um\./,
    )
    // While an outage goes on, the page does not say that there was none.
    expect(open.section('Quedas')).toBe('')
    expect(await posts.openOn(pageId)).toMatchObject({ text: 'Dois.' })
    await end(new Date(+noon - 2 * minuteMs))
    const closed = await shown()
    expect(closed.section('Em andamento')).toBe('')
    expect(closed.section('Quedas')).toMatch(/Loja hoje · 11:50 · durou 8 min .*Dois\..*Um\./)
    expect(closed.text).toContain('Tudo funcionando')
    expect(await posts.openOn(pageId)).toBeNull()
  })

  test('goes on if people write more after it, until they call it resolved', async () => {
    const { end, say } = await pageWithOutage('partial')
    await end(new Date(+noon - 3 * minuteMs))
    await say('Ainda falta uma parte.', new Date(+noon - minuteMs), 'monitoring')
    const { text, section } = await shown()
    expect(section('Em andamento')).toContain('Ainda falta uma parte.')
    expect(text).toContain('Alguns serviços estão parcialmente fora do ar')
    await say('Pronto.', noon, 'resolved')
    expect((await shown()).text).toContain('Tudo funcionando')
  })

  test.each([
    ['degraded', 'Desempenho degradado'],
    ['partial', 'Parcialmente fora do ar'],
    ['down', 'Fora do ar'],
  ] as const)(
    'that makes another service %s shows it there, and a good check does not hide it',
    async (impact, name) => {
      const { api } = await pageWithOutage(impact)
      const { text } = await shown(`/${api}`)
      expect(text).toMatch(new RegExp(`class="overall ${impact}" role="status">.*<span>${name}`))
      expect(text).toContain('Um.')
    },
  )

  test('says on the page of the service why its uptime has its value', async () => {
    const { api, say } = await pageWithOutage('partial')
    const { db } = database
    await addHours(db, api, [{ ok: 60 }])
    await resultPartitionsIn(db).createPartitions([noon])
    await insertResults(
      db,
      `select $1::bigint, at, at, true from generate_series($2::timestamptz - interval '10 minutes', $2, '1 minute') at`,
      [api, noon],
    )
    await say('Pronto.', noon, 'resolved')
    const why = (await shown(`/${api}?range=24h`)).section('Por que este número')
    expect(why).toContain('desempenho degradado 0%, parcialmente fora do ar 30%, fora do ar 100%')
    expect(why).toContain('No ar, com aviso de queda parcial 5 min')
    // Five of sixty minutes count with 30 %.
    expect((await shown(`/${api}?range=24h`)).text).toContain('<dd>97,5%</dd>')
  })
})
