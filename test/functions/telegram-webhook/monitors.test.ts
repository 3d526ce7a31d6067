import { describe, expect, test } from 'vitest'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

describe('monitors', () => {
  test('a URL is checked every minute by default, and the first check is requested at once', async () => {
    const person = newPerson()
    expect((await person.says('/monitorar exemplo.com.br')).text).toBe(
      'Pronto! Vou verificar exemplo.com.br a cada 1 min. Estou fazendo a primeira verificação e já conto o resultado.',
    )
    const [monitor] = await world.deps.monitors.of(person.chatId)
    expect(monitor).toMatchObject({ url: 'https://exemplo.com.br/', kind: 'http', intervalS: 60, timeoutMs: 10_000 })
    expect(world.broker.events('probe.requested').at(-1)).toMatchObject({
      subject: `monitor/${monitor!.id}`,
      data: {
        reason: 'first',
        chatId: person.chatId,
        checks: [{ monitorId: monitor!.id, url: 'https://exemplo.com.br/', dueAt: '2026-11-21T15:00:00.000Z' }],
      },
    })
    expect(await world.deps.follows.find(person.chatId, `monitor/${monitor!.id}`)).not.toBeNull()
    await world.db.query(`update monitor set state = 'up', judged_at = now() where id = $1`, [monitor!.id])
    expect((await person.says('/monitorar https://exemplo.com.br 30s')).text).toBe(
      'Eu já vigiava exemplo.com.br. Agora verifico a cada 30 s.',
    )
    expect((await world.deps.monitors.of(person.chatId)).map(({ intervalS }) => intervalS)).toEqual([30])
    expect((await person.says('/monitor tcp://db.example.org:5432 5m')).text).toMatch(
      /^Pronto! Vou verificar db\.example\.org:5432 a cada 5 min/,
    )
  })

  test.each([
    ['exemplo.com.br 5 minutos', 'Pronto! Vou verificar exemplo.com.br a cada 5 min.'],
    ['a cada meia hora <https://exemplo.com.br/>', 'Pronto! Vou verificar exemplo.com.br a cada 30 min.'],
    ['exemplo.com.br 1 hour', 'Pronto! Vou verificar exemplo.com.br a cada 1 h.'],
    ['ＨＴＴＰＳ：／／exemplo.com.br　３０ｓ', 'Pronto! Vou verificar exemplo.com.br a cada 30 s.'],
    ['http:/exemplo.com.br', 'Pronto! Vou verificar exemplo.com.br a cada 1 min.'],
  ])('/monitorar %s is understood', async (argument, words) => {
    expect((await newPerson().says(`/monitorar ${argument}`)).text).toContain(words)
  })

  test.each([
    [
      'ftp://example.org',
      /só vigio endereços http, https, tcp, tls, dns, ping, ws, wss, grpc e grpcs, como https:\/\/exemplo\.com\.br\.$/,
    ],
    ['tcp://example.org', /falta a porta/],
    ['https://me:secret@example.org', /contém usuário ou senha, .* mande o endereço sem eles\.$/],
    ['http://169.254.169.254/latest', /fica numa rede privada, que eu não alcanço/],
    ['http://2130706433/', /fica numa rede privada/],
    ['http://[::ffff:10.0.0.1]/', /fica numa rede privada/],
    ['localhost:8080', /fica numa rede privada/],
    ['tcp://127.1:5432', /fica numa rede privada/],
    ['https://example.org:25', /outro tipo de serviço/],
    ['host:22', /mande:\n\/monitorar tcp:\/\/host:22$/],
    ['exemplo.com.br:5432 5 minutos', /mande:\n\/monitorar tcp:\/\/exemplo\.com\.br:5432 5 minutos$/],
    ['5 segundos example.org', /O menor intervalo é de 10 segundos/],
    ['example.org 2 dias', /O maior intervalo é de 24 horas/],
    ['palavra', /não é um endereço que eu entenda/],
    ['example.org 9s', /O menor intervalo é de 10 segundos/],
    ['example.org 25h', /O maior intervalo é de 24 horas/],
    ['example.org amanhã', /Não entendi o intervalo “amanhã”/],
    ['<b>&"', /^Não posso vigiar <b>&":/],
  ])('/monitorar %s is refused with a helpful message', async (argument, words) => {
    const person = newPerson()
    expect((await person.says(`/monitorar ${argument}`)).text).toMatch(words)
    expect(await world.deps.monitors.of(person.chatId)).toHaveLength(0)
  })

  test.each([
    '/monitorar https://ana:hunter2@example.org',
    '/monitorar ana:hunter2@example.org',
    '/monitorar hunter2@example.org',
    '/monitorar tcp://ana:hunter2@example.org:22',
    '/monitorar ftp://ana:hunter2@example.org',
    '/monitorar https://ana:hunter2%40example.org',
    '/monitorar https://ana:hunter2%2540example.org/',
    '/monitorar https://ana%3Ahunter2@example.org:99999',
    '/monitorar https://ana:hunter2＠example.org',
    '/monitorar https://ana:hunter2@exa mple.org',
    '/monitorar https://ana:x hunter2@example.org',
    '/monitorar https://ana:1 hunter2@example.org',
    '/monitorar https://ana:x/hunter2@example.org',
    '/monitorar https://ana:x#hunter2@example.org',
    '/monitorar https://ana:x@hunter2',
    '/monitorar https://ana:hunter2',
    '/monitorar ana:hunter2',
    '/monitorar https://example.org:25/?token=hunter2',
    '/monitorar http://10.0.0.1/login?password=hunter2#hunter2',
    '/monitorar http://10.0.0.1/hooks/hunter2',
    '/monitorar 30s https://ana:hunter2@example.org',
    '/monitorar https://ana:hunter2@example.org 30s limite 10s',
    'https://ana:hunter2@example.org',
    'https://ana:x hunter2@example.org',
    'ana:hunter2@example.org',
    '/buscar https://ana:hunter2@example.org',
    '/search ana:hunter2@example.org',
  ])('%s is refused, and the answer contains neither the password nor the token', async text => {
    const person = newPerson()
    const answer = await person.says(text)
    expect(answer.text).toMatch(/^Não posso vigiar/)
    expect(answer.text).not.toContain('hunter2')
    expect(await world.deps.monitors.of(person.chatId)).toHaveLength(0)
  })

  test.each([
    ['lento.example 1m limite 30s', 60, 30_000],
    ['lento.example limite de 30 s 1m', 60, 30_000],
    ['1m lento.example timeout: 12s', 60, 12_000],
    ['lento.example limit 1m 5m', 300, 60_000],
    ['lento.example 5m timeout 2m', 300, 120_000],
    ['lento.example 10s limite 10s', 10, 10_000],
    ['lento.example 10s', 10, 5_000],
    ['lento.example/?limite=3', 60, 10_000],
  ])('/monitorar %s checks every %i s, with a time limit of %i ms', async (argument, intervalS, timeoutMs) => {
    const person = newPerson()
    const { text } = await person.says(`/monitorar ${argument}`)
    expect(text.includes('(limite de tempo: ')).toBe(/\slim|\stimeout/.test(argument))
    expect(await world.deps.monitors.of(person.chatId)).toMatchObject([{ intervalS, timeoutMs }])
  })

  test.each(['1m limite 61s', '10m limite 3m', '10s timeout 20s', '1m limite 0s', '1m limite pouco', '1m limite'])(
    '/monitorar lento.example %s is refused, because the time limit is missing, invalid, too short or too long',
    async limit => {
      const person = newPerson()
      expect((await person.says(`/monitorar lento.example ${limit}`)).text).toMatch(
        /^O limite de tempo da resposta vai de/,
      )
      expect(await world.deps.monitors.of(person.chatId)).toHaveLength(0)
    },
  )

  test('a chat has at most fifty monitors', async () => {
    const person = newPerson()
    await person.says('/start')
    await world.db.query(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
       select $1, 'm' || n, 'http', 'https://m' || n || '.example/', 60, 5000 from generate_series(1, 50) n`,
      [person.chatId],
    )
    expect((await person.says('/monitorar um.a.mais.example')).text).toMatch(/^Você já tem 50 monitores/)
    expect((await person.says('/monitorar m7.example 10m')).text).not.toMatch(/50/)
    expect(await world.deps.monitors.of(person.chatId)).toHaveLength(50)
  })

  test('the list shows state, uptime and age of the last check; monitors that are down come first', async () => {
    const person = newPerson()
    await person.says('/start')
    const add = async (name: string, set: string) => {
      const { rows } = await world.db.query<{ id: number }>(
        `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
         values ($1, $2, 'http', 'https://' || $2 || '/', 60, 5000) returning id`,
        [person.chatId, name],
      )
      const { id } = rows[0]!
      await world.db.query(`update monitor set ${set} where id = $1`, [id])
      return id
    }
    const good = `judged_at = '2026-11-21T14:59:20Z', state_since = '2026-11-18T15:00:00Z'`
    const up = await add('bom.example', `state = 'up', ${good}`)
    await add('ruim.example', `state = 'down', ${good}`)
    await add('novo.example', `state = 'new'`)
    await add('pausado.example', `paused_at = now()`)
    await add('mudo.example', `state = 'up', judged_at = '2026-11-21T14:00:00Z'`)
    await world.db.query(
      `insert into probe_hour (monitor_id, hour, ok, failed, missed, total_ms)
       values ($1, '2026-11-21T14:00:00Z', 19999, 1, 500, 2400000)`,
      [up],
    )
    const list = await person.says('/monitores')
    expect(list.text).toBe(
      [
        'Seus monitores (5)',
        '🔴 ruim.example: fora do ar\núltima verificação há 40 s',
        '⚪ mudo.example: sem verificação recente\núltima verificação há 1 h',
        '⚪ novo.example: esperando a primeira verificação',
        '🟢 bom.example: no ar\n······················✗·\n99,99% no ar em 24 h · 99,99% em 30 d · última verificação há 40 s',
        '⏸ pausado.example: pausado',
      ].join('\n\n'),
    )
    const { shown } = await person.presses('🟢 bom.example', list.id)
    expect(shown.text).toBe(
      [
        '🟢 bom.example\nhttps://bom.example/\n\nno ar há 3 dias\n······················✗·',
        '99,99% no ar em 24 h · 99,99% em 30 d · resposta média: 120 ms\nverificado a cada 1 min\núltima verificação há 40 s\n',
        'Nenhuma queda registrada.',
      ].join('\n'),
    )
    expect(labels(shown)).toEqual([
      ['verificar agora'],
      ['configurar', 'pausar'],
      ['🔕 silenciar', '🛠 manutenção'],
      ['por que este número?', 'renomear'],
      ['excluir'],
      ['« voltar'],
    ])
  })

  test('a monitor can be checked, paused and resumed with buttons, and is deleted only after a confirmation', async () => {
    const person = newPerson()
    await person.says('/monitorar servico.example')
    const [monitor] = await world.deps.monitors.of(person.chatId)
    const list = await person.says('/monitores')
    await person.presses('⚪ servico.example', list.id)
    expect((await person.presses('verificar agora', list.id)).toast).toBe('Verificando… já mando o resultado.')
    expect(world.broker.events('probe.requested').at(-1)).toMatchObject({
      subject: `monitor/${monitor!.id}`,
      data: { reason: 'now', chatId: person.chatId },
    })
    const paused = await person.presses('pausar', list.id)
    expect(paused.shown.text).toMatch(/^⏸ servico\.example/)
    expect(labels(paused.shown)).toEqual([
      ['configurar', 'retomar'],
      ['🔕 silenciar', '🛠 manutenção'],
      ['por que este número?', 'renomear'],
      ['excluir'],
      ['« voltar'],
    ])
    const resumed = await person.presses('retomar', list.id)
    expect(resumed.toast).toBe('Retomado!')
    const confirmation = await person.presses('excluir', list.id)
    expect(confirmation.shown.text).toMatch(/^Excluir servico\.example\?/)
    expect(labels((await person.presses('não excluir', list.id)).shown)[1]).toEqual(['configurar', 'pausar'])
    await person.presses('excluir', list.id)
    const gone = await person.presses('excluir servico.example', list.id)
    expect(gone.toast).toBe('servico.example foi excluído.')
    expect(await world.deps.monitors.of(person.chatId)).toEqual([])
    expect(await world.deps.follows.of(person.chatId, 'monitor/')).toEqual([])
  })

  test('a forged button cannot read or change the monitor of another chat', async () => {
    const owner = newPerson()
    await owner.says('/monitorar privado.example')
    const [monitor] = await world.deps.monitors.of(owner.chatId)
    const stranger = newPerson()
    await stranger.says('/monitorar meu.example')
    const list = await stranger.says('/monitores')
    const before = world.broker.events('probe.requested').length
    for (const letter of ['o', 'c', 'p', 'g', 'x', 'y']) {
      const press = await stranger.forges(list.id, `v1:${letter}:${monitor!.id}`)
      expect(press.toast, letter).toBe('Esse monitor não existe mais.')
      expect(press.shown.text).not.toContain('privado')
    }
    expect(world.broker.events('probe.requested')).toHaveLength(before)
    expect((await world.deps.monitors.get(monitor!.id))?.pausedAt).toBeNull()
  })

  test('the bot answers that a button of an older version or with invalid data no longer works', async () => {
    const person = newPerson()
    const list = await person.says('/ajuda')
    for (const data of ['v0:f:82', 'v1:f:82', 'v1:?', 'lixo', 'v1:z:Mars/Olympus', 'v1:f:82:1:0:extra'])
      expect((await person.forges(list.id, data)).toast, data).toBe(
        'Esse botão não vale mais. Mande o comando de novo.',
      )
  })
})
