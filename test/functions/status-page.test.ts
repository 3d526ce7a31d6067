import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { visitorZone } from '#functions/status-page/html/visitor-zone.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import {
  addHours,
  addMonitor,
  addPage,
  chatId,
  dayMs,
  goodHours,
  hourMs,
  noon,
  startStatusPage,
} from './status-page/support.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await freshDatabase()
  await database.db.query('insert into chat (id) values (7), (8)')
})
afterAll(() => database.end())
beforeEach(() => database.db.query('truncate status_page, monitor, incident, maintenance restart identity cascade'))

describe('a page', () => {
  test('shows its monitors with their state and their uptime, with one query if it was visited lately', async () => {
    const { db } = database
    const shop = await addMonitor(db, 'Loja')
    const api = await addMonitor(db, 'API', { state: 'down', group: 'Sistema' })
    await addHours(db, shop, [{ ok: 54, failed: 6 }, ...goodHours(1)])
    await addPage(db, [shop, api])
    const first = startStatusPage(db)
    await first.get('/status/acme')
    await first.upkeep()
    const { get, queries } = startStatusPage(db)
    const { status, text, headers } = await get('/status/acme')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(text).toContain('<h1>Acme</h1>')
    expect(text).toContain('1 de 2 serviços está fora do ar')
    expect(text).toContain('<strong>99,6%</strong>')
    expect(text).toContain('<h2>Sistema</h2>')
    expect(text).toContain('href="https://t.me/VigiaBot?start=p_acme"')
    expect(queries).toHaveLength(1)
  })

  test('hides the URLs of its monitors, their settings and the monitors that are not on it', async () => {
    const { db } = database
    const shown = await addMonitor(db, 'Loja')
    await addMonitor(db, 'Interno')
    await addPage(db, [shown])
    const { get } = startStatusPage(db)
    const { text } = await get('/status/acme')
    expect(text).not.toMatch(/internal\.test|token|Interno/)
  })

  test('does not show the monitors of another chat, also if they are asked for', async () => {
    const { db } = database
    const other = await addMonitor(db, 'Alheio', { chat: 8 })
    await addPage(db, [other])
    const { get } = startStatusPage(db)
    const page = await get('/status/acme')
    expect(page.text).not.toContain('Alheio')
    expect((await get(`/status/acme/${other}`)).status).toBe(404)
  })

  test('writes what comes from outside as text', async () => {
    const { db } = database
    const monitor = await addMonitor(db, '<script>alert(1)</script>" onload="x')
    await maintenanceIn(db).add(
      {
        chatId,
        monitorId: null,
        groupName: null,
        title: '</style><img src=x onerror=alert(2)>',
        startsAt: new Date(noon.getTime() + hourMs),
        endsAt: new Date(noon.getTime() + 2 * hourMs),
      },
      noon,
    )
    await addPage(db, [monitor], { title: '<b>Acme</b> & Co' })
    const { get } = startStatusPage(db)
    for (const path of ['/status/acme', `/status/acme/${monitor}`]) {
      const { text, headers } = await get(path)
      expect(text.replace(`<script>${visitorZone}</script>`, '')).not.toMatch(/<script|<img|<b>|" onload="/)
      expect(text).toContain('&lt;b&gt;Acme&lt;/b&gt; &amp; Co')
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
      )
    }
  })

  test('has the language that the visitor chooses, else that of the browser, else its own', async () => {
    const { db } = database
    await addPage(db, [await addMonitor(db, 'Loja')], { language: 'en' })
    const { get } = startStatusPage(db)
    const language = async (url: string, accepted?: string) =>
      /<html lang="([^"]+)"/.exec(
        (await get(url, accepted === undefined ? {} : { 'accept-language': accepted })).text,
      )![1]
    expect(await language('/status/acme')).toBe('en')
    expect(await language('/status/acme', 'pt-PT,pt;q=0.9')).toBe('pt-BR')
    expect(await language('/status/acme', 'de-DE,de;q=0.9')).toBe('en')
    expect(await language('/status/acme', 'fr,pt;q=0.5,en;q=0.1')).toBe('pt-BR')
    expect(await language('/status/acme?lang=en', 'pt-BR')).toBe('en')
    expect((await get('/status/acme', { 'accept-language': 'pt' })).text).toContain('Tudo funcionando')
  })

  test('shows the bars of the chosen period, with a table of the same figures', async () => {
    const { db } = database
    const monitor = await addMonitor(db, 'Loja')
    await addHours(db, monitor, [{ ok: 30, failed: 30 }, { missed: 60 }, { maintenance: 60 }, ...goodHours(2)])
    await addPage(db, [monitor])
    const { get } = startStatusPage(db)
    const { text } = await get('/status/acme?range=24h&lang=en')
    expect(text).toContain('viewBox="0 0 96 36"')
    expect(text).toContain('1 period with an outage')
    for (const bar of ['down', 'unknown', 'maintenance', 'up']) expect(text).toContain(`<path class="${bar}"`)
    expect(text.replaceAll(/<\/?time[^>]*>/g, '')).toContain(
      '<th scope="row">today · 12:00 PM – 1:00 PM</th><td class="n">50%</td><td class="n">30 min</td>',
    )
    expect(text).toContain('href="acme?range=7d&amp;lang=en"')
    for (const [range, bars] of [
      ['7d', 28],
      ['30d', 30],
      ['90d', 90],
      ['365d', 73],
    ])
      expect((await get(`/status/acme?range=${range}`)).text).toContain(`viewBox="0 0 ${Number(bars) * 4} 36"`)
  })

  test('shows outages of the last 90 days and maintenance that is planned', async () => {
    const { db } = database
    const monitor = await addMonitor(db, 'Loja')
    await db.query(
      `insert into incident (monitor_id, opened_at, opened_cause, error, closed_at, closed_cause)
       values ($1, $2, 'x', 'timeout', $3, 'y'), ($1, $4, 'x', 'timeout', $4::timestamptz + interval '1 hour', 'z')`,
      [monitor, new Date(+noon - 26 * hourMs), new Date(+noon - 25 * hourMs), new Date(+noon - 100 * dayMs)],
    )
    const startsAt = new Date(+noon + 20 * hourMs)
    const planned = { chatId, monitorId: monitor, groupName: null, title: 'Troca de disco' }
    await maintenanceIn(db).add({ ...planned, startsAt, endsAt: new Date(+startsAt + hourMs) }, noon)
    await addPage(db, [monitor])
    const { text } = await startStatusPage(db).get('/status/acme')
    expect(text.match(/durou/g)).toHaveLength(1)
    expect(text).toContain('ontem · 10:00</time> · durou 1 h')
    expect(text).toContain('<strong><bdi>Troca de disco</bdi></strong> · <bdi>Loja</bdi>')
    expect(text).toMatch(/amanhã · 08:00<\/time> – <time class="end" [^>]+>09:00<\/time>/)
  })

  test('of a chat that nothing happens in says so', async () => {
    const { db } = database
    await addPage(db, [])
    await addPage(db, [await addMonitor(db, 'Loja')], { slug: 'calm' })
    const { get } = startStatusPage(db)
    const empty = await get('/status/acme')
    expect(empty.text).toContain('Nada é monitorado nesta página')
    expect(empty.text).toContain('Os serviços aparecem aqui assim que forem adicionados à página.')
    expect((await get('/status/calm')).text).toContain('Nenhuma queda neste período.')
  })

  test('with more than forty monitors shows forty at a time, and those that are down on every part', async () => {
    const { db } = database
    const ids: number[] = []
    for (let at = 0; at < 90; at++)
      ids.push(await addMonitor(db, `Serviço ${at}`, { state: at === 85 ? 'down' : 'up' }))
    await addPage(db, ids)
    const { get } = startStatusPage(db)
    const first = await get('/status/acme')
    expect(first.text.match(/<article/g)).toHaveLength(40)
    expect(first.text).toContain('Serviço 85')
    const last = await get('/status/acme?part=3')
    expect(last.text.match(/<article/g)).toHaveLength(10)
    expect(last.text).toContain('href="acme?part=2"')
    expect((await get('/status/acme?part=4')).status).toBe(404)
  })
})

describe('the page of a monitor', () => {
  test('explains the uptime, and shows response times and the quality of the checks', async () => {
    const { db } = database
    const monitor = await addMonitor(db, 'Loja')
    await addHours(db, monitor, [
      { ok: 50, failed: 10, totalMs: 50 * 200 },
      { ok: 40, missed: 20, totalMs: 40 * 100 },
      { maintenance: 60 },
      ...goodHours(1),
    ])
    await addPage(db, [monitor])
    await startStatusPage(db).get('/status/acme')
    const { get, queries } = startStatusPage(db)
    const { text, status } = await get(`/status/acme/${monitor}?range=30d`)
    expect(status).toBe(200)
    expect(text).toContain('<dt>Disponível em 30 dias</dt><dd>99,35%</dd>')
    expect(text).toContain('<dt>Fora do ar</dt><dd>10 min</dd>')
    expect(text).toContain('<dt>Não verificado</dt><dd>20 min</dd>')
    expect(text).toContain('<dt>Em manutenção</dt><dd>1 h</dd>')
    expect(text).toContain('20 de 1.560 verificações deixaram de ser feitas neste período.')
    expect(text).toContain('<svg class="chart"')
    expect(text).toContain('href="../acme?range=30d"')
    expect(queries).toHaveLength(1)
  })

  test('that is not on the page, or has no valid id, is not found', async () => {
    const { db } = database
    const shown = await addMonitor(db, 'Loja')
    const hidden = await addMonitor(db, 'Interno')
    await addPage(db, [shown])
    const { get } = startStatusPage(db)
    for (const id of [hidden, 0, -1, '1e3', '99999999999999999999', 'x', `${shown}/more`])
      expect((await get(`/status/acme/${id}`)).status).toBe(404)
  })
})

describe('an address', () => {
  test('without a page is answered with a real 404 in the language of the visitor', async () => {
    const { get } = startStatusPage(database.db)
    for (const path of [
      '/status/unknown',
      '/status/',
      '/status',
      '/status/A',
      '/status/../etc',
      '/status/p/short',
      '/',
    ]) {
      const { status, text, headers } = await get(path, { 'accept-language': 'pt-BR' })
      expect([path, status, text.includes('Página não encontrada')]).toEqual([path, 404, true])
      expect(headers['cache-control']).toBe('no-store')
    }
  })

  test('of a secret page works only with the secret, and its slug is like that of no page', async () => {
    const { db } = database
    const { secret } = await addPage(db, [await addMonitor(db, 'Loja')], { slug: 'interna', access: 'link' })
    const { get } = startStatusPage(db)
    const [bySlug, unknown] = [await get('/status/interna'), await get('/status/interno')]
    expect([bySlug.status, bySlug.text, bySlug.headers]).toEqual([404, unknown.text, unknown.headers])
    const { status, text, headers } = await get(`/status/p/${secret}`)
    expect([status, headers['x-robots-tag'], headers['referrer-policy']]).toEqual([200, 'noindex', 'no-referrer'])
    expect(headers['cache-control']).toMatch(/^private,/)
    expect(text).toContain(`href="${secret}?range=24h"`)
  })

  test('of a secret page can have a slug that another chat has too', async () => {
    const { db } = database
    await addPage(db, [], { slug: 'interna', access: 'link' })
    await addPage(db, [], { slug: 'interna', chatId: 8 })
    const again = { chatId, slug: 'interna', title: 'X', language: 'en', access: 'public', components: [] } as const
    expect(await statusPagesIn(db).add(again)).toEqual({ taken: 'slug' })
  })

  test('with a public secret is not the address of a public page', async () => {
    const { db } = database
    const { secret } = await addPage(db, [])
    expect((await startStatusPage(db).get(`/status/p/${secret}`)).status).toBe(404)
  })
})

describe('the answer', () => {
  test('is short: forty monitors with 90 days of outages are at most 30 kB', async () => {
    const { db } = database
    const ids: number[] = []
    for (let at = 0; at < 40; at++) {
      const id = await addMonitor(db, `Serviço de pagamentos ${at}`, { group: `Grupo ${at % 5}` })
      const hours = goodHours(90).map((hour, place) =>
        (place + at * 7) % 97 === 0 ? { ok: 60 - (at % 30), failed: at % 30 } : hour,
      )
      await addHours(db, id, hours)
      ids.push(id)
    }
    await addPage(db, ids)
    const { get, upkeep } = startStatusPage(db)
    for (const encoding of ['gzip', 'br']) {
      const { bytes, headers } = await get('/status/acme', { 'accept-encoding': encoding })
      expect(headers['content-encoding']).toBe(encoding)
      expect(bytes).toBeLessThanOrEqual(30_000)
    }
    await upkeep()
  })

  test('is kept for a second, and is 304 for a browser that has it', async () => {
    const { db } = database
    await addPage(db, [await addMonitor(db, 'Loja')])
    const { get, queries, time, upkeep } = startStatusPage(db)
    const [one, other] = await Promise.all([get('/status/acme'), get('/status/acme')])
    await upkeep()
    expect(one.text).toBe(other.text)
    queries.length = 0
    const again = await get('/status/acme', { 'if-none-match': `W/"x", ${one.headers.etag}` })
    expect([again.status, again.bytes, again.headers.etag, queries.length]).toEqual([304, 0, one.headers.etag, 0])
    // A page that is a few seconds old is answered at once, and read again for the next visitor.
    await database.db.query(`update status_page set title = 'Novo'`)
    time.now = new Date(+noon + 2_000)
    expect((await get('/status/acme')).text).toBe(one.text)
    await expect.poll(async () => (await get('/status/acme')).text).toContain('<h1>Novo</h1>')
  })

  test('has an ETag of its own in each encoding', async () => {
    const { db } = database
    await addPage(db, [await addMonitor(db, 'Loja')])
    const { get, upkeep } = startStatusPage(db)
    const answers = []
    for (const accepted of ['', 'gzip', 'gzip, deflate, br', 'br;q=0, gzip;q=0.5', '*', 'identity'])
      answers.push(await get('/status/acme', { 'accept-encoding': accepted }))
    await upkeep()
    const [plain, gzip, br] = answers
    expect(answers.map(({ headers }) => headers['content-encoding'])).toEqual([
      ...[undefined, 'gzip', 'br', 'gzip', 'br', undefined],
    ])
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(3)
    const ask = (encoding: string, etag: string | undefined) =>
      get('/status/acme', { 'accept-encoding': encoding, 'if-none-match': etag! })
    expect((await ask('gzip', gzip!.headers.etag)).status).toBe(304)
    expect((await ask('br', `W/${br!.headers.etag}`)).status).toBe(304)
    expect((await ask('br', gzip!.headers.etag)).status).toBe(200)
    expect((await ask('gzip', plain!.headers.etag)).status).toBe(200)
    expect((await ask('', '*')).status).toBe(304)
  })

  test('is the last page that was read while PostgreSQL is unavailable, and 503 without one', async () => {
    const { db } = database
    await addPage(db, [await addMonitor(db, 'Loja')])
    const { get, time, state, logged } = startStatusPage(db)
    const before = await get('/status/acme')
    state.isDown = true
    time.now = new Date(+noon + 10 * 60_000)
    expect(await get('/status/acme')).toEqual(before)
    const other = await get('/status/other', { 'accept-language': 'en' })
    expect([other.status, other.headers['retry-after']]).toEqual([503, '5'])
    expect(other.text).toContain('The page is unavailable at the moment')
    expect(logged).toHaveLength(1)
  })

  test('for an iframe has neither head nor foot, and any site may show it', async () => {
    const { db } = database
    await addPage(db, [await addMonitor(db, 'Loja')])
    const { text, headers } = await startStatusPage(db).get('/status/acme?embed')
    expect(text).not.toMatch(/<header|<footer/)
    expect(headers['content-security-policy']).toContain('frame-ancestors *')
  })
})

test('a monitor that is silent, paused, slow or in maintenance says so', async () => {
  const { db } = database
  const [silent, paused, slow, repaired] = [
    await addMonitor(db, 'Calado'),
    await addMonitor(db, 'Parado'),
    await addMonitor(db, 'Lerdo'),
    await addMonitor(db, 'Em obras', { state: 'down' }),
  ]
  await db.query(`update monitor set judged_at = $2::timestamptz - interval '10 minutes' where id = $1`, [silent, noon])
  await monitorsIn(db).pause(chatId, paused)
  await db.query('update monitor set slow_since = $2 where id = $1', [slow, noon])
  const window = { startsAt: new Date(+noon - hourMs), endsAt: new Date(+noon + hourMs) }
  await maintenanceIn(db).add({ chatId, monitorId: repaired, groupName: null, ...window }, noon)
  await addPage(db, [silent, paused, slow, repaired])
  const { text } = await startStatusPage(db).get('/status/acme')
  const states = [...text.matchAll(/<h3><a[^>]*>([^<]+)<\/a><\/h3><span class="state (\w+)">/g)].map(found =>
    found.slice(1),
  )
  expect(states).toEqual([
    ['Calado', 'unknown'],
    ['Parado', 'paused'],
    ['Lerdo', 'slow'],
    ['Em obras', 'maintenance'],
  ])
  expect(text).toContain('Manutenção em andamento')
})
