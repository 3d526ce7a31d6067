import { Resvg } from '@resvg/resvg-js'
import type { Postgres } from '#database/connect.ts'
import { pageLogosIn } from '#database/pages/logos.ts'
import { type NewPost, type PostStatus, pagePostsIn } from '#database/pages/posts.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { imageIn } from '#functions/pages/image.ts'
import { addHours, addMonitor, addPage, chatId, dayMs, goodHours, hourMs, noon } from './support.ts'

/** A page with monitors in every state and with every part. Returns the ids of its monitors. */
export const addSamplePage = async (db: Postgres): Promise<number[]> => {
  await db.query('insert into chat (id) values (7)')
  const ids: number[] = []
  const names = ['Loja', 'Pagamentos com cartão de crédito', 'API', 'Painel', 'pedidos.interno.example.com.br/v2/saude']
  const states = ['up', 'down', 'up', 'up', 'new']
  // The last two were monitored for a part of the time, and not at all.
  const days = [90, 90, 90, 60, 0]
  for (const [at, name] of names.entries()) {
    const id = await addMonitor(db, name, { state: states[at]!, group: at < 2 ? 'Vendas' : 'Sistemas' })
    const hours = goodHours(days[at]!).map((hour, place) => {
      // The second one has been down for an hour.
      if (at === 1 && place < 2) return { failed: place * 60 }
      const event = (place * 7 + at * 13) % 401
      if (event === 0) return { ok: 20, failed: 40, totalMs: 20 * 900 }
      if (event === 1) return { failed: 60 }
      if (event === 2) return { missed: 60 }
      return event === 3 ? { maintenance: 60 } : { ...hour, totalMs: 60 * (100 + (place % 24) * 10) }
    })
    await addHours(db, id, hours)
    ids.push(id)
  }
  await db.query('update monitor set slow_since = $2 where id = $1', [ids[2], noon])
  await db.query('update monitor set state_since = $2 where id = $1', [ids[1], new Date(+noon - hourMs)])
  await db.query('update monitor set paused_at = $2 where id = $1', [ids[3], noon])
  await db.query(
    `insert into incident (monitor_id, opened_at, opened_cause, error, closed_at, closed_cause)
     values ($1, $2, 'x', 'timeout', null, null), ($3, $4, 'x', 'status', $5, 'y')`,
    [ids[1], new Date(+noon - hourMs), ids[0], new Date(+noon - 3 * dayMs), new Date(+noon - 3 * dayMs + 25 * 60_000)],
  )
  for (const days of [-5, 1])
    await maintenanceIn(db).add(
      {
        ...{ chatId, monitorId: ids[0]!, groupName: null, title: days > 0 ? 'Troca do banco de dados' : '' },
        startsAt: new Date(+noon + days * dayMs),
        endsAt: new Date(+noon + days * dayMs + 2 * hourMs),
      },
      noon,
    )
  const { id: pageId } = await addPage(db, ids, { title: 'Loja da Ana' })
  const { rows } = await db.query<{ id: number }>('select id from incident where monitor_id = $1', [ids[1]])
  const aboutOutage = { incidentId: rows[0]!.id, impacts: { [ids[1]!]: 'down', [ids[2]!]: 'partial' } as const }
  const post = (
    threadId: number | null,
    status: PostStatus,
    text: string,
    minutesAgo: number,
    { incidentId, impacts }: Pick<NewPost, 'incidentId' | 'impacts'> = { incidentId: null, impacts: {} },
  ) =>
    pagePostsIn(db).add(
      { pageId, threadId, incidentId, status, text, impacts, at: new Date(+noon - minutesAgo * 60_000) },
      `sample/${minutesAgo}`,
    )
  const solved = await post(null, 'investigating', 'Algumas compras demoram para abrir.', 3 * 24 * 60)
  await post(solved.threadId, 'resolved', 'O servidor foi trocado, e as compras abrem como antes.', 3 * 24 * 60 - 25)
  const open = await post(
    null,
    'investigating',
    'Pagamentos com cartão são recusados. Pix e boleto funcionam.',
    55,
    aboutOutage,
  )
  await post(
    open.threadId,
    'identified',
    'A operadora de cartões está fora do ar.\nPróxima notícia até as 12:30.',
    20,
    aboutOutage,
  )
  return ids
}

/** Names that a page must not be broken by: long ones, of right-to-left scripts, and with marks that turn the text. */
export const hostileNames = [
  'نظام الدفع (إنتاج) v2.1',
  'שרת ראשי – API',
  'turned \u202E txt.exe',
  'x'.repeat(60),
  'https://pedidos.interno.example.com.br/v2/saude?regiao=sa-east-1',
  '<img src=x onerror=alert(1)>',
  '決済サービス（本番）',
  'Ãçẽñtø ¿é? 🧪🛰️',
]

/** A page with forty groups, three monitors in each, with hostile names. One monitor in each tenth group is down. */
export const addCrowdedPage = async (db: Postgres): Promise<number[]> => {
  await db.query('insert into chat (id) values (8)')
  const nameAt = (place: number) => hostileNames[place % hostileNames.length]!
  const ids: number[] = []
  for (let at = 0; at < 120; at++) {
    const group = Math.floor(at / 3)
    ids.push(
      await addMonitor(db, `${at} ${nameAt(at)}`.slice(0, 64), {
        chat: 8,
        state: at % 30 === 4 ? 'down' : 'up',
        group: `${group} ${nameAt(group + 3)}`.slice(0, 64),
      }),
    )
    await addHours(db, ids[at]!, goodHours(30))
  }
  await addPage(db, ids, { chatId: 8, slug: 'crowded', title: `${nameAt(0)} ${'Título longo '.repeat(3)}` })
  return ids
}

/** A page of 2,000 monitors in twenty groups, and one without any. */
export const addLargeAndEmptyPages = async (db: Postgres): Promise<void> => {
  await db.query('insert into chat (id) values (9)')
  const { rows } = await db.query<{ id: number }>(
    `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, group_name, state, state_since, judged_at, last_ok_at)
     select 9, 'Serviço ' || n, 'http', 'https://internal.test/' || n, 60, 10000, 'Região ' || (n + 99) / 100,
       case when n % 400 = 8 then 'down' else 'up' end, $1::timestamptz - interval '2 days', $1, $1
     from generate_series(1, 2000) as n returning id`,
    [noon],
  )
  const ids = rows.map(({ id }) => id)
  for (const id of ids.slice(0, 40)) await addHours(db, id, goodHours(90))
  await addPage(db, ids, { chatId: 9, slug: 'large', title: 'Dois mil serviços' })
  await addPage(db, [], { chatId: 9, slug: 'empty', title: 'Página nova' })
}

/** A dark logo on a transparent ground, as many shops have it. */
const logoSvg = `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><path fill="#1f2328" d="M24 80h208l-24 160H48zM80 80a48 48 0 0 1 96 0h-20a28 28 0 0 0-56 0z"/></svg>`

/** A page of these monitors with a logo. */
export const addPageWithLogo = async (db: Postgres, ids: readonly number[]): Promise<void> => {
  const { id } = await addPage(db, ids, { slug: 'logo', title: 'Loja da Ana' })
  const image = imageIn(Buffer.from(new Resvg(logoSvg).render().asPng()))
  if (typeof image === 'string') throw new Error(image)
  await pageLogosIn(db).keep(id, image, 'sample')
}
