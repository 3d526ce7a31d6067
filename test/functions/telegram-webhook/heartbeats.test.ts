import { describe, expect, test } from 'vitest'
import { parseHeartbeatArgument } from '#functions/telegram-webhook/heartbeat-argument.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

describe('the argument of /batimento', () => {
  test.each([
    ['backup 24h', { name: 'backup', schedule: { periodS: 86_400 }, graceS: undefined }],
    ['Cópia de segurança 12 horas', { name: 'Cópia de segurança', schedule: { periodS: 43_200 }, graceS: undefined }],
    ['backup 24h tolerância 1h', { name: 'backup', schedule: { periodS: 86_400 }, graceS: 3_600 }],
    ['backup 24h grace: 30 min', { name: 'backup', schedule: { periodS: 86_400 }, graceS: 1_800 }],
    ['report 0 3 * * mon-fri', { name: 'report', schedule: { cron: '0 3 * * mon-fri' }, graceS: undefined }],
    ['my report */5 * * * *', { name: 'my report', schedule: { cron: '*/5 * * * *' }, graceS: undefined }],
    ['backup', { name: 'backup', schedule: null, graceS: undefined }],
    ['', { name: '', schedule: null, graceS: undefined }],
  ])('%j is understood', (argument, expected) => {
    expect(parseHeartbeatArgument(argument)).toEqual(expected)
  })
})

describe('/batimento', () => {
  test('creates a heartbeat with a URL to copy, and the list shows that it waits for its first ping', async () => {
    const person = newPerson()
    const reply = await person.says('/batimento Cópia diária 24h tolerância 1h')
    const [monitor] = await world.deps.monitors.of(person.chatId)
    const heartbeat = (await world.deps.heartbeats.of([monitor!.id])).get(monitor!.id)!
    expect(monitor).toMatchObject({ kind: 'heartbeat', settings: { periodS: 86_400, graceS: 3_600 } })
    expect(heartbeat.slug).toBe('copia-diaria')
    const url = `https://vigia.test/ping/${heartbeat.token}`
    expect(reply.text).toContain('Espero um sinal de Cópia diária a cada 1 dia, com tolerância de 1 h')
    expect(reply.text).toContain(`curl -fsS -m 10 --retry 5 ${url}`)
    expect(reply.buttons.flat()).toEqual([{ text: 'copiar endereço', copy: url }])

    expect((await person.says('/monitores')).text).toMatch(/⚪ Cópia diária: esperando o primeiro sinal\nnenhum sinal/)
  })

  test('with the name of an existing heartbeat changes its schedule and keeps its URL', async () => {
    const person = newPerson()
    const first = await person.says('/heartbeat backup 24h')
    const again = await person.says('/heartbeat backup 0 3 * * *')
    expect(again.text).toContain('Agora espero um sinal pelo cron 0 3 * * *')
    expect(again.buttons).toEqual(first.buttons)
    expect(await world.deps.monitors.of(person.chatId)).toMatchObject([
      { settings: { cron: '0 3 * * *', timeZone: 'America/Sao_Paulo' } },
    ])
  })

  test.each([
    ['', /Diga o nome da tarefa/],
    ['backup', /Diga o nome da tarefa/],
    ['backup 99 3 * * *', /Diga o nome da tarefa/],
    ['… 24h', /Esse nome não serve/],
    ['backup 10s', /vão de 1 min a 365 dias/],
    ['backup 24h tolerância logo', /vão de 1 min a 365 dias/],
  ])('%j is explained with an example, and nothing is saved', async (argument, words) => {
    const person = newPerson()
    expect((await person.says(`/batimento ${argument}`)).text).toMatch(words)
    expect(await world.deps.monitors.of(person.chatId)).toEqual([])
  })

  test('the details show the log of the last ping as text, and offer no check', async () => {
    const person = newPerson()
    await person.says('/batimento backup 24h')
    const [monitor] = await world.deps.monitors.of(person.chatId)
    await world.db.query(
      `insert into heartbeat_ping (monitor_id, place, number, at, action, log) values ($1, 1, 1, now(), 'success', $2)`,
      [monitor!.id, 'copied <b>3</b> & more'],
    )
    await person.says('/monitores')
    const { shown: card } = await person.presses(/backup/)
    expect(card.text).toContain('copied <b>3</b> & more')
    expect(labels(card).flat()).not.toContain('verificar agora')
  })

  test('the list and the details show for how much of the time the job was on time, and explain it', async () => {
    const person = newPerson()
    await person.says('/batimento backup 24h')
    const [monitor] = await world.deps.monitors.of(person.chatId)
    await world.db.query(
      `insert into probe_hour (monitor_id, hour, ok_s, failed_s, missed_s, maintenance_s)
       values ($1, date_trunc('hour', $2::timestamptz - interval '1 hour', 'UTC'), 2700, 900, 600, 0)`,
      [monitor!.id, world.deps.clock()],
    )
    expect((await person.says('/monitores')).text).toContain('75% em dia em 24 h · 75% em 30 d · nenhum sinal')
    const { shown: card } = await person.presses(/backup/)
    expect(card.text).toContain('75% em dia em 24 h · 75% em 30 d')
    const { shown: why } = await person.presses('por que este número?')
    expect(why.text).toContain('75% em dia em 24 h\n')
    expect(why.text).toContain('🟢 em dia: 45 min\n🔴 com atraso ou falha: 15 min\n')
    expect(why.text).toContain('não conta: 10 min')
    expect(why.text).toContain('O atraso vai do prazo até o próximo sinal bom.')
  })
})
