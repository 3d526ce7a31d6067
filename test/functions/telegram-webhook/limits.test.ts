import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { addressIn, hostOf } from '#database/uptime/monitor-limits.ts'
import { defaultLimits } from '#functions/monitors/limits.ts'
import { startWebhook, type Webhook } from '#test/functions/telegram-webhook/support.ts'

let world: Webhook
beforeAll(async () => {
  world = await startWebhook()
})
afterAll(() => world?.stop())
afterEach(async () => {
  Object.assign(world.deps.limits, defaultLimits)
  world.addresses.clear()
  await world.db.query('truncate look')
  await world.db.query(`delete from monitor`)
})

let people = 0
const newPerson = (language?: string) => world.person(`Pessoa ${++people}`, language)

let lastUpdate = 800_000_000
interface Sender {
  chat: number
  from: number
  senderChat?: number
}
/** Sends a message directly to the function, because the simulator cannot send many messages in parallel. */
const says = ({ chat, from, senderChat }: Sender, text: string) => {
  const kind = chat > 0 ? { type: 'private', first_name: 'Ana' } : { type: 'group', title: 'Turma' }
  return world.post({
    update_id: ++lastUpdate,
    message: {
      message_id: lastUpdate,
      date: 1_763_700_000,
      from: { id: from, is_bot: false, first_name: 'Ana', language_code: 'pt-br' },
      ...(senderChat === undefined ? {} : { sender_chat: { id: senderChat, ...kind } }),
      chat: { id: chat, ...kind },
      text,
      entities: [{ type: 'bot_command', offset: 0, length: text.split(' ')[0]!.length }],
    },
  })
}
const count = async (where = 'true') =>
  (await world.db.query<{ count: number }>(`select count(*) as count from monitor where ${where}`)).rows[0]!.count
const perMinute = async (where = 'true') =>
  (
    await world.db.query<{ sum: number }>(
      `select coalesce(sum(60.0 / interval_s), 0) as sum from monitor where paused_at is null and ${where}`,
    )
  ).rows[0]!.sum
const probes = (reason?: string) =>
  world.broker
    .events('probe.requested')
    .filter(({ data }) => reason === undefined || (data as { reason: string }).reason === reason)

describe('under parallel requests', () => {
  test('a chat gets at most fifty monitors', async () => {
    const person = newPerson()
    await person.says('/start')
    const from = { chat: person.chatId, from: person.id }
    // At most 60 messages are sent in parallel, which is more than the limit of 50 monitors. With more in parallel, a
    // busy machine could exceed the timeout of an answer.
    const urls = Array.from({ length: 120 }, (_, at) => `m${at}.example`)
    for (const parallel of [urls.slice(0, 60), urls.slice(60)])
      await Promise.all(parallel.map(url => says(from, `/monitorar ${url}`)))
    expect(await count()).toBe(50)
    expect(person.answers().filter(({ text }) => /o máximo por conversa/.test(text))).toHaveLength(70)
  })

  test('a person gets at most a hundred monitors in all their chats, and few checks of one host', async () => {
    const ana = newPerson()
    await ana.says('/start')
    const groups = Array.from({ length: 20 }, (_, at) => world.telegram.group(`Grupo ${at}`))
    for (const group of groups) {
      group.addBot(world.telegram.user(ana.name))
      group.as(ana, 'administrator')
    }
    await world.settled()
    const before = probes('first').length
    // Sends twenty messages in parallel, one in each group. A thousand at once would exceed the timeout of an answer.
    for (let at = 0; at < 50; at += 1)
      await Promise.all(
        groups.map(({ chatId }) => says({ chat: chatId, from: ana.id }, `/monitorar vitima.example/${at} 10s`)),
      )
    expect(await perMinute()).toBe(defaultLimits.personHostChecksPerMinute)
    expect(probes('first').length - before).toBe(3)

    for (let at = 0; at < 10; at += 1)
      await Promise.all(
        groups.map(({ chatId }) => says({ chat: chatId, from: ana.id }, `/monitorar m${-chatId}x${at}.example`)),
      )
    expect(await count()).toBe(defaultLimits.monitorsPerPerson)
    expect((await ana.says('/monitorar mais.um.example')).text).toMatch(
      /^Você já tem 100 monitores em todas as suas conversas/,
    )
    const bia = newPerson('en')
    expect((await bia.says('/monitor another.example')).text).toMatch(/^Done!/)
  })

  test('a host gets at most its limit of checks per minute, from all chats together', async () => {
    Object.assign(world.deps.limits, { hostChecksPerMinute: 10 })
    const all = await Promise.all(
      Array.from({ length: 15 }, async () => {
        const person = newPerson('en')
        await person.says('/start')
        return person
      }),
    )
    await Promise.all(all.map(({ chatId, id }) => says({ chat: chatId, from: id }, '/monitor popular.example')))
    expect(await perMinute()).toBe(10)
    const refused = all.filter(person => /Many people already watch popular\.example/.test(person.last()!.text))
    expect(refused).toHaveLength(5)
    const late = await refused[0]!.says('/monitor popular.example 24h')
    expect(late.text, 'a long interval is refused too when the host is at its limit').toMatch(/Many people/)
    expect((await refused[1]!.says('/monitor other.example')).text).toMatch(/^Done!/)
  })
})

describe('the host of a monitor', () => {
  test.each([
    'https://vitima.example/a',
    'http://VITIMA.example/b',
    'https://vitima.example./c',
    'https://vitima.example:8443/d',
    'tcp://Vitima.Example:5432',
    'tcp://vitima.example.:5433',
  ])('is the same host in every spelling: %s', async url => {
    Object.assign(world.deps.limits, { personHostChecksPerMinute: 1 })
    const person = newPerson()
    await person.says('/monitorar https://vitima.example/first 1m')
    const { text } = await person.says(`/monitorar ${url} 1m`)
    expect(text).toMatch(/^Com este monitor, eu faria mais de 1 verificação por minuto em vitima\.example para você/)
    expect(await count()).toBe(1)
  })

  test('is compared in punycode, and an address is one host in every notation', () => {
    expect(hostOf('https://münchen.example/')).toBe(hostOf('tcp://MÜNCHEN.example:25/'))
    expect(hostOf('http://0x7f.1/')).toBe('127.0.0.1')
    expect(hostOf('tcp://[2001:DB8::1]:5432')).toBe('[2001:db8::1]')
    expect(addressIn('[2001:db8::1]')).toBe('2001:db8::1')
    expect(addressIn(hostOf('http://[::ffff:192.0.2.7]/'))).toBe('192.0.2.7')
    expect(addressIn('192.0.2.7')).toBe('192.0.2.7')
    expect(addressIn('example.org')).toBeNull()
  })

  test.each([
    'https://a.example/',
    'http://0x7f.1:81/x',
    'http://[::ffff:192.0.2.7]/',
    'tcp://[2001:db8::1]:25',
    'https://xn--mnchen-3ya.example.:8443/?q=http://b.example/#c',
    'https://me@a.example/',
  ])('is the same in the database and in the program: %s', async url => {
    const stored = new URL(url).href
    const person = newPerson()
    await person.says('/start')
    const { monitor } = await world.deps.monitors.add({
      chatId: person.chatId,
      name: 'x',
      kind: 'http',
      url: stored,
      intervalS: 60,
      timeoutMs: 1000,
    })
    expect((await world.deps.monitors.hostOf(monitor.id)).host).toBe(hostOf(stored))
  })

  test('is its address if several names resolve to that address', async () => {
    Object.assign(world.deps.limits, { personHostChecksPerMinute: 2 })
    const person = newPerson()
    for (const name of ['a.example', 'b.example', 'c.example']) world.addresses.set(name, '9.9.9.9')
    await person.says('/monitorar a.example')
    await person.says('/monitorar b.example')
    expect((await person.says('/monitorar c.example')).text).toMatch(
      /^Com este monitor, eu faria mais de 2 verificações por minuto em c\.example/,
    )
    expect((await person.says('/monitorar http://9.9.9.9/')).text).toMatch(/^Com este/)
    expect((await person.says('/monitorar d.example')).text).toMatch(/^Pronto!/)
  })
})

describe('limits', () => {
  test('apply to a shorter interval and to a resumed monitor, but not to a change that reduces the load', async () => {
    Object.assign(world.deps.limits, { personHostChecksPerMinute: 2 })
    const person = newPerson()
    await person.says('/monitorar a.example/1')
    await person.says('/monitorar a.example/2')
    expect((await person.says('/monitorar a.example/2 10s')).text).toMatch(/^Com este/)
    const [, second] = await world.deps.monitors.of(person.chatId)
    await world.deps.monitors.pause(person.chatId, second!.id)
    await person.says('/monitorar a.example/3')
    const list = await person.says('/monitores')
    await person.presses('⏸ a.example/2', list.id)
    const refused = await person.presses('retomar', list.id)
    expect(refused.toast).toMatch(/^Com este monitor, eu faria mais de 2 verificações por minuto em a\.example/)
    expect((await world.deps.monitors.get(second!.id))?.pausedAt).not.toBeNull()
    expect((await person.says('/monitorar a.example/2')).text, 'resuming it by its URL is refused too').toMatch(
      /^Com este/,
    )
    await person.says('/monitorar a.example/3 2m')
    expect((await person.says('/monitorar a.example/2 2m')).text).toMatch(/a cada 2 min/)
  })

  test('do not affect existing monitors, even if the chat is above the limit', async () => {
    const person = newPerson()
    await person.says('/start')
    await world.db.query(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms, person_id)
       select $1, 'm' || n, 'http', 'https://old.example/' || n, 10, 5000, $1 from generate_series(1, 120) n`,
      [person.chatId],
    )
    expect((await person.says('/monitorar old.example/7 10s')).text).toMatch(/a cada 10 s/)
    expect((await person.says('/monitorar old.example/7 1m')).text).toMatch(/a cada 1 min/)
    expect((await person.says('/monitorar novo.example')).text).toMatch(/o máximo por conversa/)
    expect(await count()).toBe(120)
  })

  test('of a person hold when two people take over each other’s monitors', async () => {
    Object.assign(world.deps.limits, { monitorsPerPerson: 3 })
    const [ana, bia] = [newPerson(), newPerson()]
    const group = world.telegram.group('Passagem')
    group.addBot(world.telegram.user(ana.name))
    for (const person of [ana, bia]) group.as(person, 'administrator')
    await world.settled()
    const round = async (person: typeof ana, from: number) => {
      for (let at = from; at < from + 3; at++)
        await says({ chat: group.chatId, from: person.id }, `/monitorar passado${at}.example`)
    }
    await round(ana, 0)
    await round(bia, 0)
    await round(ana, 3)
    expect(await count(`person_id = ${ana.id}`)).toBe(3)
    expect(await count()).toBe(3)
    await round(bia, 3)
    expect(await count(`person_id = ${bia.id}`)).toBe(3)
  })

  test('of a person do not apply to anonymous administrators, who all have the same account', async () => {
    Object.assign(world.deps.limits, { monitorsPerPerson: 1 })
    const anonymous = 1_087_968_824
    const groups = [world.telegram.group('Um'), world.telegram.group('Dois')]
    for (const group of groups) group.addBot(world.telegram.user('Ana'))
    await world.settled()
    for (const { chatId } of groups)
      await says({ chat: chatId, from: anonymous, senderChat: chatId }, '/monitorar grupo.example')
    expect(await count()).toBe(2)
  })

  test('give the same answer to an update that is handled again', async () => {
    Object.assign(world.deps.limits, { monitorsPerChat: 1, monitorsPerPerson: 1, personHostChecksPerMinute: 1 })
    const person = newPerson()
    await person.says('/start')
    world.telegram.failNext('sendMessage', { dropConnection: true })
    const { text } = await person.says('/monitorar duas.example')
    expect(text).toMatch(/^Pronto! Vou verificar duas\.example a cada 1 min\. Estou fazendo a primeira/)
    expect(probes('first').filter(({ data }) => JSON.stringify(data).includes('duas.example'))).toHaveLength(1)
  })
})

describe('searches at TVmaze', () => {
  const tooManySearches = 'Você fez muitas buscas seguidas. Espere alguns segundos e tente de novo.'

  test('are limited for each person: ten in quick succession, then one every few seconds', async () => {
    world.time.now = new Date('2026-11-21T16:00:00Z')
    const person = newPerson()
    await person.says('/start')
    const from = { chat: person.chatId, from: person.id }
    const group = world.telegram.group('Mais buscas')
    group.addBot(world.telegram.user(person.name))
    await world.settled()
    await Promise.all([
      ...Array.from({ length: 20 }, (_, at) => says(from, `/buscar nada ${at}`)),
      ...Array.from({ length: 20 }, (_, at) => says({ ...from, chat: group.chatId }, `/buscar nada mais ${at}`)),
    ])
    expect((await world.db.query('select from look')).rowCount).toBe(1)
    expect((await person.says('/buscar mais uma')).text).toBe(tooManySearches)
    expect((await newPerson().says('/buscar mais uma')).text).toMatch(/^Não achei/)
    world.time.now = new Date(world.time.now.getTime() + defaultLimits.searchSeconds * 1000)
    expect((await person.says('/buscar mais uma')).text).toMatch(/^Não achei/)
    expect((await person.says('/buscar mais uma')).text).toBe(tooManySearches)
  })

  test('count when a button starts them, also a forged button', async () => {
    const person = newPerson()
    const list = await person.says('/series')
    const presses = await Promise.all(
      Array.from({ length: 30 }, (_, at) => person.forges(list.id, `v1:f:${900_000 + at}:1:0`)),
    )
    expect(presses.filter(({ toast }) => toast === tooManySearches)).toHaveLength(20)
  })
})

describe('a check on demand', () => {
  const card = async () => {
    const person = newPerson()
    await person.says('/monitorar servico.example')
    const [monitor] = await world.deps.monitors.of(person.chatId)
    await world.db.query(`update monitor set state = 'up', judged_at = $2 where id = $1`, [
      monitor!.id,
      new Date(world.time.now.getTime() - 4_000),
    ])
    const list = await person.says('/monitores')
    await person.presses('🟢 servico.example', list.id)
    return { person, list, monitor: monitor! }
  }

  test('runs once every few seconds; a second request is answered with the last result', async () => {
    const { person, list, monitor } = await card()
    const manualChecks = () => probes('now').filter(({ subject }) => subject === `monitor/${monitor.id}`).length
    const presses = await Promise.all(Array.from({ length: 30 }, () => person.forges(list.id, `v1:c:${monitor.id}`)))
    expect(manualChecks()).toBe(1)
    const toasts = presses.map(({ toast }) => toast)
    expect(toasts.filter(toast => toast === 'Verificando… já mando o resultado.')).toHaveLength(1)
    expect(toasts.find(toast => toast !== 'Verificando… já mando o resultado.')).toBe(
      'Acabei de verificar esse servidor. Situação: no ar, última verificação há 4 s. Espere um pouco para verificar de novo.',
    )
    world.time.now = new Date(world.time.now.getTime() + defaultLimits.manualCheckSeconds * 1000)
    expect((await person.presses('verificar agora', list.id)).toast).toBe('Verificando… já mando o resultado.')
    expect(manualChecks()).toBe(2)
  })

  test('of one host runs a few times in quick succession and is then limited over all its monitors and chats', async () => {
    const before = probes().length
    for (let at = 0; at < 10; at++) {
      const person = newPerson()
      await person.says(`/monitorar junto.example/${at}`)
    }
    expect(probes().length - before).toBe(3)
    expect((await newPerson().says('/monitorar junto.example/x')).text).toBe(
      'Pronto! Vou verificar junto.example/x a cada 1 min. Acabei de verificar esse servidor, então só verifico de novo no próximo intervalo.',
    )
  })

  test('does not run more often if a monitor is deleted and created again, or requested again', async () => {
    const person = newPerson()
    const before = probes().length
    for (let at = 0; at < 10; at++) {
      await person.says('/monitorar denovo.example')
      await person.says('/monitorar denovo.example 30s')
      const [monitor] = await world.deps.monitors.of(person.chatId)
      await world.deps.monitors.remove(person.chatId, monitor!.id)
    }
    expect(probes().length - before).toBe(3)
  })

  test('is limited by rows that are deleted after some time', async () => {
    const at = new Date('2027-01-01T00:00:00Z')
    const allowance = { subject: 'monitor/1', seconds: 5, burst: 1 }
    expect(await world.deps.allowances.take([allowance], 'a', at)).toBe(true)
    expect(await world.deps.allowances.take([{ ...allowance, subject: 'monitor/2' }, allowance], 'b', at)).toBe(false)
    expect(await world.deps.allowances.take([allowance], 'a', at), 'the same cause again').toBe(true)
    await world.deps.allowances.take(
      [{ ...allowance, subject: 'monitor/3' }],
      'c',
      new Date(at.getTime() + 2 * 3_600_000),
    )
    const { rows } = await world.db.query('select subject from look order by subject')
    expect(rows).toEqual([{ subject: 'monitor/3' }])
  })
})
