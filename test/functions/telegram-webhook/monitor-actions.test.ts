import { describe, expect, test } from 'vitest'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

/** A person who looks at the details of a monitor. */
const details = async () => {
  const person = newPerson()
  await person.says('/monitorar loja.example')
  const list = await person.says('/monitores')
  await person.presses(/loja\.example/, list.id)
  const [monitor] = await world.deps.monitors.of(person.chatId)
  return { person, id: list.id, monitor: monitor! }
}

const silenceOf = async (id: number) => world.deps.silences.of(id, world.time.now)

describe('the details of a monitor', () => {
  test('silence it for a time, and end the silence', async () => {
    const { person, id, monitor } = await details()
    const choice = (await person.presses('🔕 silenciar', id)).shown
    expect(labels(choice)).toEqual([['1 h', 'até 8h'], ['« voltar']])
    const { toast, shown } = await person.presses('1 h', id)
    expect(toast).toBe('🔕 silêncio até 13:00')
    expect(shown.text).toContain('🔕 silêncio até 13:00')
    expect(await silenceOf(monitor.id)).toEqual(new Date('2026-11-21T16:00:00Z'))
    await person.presses('🔕 silenciar', id)
    expect((await person.presses('🔔 voltar a avisar', id)).toast).toBe('Pronto! Voltei a avisar.')
    expect(await silenceOf(monitor.id)).toBeNull()
  })

  test('silence it until it is up again only while it is down', async () => {
    const { person, id, monitor } = await details()
    expect((await person.forges(id, `v1:H:${monitor.id}:recovery`)).toast).toBe('Essa queda já acabou.')
    await world.db.query(`update monitor set state = 'down' where id = $1`, [monitor.id])
    await person.presses('🔕 silenciar', id)
    expect((await person.presses('até voltar', id)).shown.text).toContain('🔕 silêncio até voltar ao ar')
    expect(await silenceOf(monitor.id)).toBe('recovery')
  })

  test('plan its maintenance', async () => {
    const { person, id, monitor } = await details()
    expect((await person.presses('🛠 manutenção', id)).shown.text).toMatch(/^🛠 loja\.example\n\nQuando começa\?/)
    await person.presses('agora', id)
    await person.presses('20 min', id)
    expect(await world.deps.maintenance.of(person.chatId, world.time.now)).toMatchObject([{ monitorId: monitor.id }])
  })

  test('of another chat cannot be silenced or restored with forged buttons', async () => {
    const { person, id, monitor } = await details()
    const stranger = await details()
    for (const data of [`v1:H:${monitor.id}:hour`, `v1:G:${monitor.id}`])
      expect((await stranger.person.forges(stranger.id, data)).toast).toBe('Esse monitor não existe mais.')
    expect(await silenceOf(monitor.id)).toBeNull()
    await person.presses('excluir', id)
    await person.presses(/^excluir loja/, id)
    const { rows } = await world.db.query<{ id: number }>('select id from removed_monitor where chat_id = $1', [
      person.chatId,
    ])
    expect((await stranger.person.forges(stranger.id, `v1:Y:${rows[0]!.id}`)).toast).toBe(
      'Já não dá para desfazer essa exclusão.',
    )
    expect(await world.deps.monitors.of(person.chatId)).toEqual([])
  })
})

describe('a deleted monitor', () => {
  /** Gives the monitor a history, an answer, a secret, a child and planned maintenance. */
  const withHistory = async () => {
    const seen = await details()
    const { person, monitor } = seen
    await person.says('/monitorar filho.example')
    const child = (await world.deps.monitors.of(person.chatId))[1]!
    await world.db.query('update monitor set parent_id = $2 where id = $1', [child.id, monitor.id])
    await world.db.query(
      `with opened as (
         insert into incident (monitor_id, opened_at, opened_cause, error, closed_at, closed_cause)
         values ($1, '2026-11-20T10:00:00Z', 'x', 'timeout', '2026-11-20T11:00:00Z', 'y') returning id
       )
       insert into incident_answer select id, 'acknowledge', 1, 'Ana', '2026-11-20T10:05:00Z' from opened`,
      [monitor.id],
    )
    await world.db.query(`insert into monitor_secret values ($1, 'password', 's')`, [monitor.id])
    await world.db.query(`update monitor set silenced_until = 'infinity' where id = $1`, [monitor.id])
    await person.says('/manutencao amanhã 22:00 1h loja.example')
    return { ...seen, child }
  }

  const everythingOf = async (id: number) => ({
    incidents: (await world.db.query('select * from incident where monitor_id = $1', [id])).rows,
    answers: (
      await world.db.query(
        'select incident_answer.* from incident_answer join incident on id = incident_id where monitor_id = $1',
        [id],
      )
    ).rows,
    secrets: (await world.db.query('select * from monitor_secret where monitor_id = $1', [id])).rows,
    maintenance: (
      await world.db.query(
        'select maintenance.*, starts_at from maintenance join maintenance_window on maintenance_id = maintenance.id where monitor_id = $1',
        [id],
      )
    ).rows,
    follow: (await world.db.query(`select * from follow where subject = 'monitor/' || $1::text`, [id])).rows,
    children: (await world.db.query('select id from monitor where parent_id = $1', [id])).rows,
    monitor: (
      await world.db.query(`select to_jsonb(monitor) - 'version' - 'active_since' as row from monitor where id = $1`, [
        id,
      ])
    ).rows,
  })

  test('is back with everything when its deletion is undone', async () => {
    const { person, id, monitor } = await withHistory()
    const before = await everythingOf(monitor.id)
    expect(Object.values(before).map(rows => rows.length)).toEqual([1, 1, 1, 1, 1, 1, 1])
    const sure = (await person.presses('excluir', id)).shown
    expect(sure.text).toContain('Dá para desfazer por 24 horas.')
    world.telegram.failNext('editMessageText', { status: 500 })
    const gone = await person.presses(/^excluir loja/, id)
    expect(gone.toast).toBe('loja.example foi excluído.')
    expect(labels(gone.shown)[0]).toEqual(['desfazer · loja.example'])
    expect(Object.values(await everythingOf(monitor.id)).flat()).toEqual([])
    world.telegram.failNext('editMessageText', { status: 500 })
    await person.presses(/^desfazer/, id)
    expect(await everythingOf(monitor.id)).toEqual(before)
    expect((await person.says('/monitores')).text).toContain('loja.example')
  })

  test('is not restored beside another monitor of its address, and without a parent that is gone', async () => {
    const { person, id, monitor, child } = await withHistory()
    const list = await person.says('/monitores')
    await person.presses(/filho/, list.id)
    await person.presses('excluir', list.id)
    await person.presses(/^excluir filho/, list.id)
    await world.deps.monitors.remove(person.chatId, monitor.id)
    await person.presses(/^desfazer/, list.id)
    expect(await world.deps.monitors.of(person.chatId)).toMatchObject([{ id: child.id, parentId: null }])
    const again = await person.says('/monitores')
    await person.presses(/filho/, again.id)
    await person.presses('excluir', again.id)
    await person.presses(/^excluir filho/, again.id)
    await person.says('/monitorar filho.example')
    expect((await person.presses(/^desfazer/, again.id)).toast).toContain('outro monitor com esse endereço')
    expect(await world.deps.monitors.of(person.chatId)).toHaveLength(1)
    expect(id).toBeGreaterThan(0)
  })
})
