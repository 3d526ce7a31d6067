import { describe, expect, test } from 'vitest'
import { planWindows } from '#functions/outages/maintenance-windows.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const windowsOf = ({ chatId }: { chatId: number }) => world.deps.maintenance.of(chatId, world.time.now)

/** A person with the monitors loja.example, in the group Loja, and blog.example. */
const withMonitors = async (language?: string) => {
  const person = newPerson(language)
  for (const name of ['loja.example', 'blog.example']) await person.says(`/monitorar ${name}`)
  await world.db.query(`update monitor set group_name = 'Loja' where chat_id = $1 and name = 'loja.example'`, [
    person.chatId,
  ])
  return person
}

describe('maintenance that is planned in words', () => {
  test('is listed with its time, is planned once, and is cancelled by a button', async () => {
    const person = await withMonitors()
    const shown = await person.says('/manutencao amanhã 22:00 2h loja')
    expect(shown.text).toMatch(/^🛠 Loja: amanhã · 22:00 – seg\., 23 nov · 00:00\n/)
    expect(labels(shown)[0]).toEqual(['cancelar amanhã · 22:00 · Loja'])
    await person.says('/manutencao Loja amanhã às 22h por 2 horas')
    expect(await windowsOf(person)).toMatchObject([
      { groupName: 'Loja', startsAt: new Date('2026-11-23T01:00:00Z'), endsAt: new Date('2026-11-23T03:00:00Z') },
    ])
    expect((await person.presses(/^cancelar .*Loja/, shown.id)).toast).toBe('Manutenção cancelada.')
    expect(await windowsOf(person)).toEqual([])
    expect((await person.forges(shown.id, 'v1:C:1')).toast).toBe('Essa manutenção não existe mais.')
  })

  test('every week is listed with its zone and its next time, which the tick does not plan again', async () => {
    const person = await withMonitors()
    const shown = await person.says('/manutencao toda terça às 3h 1h blog.example')
    expect(shown.text).toMatch(
      /^🛠 blog\.example: ter\., 24 nov · 03:00 – 04:00 · 🔁 toda terça às 03:00 \(horário de (?:São Paulo|Brasília)\)/,
    )
    await planWindows(world.db, world.time.now)
    await person.says('/manutencao 0 3 * * 2 1h blog.example')
    expect(await windowsOf(person)).toMatchObject([
      { repetition: { cron: '0 3 * * 2', zone: 'America/Sao_Paulo', durationS: 3600 } },
    ])
    expect((await person.says('/manutencao */30 4 * * 1-5 10m')).text).toContain('🔁 */30 4 * * 1-5 (')
    await person.presses(/^cancelar .*blog\.ex/)
    await planWindows(world.db, new Date('2026-12-01T00:00:00Z'))
    expect((await windowsOf(person)).every(({ monitorId }) => monitorId === null)).toBe(true)
  })

  test('works in English', async () => {
    const person = await withMonitors('en')
    expect((await person.says('/maintenance tomorrow 10pm 2h')).text).toMatch(
      /^🛠 all monitors: tomorrow · 10:00\sPM – Mon, Nov 23 · 12:00\sAM\n/,
    )
    expect((await person.says('/maintenance every day at 3am 20m Loja')).text).toContain('🔁 every day at 3:00 AM (')
    expect((await person.says('/maintenance tomorrow')).text).toMatch(
      /^I did not understand when “tomorrow” begins\. .*for example \/maintenance tomorrow 10pm 2h\./,
    )
  })

  test('beyond the most that a chat may plan is refused', async () => {
    const person = await withMonitors()
    await world.db.query(
      `insert into maintenance (chat_id, cron, zone, duration_s, created_at)
       select $1, minute || ' 5 * * *', 'UTC', 60, now() from generate_series(1, 50) minute`,
      [person.chatId],
    )
    await planWindows(world.db, world.time.now)
    expect((await person.says('/manutencao 1h')).text).toMatch(/^Esta conversa já tem 50 manutenções marcadas/)
    expect(await windowsOf(person)).toHaveLength(50)
  })

  test('from vigia.yaml is cancelled in the file', async () => {
    const person = await withMonitors()
    const { id } = await person.says('/manutencao amanhã 22:00 2h')
    await world.db.query(`update maintenance set config_key = 'noite' where chat_id = $1`, [person.chatId])
    expect((await person.presses(/^cancelar/, id)).toast).toContain('vigia.yaml')
    expect(await windowsOf(person)).toHaveLength(1)
  })
})

describe('maintenance that is planned by buttons', () => {
  test('is for a group, on a day, at an hour, for a time, with a way back from each step', async () => {
    const person = await withMonitors()
    const { id } = await person.says('/manutencao')
    const scopes = (await person.presses('📅 marcar manutenção', id)).shown
    expect(labels(scopes)).toEqual([['todos os monitores'], ['📁 Loja', 'loja.example'], ['blog.example']])
    const days = (await person.presses('📁 Loja', id)).shown
    expect(days.text).toMatch(/^🛠 Loja\n\nQuando começa\? .*\/manutencao 24\/12 22:00 2h Loja/)
    expect(labels(days)[1]).toEqual(['hoje', 'amanhã', 'seg., 23 nov'])
    expect((await person.presses('« voltar', id)).shown.text).toBe(scopes.text)
    await person.presses('📁 Loja', id)
    await person.presses('amanhã', id)
    expect((await person.presses('« voltar', id)).shown.text).toBe(days.text)
    await person.presses('amanhã', id)
    await person.presses('23:00', id)
    expect((await person.presses('« voltar', id)).shown.text).toContain('A que horas começa?')
    await person.presses('23:00', id)
    expect((await person.presses('2 h', id)).shown.text).toMatch(/^🛠 Loja: amanhã · 23:00 – seg\., 23 nov · 01:00\n/)
    expect(await windowsOf(person)).toMatchObject([{ groupName: 'Loja', startsAt: new Date('2026-11-23T02:00:00Z') }])
  })

  test('is for a monitor, every week', async () => {
    const person = await withMonitors()
    const { id } = await person.says('/manutencao')
    await person.presses('📅 marcar manutenção', id)
    await person.presses('blog.example', id)
    await person.presses('🔁 toda semana', id)
    await person.presses('domingo', id)
    await person.presses('02:00', id)
    expect((await person.presses('1 h', id)).shown.text).toContain('🔁 todo domingo às 02:00 (')
    expect(await windowsOf(person)).toMatchObject([{ repetition: { cron: '0 2 * * 0' } }])
  })

  test('begins now or tonight', async () => {
    const person = await withMonitors('en')
    const { id } = await person.says('/maintenance')
    const plan = async (...buttons: string[]) => {
      await person.presses('📅 plan maintenance', id)
      for (const button of ['blog.example', ...buttons]) await person.presses(button, id)
    }
    await plan('now', '20 min')
    await plan('tonight, 10:00 PM', '1 h')
    expect((await windowsOf(person)).map(({ startsAt }) => startsAt.toISOString())).toEqual([
      '2026-11-21T15:00:00.000Z',
      '2026-11-22T01:00:00.000Z',
    ])
  })

  test('is not planned by forged buttons, or at an hour that is over', async () => {
    const [person, other] = [await withMonitors(), await withMonitors()]
    const { id } = await person.says('/manutencao')
    const [foreign] = await world.deps.monitors.of(other.chatId)
    for (const data of [
      ...[`m${foreign!.id}:now:-:60`, `g${foreign!.id}:now:-:60`, 'x1:now:-:60', 'all:now:-:61', 'all:w9:3:60'],
      ...['all:20261341:3:60', 'all:20261122:24:60', 'all:20261122:-1:60', 'all:never:3:60'],
    ])
      expect((await person.forges(id, `v1:K:${data}`)).toast, data).toMatch(/^Esse botão não vale mais/)
    expect((await person.forges(id, 'v1:K:all:20261121:3:60')).toast).toBe('Essa hora já passou. Escolha outra.')
    expect(await windowsOf(person)).toEqual([])
    expect(await windowsOf(other)).toEqual([])
  })
})

test('a repeated press plans maintenance once', async () => {
  const person = await withMonitors()
  const { id } = await person.says('/manutencao')
  await person.presses('📅 marcar manutenção', id)
  await person.presses('todos os monitores', id)
  await person.presses('amanhã', id)
  await person.presses('22:00', id)
  world.telegram.failNext('editMessageText', { status: 502 })
  await person.presses('1 h', id)
  expect(await windowsOf(person)).toHaveLength(1)
})
