import { describe, expect, test } from 'vitest'
import { probeResultsIn } from '#database/uptime/probe-results.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

type Person = ReturnType<typeof newPerson>

/** Adds monitors whose checks were good a moment ago. Returns their ids. */
const addMonitors = async (person: Person, ...names: string[]) => {
  for (const name of names) await person.says(`/monitorar ${name}`)
  await world.db.query(
    `update monitor set state = 'up', judged_at = '2026-11-21T14:59:30Z', state_since = '2026-11-20T00:00:00Z' where chat_id = $1`,
    [person.chatId],
  )
  return (await world.deps.monitors.of(person.chatId)).map(({ id }) => id)
}

let cause = 0
const addIncident = (monitor: number, opened: string, closed: string | null, status: number | null = 500) =>
  world.db.query(
    `insert into incident (monitor_id, opened_at, opened_late, opened_cause, status, error, closed_at, closed_cause)
     values ($1, $2, false, $3, $4, $5, $6, $7)`,
    [monitor, opened, `c${++cause}`, status, status === null ? 'timeout' : 'status', closed, closed && `c${++cause}`],
  )

describe('/monitores', () => {
  test('shows the monitors by group, first the group that needs attention', async () => {
    const person = newPerson()
    const [shop, cart] = await addMonitors(person, 'loja.example', 'carrinho.example', 'banco.example', 'blog.example')
    await world.db.query(`update monitor set group_name = 'Loja' where id = any ($1)`, [[shop, cart]])
    await world.db.query(`update monitor set group_name = 'Dados' where chat_id = $1 and name = 'banco.example'`, [
      person.chatId,
    ])
    await world.db.query(`update monitor set state = 'down' where id = $1`, [cart])
    const { text } = await person.says('/monitores')
    expect(text.split('\n').filter(line => !line.includes('última'))).toEqual([
      'Seus monitores (4)',
      '',
      'Loja',
      '🔴 carrinho.example: fora do ar',
      '',
      '🟢 loja.example: no ar',
      '',
      'Dados',
      '🟢 banco.example: no ar',
      '',
      '🟢 blog.example: no ar',
    ])
  })
})

describe('the details of a monitor', () => {
  test('show the phases of the last check, the last five outages and every action', async () => {
    const person = newPerson()
    const [id] = await addMonitors(person, 'detalhes.example')
    const dueAt = new Date('2026-11-21T14:59:30Z')
    const results = probeResultsIn(world.db)
    await results.createPartitions([dueAt])
    await results.insert({
      ...{ monitorId: id!, dueAt, startedAt: dueAt, ok: true, status: 200, error: null, attempts: 1, onDemand: true },
      ...{ dnsMs: 3, connectMs: 12, tlsMs: 30, firstByteMs: 75, totalMs: 120 },
    })
    for (let hour = 1; hour <= 6; hour++)
      await addIncident(id!, `2026-11-21T0${hour}:00:00Z`, `2026-11-21T0${hour}:05:00Z`)
    const list = await person.says('/monitores')
    const { shown } = await person.presses(/detalhes/, list.id)
    expect(shown.text).toContain(
      'DNS 3 ms · conexão 12 ms · TLS 30 ms · primeira resposta 75 ms · total 120 ms\n\nÚltimas quedas:\n⚫ hoje · 03:00 · 5 min: respondeu com erro 500',
    )
    expect(shown.text.match(/⚫/g)).toHaveLength(5)
    expect(labels(shown)).toEqual([
      ['verificar agora'],
      ['configurar', 'pausar'],
      ['🔕 silenciar', '🛠 manutenção'],
      ['por que este número?', 'renomear'],
      ['excluir'],
      ['« voltar'],
    ])
  })
})

describe('/incidentes', () => {
  test('lists the outages of all monitors of the chat by pages, the newest first', async () => {
    const person = newPerson()
    const [one, two] = await addMonitors(person, 'um.example', 'dois.example')
    await addMonitors(newPerson(), 'alheio.example')
    for (let hour = 0; hour < 9; hour++)
      await addIncident(hour % 2 ? one! : two!, `2026-11-21T0${hour}:00:00Z`, `2026-11-21T0${hour}:30:00Z`)
    await addIncident(one!, '2026-11-21T14:00:00Z', null, null)
    const first = await person.says('/incidentes')
    expect(first.text).toMatch(
      /^Quedas \(10\)\n\n🔴 um\.example · hoje · 11:00 · 1 h até agora: .+\n⚫ dois\.example · hoje · 05:00 · 30 min: respondeu com erro 500\n/,
    )
    const { shown } = await person.presses('›', first.id)
    expect(shown.text.split('\n').slice(2)).toHaveLength(2)
    expect(labels(shown)).toEqual([['‹', '2/2'], ['🟢 Meus monitores']])
    expect((await person.forges(first.id, 'v1:I:9999')).shown.text).toBe(shown.text)
  })

  test('says in English that there are none', async () => {
    expect((await newPerson('en').says('/incidents')).text).toBe('No outages so far. Your monitors are in /monitors')
  })
})

describe('why the uptime has its value', () => {
  test('is the time up and down, without unknown time and maintenance, and the outages that count', async () => {
    const person = newPerson()
    const [id] = await addMonitors(person, 'porque.example')
    await world.db.query(
      `insert into probe_hour (monitor_id, hour, ok, failed, missed, total_ms, ok_s, failed_s, maintenance) values
         ($1, '2026-11-21T13:00:00Z', 90, 10, 5, 9000, 5400, 600, 20),
         ($1, '2026-11-10T13:00:00Z', 0, 0, 60, 0, 0, 0, 0)`,
      [id],
    )
    await addIncident(id!, '2026-11-21T13:10:00Z', '2026-11-21T13:20:00Z')
    await addIncident(id!, '2026-11-21T12:05:00Z', '2026-11-21T12:10:00Z')
    await addIncident(id!, '2026-11-01T12:05:00Z', '2026-11-01T12:10:00Z', null)
    await world.db.query(
      `with plan as (insert into maintenance (chat_id, monitor_id, created_at) values ($1, $2, now()) returning id)
       insert into maintenance_window (maintenance_id, starts_at, ends_at)
       select id, '2026-11-21T12:00:00Z', '2026-11-21T12:20:00Z' from plan`,
      [person.chatId, id],
    )
    const list = await person.says('/monitores')
    await person.presses(/porque/, list.id)
    const { shown } = await person.presses('por que este número?', list.id)
    expect(shown.text).toBe(
      [
        'porque.example',
        '90% no ar em 24 h',
        '',
        '🟢 no ar: 1 h 30 min',
        '🔴 fora do ar: 10 min',
        '⚪ sem resultado por um problema meu, não conta: 5 min',
        '🛠 manutenção, não conta: 20 min',
        '',
        'O número é o tempo no ar dividido pelo tempo no ar mais o tempo fora do ar. Cada verificação vale o intervalo até a próxima.',
        '',
        'Quedas que contam:',
        '⚫ hoje · 10:10 · 10 min: respondeu com erro 500',
      ].join('\n'),
    )
    const month = (await person.presses('os últimos 30 dias', list.id)).shown
    expect(month.text).toContain('90% no ar em 30 dias')
    expect(month.text).toContain('não conta: 1 h 05 min')
    expect(month.text.match(/⚫/g)).toHaveLength(2)
    await person.presses('« voltar', list.id)
    expect((await newPerson().forges(1, `v1:W:${id}:1`)).toast).toBe('Esse monitor não existe mais.')
  })
})
