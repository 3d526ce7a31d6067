import type { Postgres } from '#database/connect.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { addHours, addMonitor, addPage, chatId, dayMs, goodHours, hourMs, noon } from './support.ts'

/** A page with monitors in every state and with every part. Returns the ids of its monitors. */
export const addSamplePage = async (db: Postgres): Promise<number[]> => {
  await db.query('insert into chat (id) values (7)')
  const ids: number[] = []
  const names = ['Loja', 'Pagamentos com cartão de crédito', 'API', 'Painel', 'pedidos.interno.example.com.br/v2/saude']
  const states = ['up', 'down', 'up', 'up', 'new']
  for (const [at, name] of names.entries()) {
    const id = await addMonitor(db, name, { state: states[at]!, group: at < 2 ? 'Vendas' : 'Sistemas' })
    const hours = goodHours(at === 4 ? 3 : 90).map((hour, place) => {
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
  await addPage(db, ids, { title: 'Loja da Ana' })
  return ids
}
