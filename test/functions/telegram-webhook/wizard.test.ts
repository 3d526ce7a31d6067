import { describe, expect, test } from 'vitest'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const monitorsOf = ({ chatId }: { chatId: number }) => world.deps.monitors.of(chatId)

describe('/monitorar without an address', () => {
  test('asks for type, address and interval one after the other, shows everything, and saves it at the end', async () => {
    const person = newPerson()
    const start = await person.says('/monitorar')
    expect(start.text).toMatch(/^O que devo vigiar\? Mande o endereço ou escolha o tipo\./)
    expect(labels(start)).toEqual([
      ['🌐 site', '🔌 porta TCP'],
      ['🔒 certificado', '📒 DNS'],
      ['🏓 ping', '↔️ WebSocket'],
      ['⚙️ gRPC'],
      ['cancelar'],
    ])
    const asked = (await person.presses('🔌 porta TCP', start.id)).shown
    expect(asked).toMatchObject({ id: start.id, text: 'Qual é o endereço? Por exemplo:\nexemplo.com.br:5432' })
    const interval = await person.says('banco.example:5432')
    expect(interval.text).toMatch(/^banco\.example:5432\n\nDe quanto em quanto tempo devo verificar\?/)
    const review = (await person.presses('5 min', interval.id)).shown
    expect(review.text).toBe(
      [
        'banco.example:5432',
        'tcp://banco.example:5432',
        '',
        'Tipo: 🔌 porta TCP',
        'Intervalo: 5 min',
        'Limite de tempo: 10 s',
        'Palavra: –',
        'Protocolo: –',
        'Lento a partir de: –',
        'Falhas para avisar: 3',
        'Acertos para voltar: 2',
        'Lembretes: nenhum',
        'Grupo: –',
        '',
        'Confira e salve. Nada muda antes disso.',
      ].join('\n'),
    )
    expect(await monitorsOf(person)).toEqual([])

    await person.presses(/^Falhas para avisar/, review.id)
    await person.presses('5', review.id)
    await person.presses(/^Grupo/, review.id)
    const grouped = await person.says('Bancos')
    expect(grouped.text).toContain('Falhas para avisar: 5')
    expect(grouped.text).toContain('Grupo: Bancos')
    const { shown } = await person.presses('✅ criar monitor', grouped.id)
    expect(shown.text).toMatch(/^Pronto! Vou verificar banco\.example:5432 a cada 5 min\. Estou fazendo a primeira/)
    expect(await monitorsOf(person)).toMatchObject([
      {
        kind: 'tcp',
        url: 'tcp://banco.example:5432',
        intervalS: 300,
        timeoutMs: 10_000,
        confirmations: 5,
        recoveries: 2,
        groupName: 'Bancos',
      },
    ])
    expect(world.broker.events('probe.requested').at(-1)?.data).toMatchObject({
      reason: 'first',
      checks: [{ kind: 'tcp', url: 'tcp://banco.example:5432', confirmations: 5 }],
    })
    expect((await person.presses('ver monitor', grouped.id)).shown.text).toMatch(/banco\.example:5432/)
  })

  test('works the same in English', async () => {
    const person = newPerson('en')
    const start = await person.says('/monitor')
    expect(start.text).toMatch(/^What shall I watch\?/)
    const interval = await person.says('example.org')
    expect(interval.text).toMatch(/^example\.org\n\nHow often shall I check it\?/)
    const review = (await person.presses('1 min', interval.id)).shown
    expect(review.text).toContain(
      'Type: 🌐 website\nInterval: 1 min\nTime limit: 10 s\nText: –\nAccepted status: 200-299',
    )
    expect((await person.presses('✅ create monitor', review.id)).shown.text).toMatch(
      /^Done! I check example\.org every 1 min/,
    )
    expect(await monitorsOf(person)).toMatchObject([{ kind: 'http', url: 'https://example.org/', intervalS: 60 }])
  })

  test('takes address, interval and time limit in one text', async () => {
    const person = newPerson()
    await person.says('/monitorar')
    const review = await person.says('exemplo.com.br a cada 5 minutos limite 20s')
    expect(review.text).toContain('Intervalo: 5 min\nLimite de tempo: 20 s')
    await person.presses('✅ criar monitor', review.id)
    expect(await monitorsOf(person)).toMatchObject([{ intervalS: 300, timeoutMs: 20_000 }])
  })

  test('goes back step by step, and a new address replaces the old one', async () => {
    const person = newPerson()
    await person.says('/monitorar')
    const interval = await person.says('primeiro.example')
    expect((await person.presses('« voltar', interval.id)).shown.text).toMatch(/^Qual é o endereço\?/)
    expect((await person.presses('« voltar', interval.id)).shown.text).toMatch(/^O que devo vigiar\?/)
    const again = await person.says('segundo.example')
    const review = (await person.presses('30 s', again.id)).shown
    expect(review.text).toContain('https://segundo.example/')
    expect((await person.presses('« voltar', review.id)).shown.text).toContain('De quanto em quanto tempo')
  })

  test.each([
    [
      'palavra',
      /^Não posso vigiar palavra: não é um endereço que eu entenda\. Tente algo como https:\/\/exemplo\.com\.br/,
    ],
    ['http://10.0.0.1', /fica numa rede privada/],
    ['https://ana:segredo@exemplo.com.br', /contém usuário ou senha/],
    ['exemplo.com.br 5 segundos', /O menor intervalo é de 10 segundos/],
    ['exemplo.com.br 1m limite 90s', /limite de tempo da resposta vai de 1 s a 1 min .*Exemplo:/],
  ])('explains why %j cannot be used, asks again, and saves nothing', async (text, words) => {
    const person = newPerson()
    await person.says('/monitorar')
    const refused = await person.says(text)
    expect(refused.text).toMatch(words)
    expect(refused.text).toContain('O que devo vigiar?')
    expect(refused.text).not.toContain('segredo')
    expect(await monitorsOf(person)).toEqual([])
    expect((await person.says('exemplo.com.br')).text).toContain('De quanto em quanto tempo')
  })

  test('refuses numbers of attempts out of range with an example, and keeps the former value', async () => {
    const person = newPerson()
    await person.says('/monitorar')
    const review = await person.says('exemplo.com.br 1m')
    for (const text of ['0', '11', '2,5', 'muitas']) {
      await person.presses(/^Acertos para voltar/, review.id)
      const refused = await person.says(text)
      expect(refused.text).toMatch(/^“.*” não serve\. Mande um número inteiro de 1 a 10, por exemplo 3\./)
      await person.presses('« voltar', review.id)
    }
    const after = (await person.presses('« voltar')).shown
    expect(after.text).toContain('Acertos para voltar: 2')
  })

  test('is cancelled by its button, and the buttons of a cancelled or replaced draft explain themselves', async () => {
    const person = newPerson()
    const first = await person.says('/monitorar')
    const second = await person.says('/monitorar')
    const old = await person.presses('🌐 site', first.id)
    expect(old.toast).toBe('Essa configuração não vale mais. Comece de novo com /monitorar.')
    expect(old.shown.text).toBe(first.text)
    expect((await person.presses('cancelar', second.id)).shown.text).toBe(
      'Cancelado. Nada mudou. Para começar de novo: /monitorar',
    )
    expect((await person.says('severance')).text).not.toContain('Não posso vigiar')
  })

  test('does not take a text that comes after another command as the address', async () => {
    const person = newPerson()
    await person.says('/monitorar')
    await person.says('/monitores')
    expect((await person.says('harbor nine')).text).toMatch(/^Harbor Nine/)
  })

  test('a saved draft cannot be saved again, and a forged value is an old button', async () => {
    const person = newPerson()
    await person.says('/monitorar')
    const review = await person.says('exemplo.com.br 1m')
    const { rows } = await world.db.query<{ id: number }>('select id from monitor_draft where chat_id = $1', [
      person.chatId,
    ])
    const draft = rows[0]!.id
    for (const data of [
      `v1:v:${draft}:interval:5`,
      `v1:v:${draft}:interval:amanha`,
      `v1:v:${draft}:kind:heartbeat`,
      `v1:v:${draft}:parent:1`,
      `v1:v:${draft}:group:1`,
      `v1:v:${draft}:confirmations:11`,
      `v1:v:${draft}:constructor:1`,
      `v1:w:${draft}:parent`,
      `v1:w:${draft}:toString`,
    ])
      expect((await person.forges(review.id, data)).toast, data).toBe(
        'Esse botão não vale mais. Mande o comando de novo.',
      )
    await person.presses('✅ criar monitor', review.id)
    expect((await person.forges(review.id, `v1:j:${draft}`)).toast).toBe('Essa configuração já foi salva.')
    expect((await person.forges(review.id, `v1:v:${draft}:interval:300`)).toast).toBe('Essa configuração já foi salva.')
    expect(await monitorsOf(person)).toMatchObject([{ intervalS: 60 }])
    expect((await newPerson().forges(1, `v1:j:${draft}`)).toast).toContain('não vale mais')
  })

  test('above a limit it says so, saves nothing, and the settings stay open', async () => {
    const person = newPerson()
    await person.says('/monitorar')
    const review = await person.says('exemplo.com.br 10s')
    const { limits } = world.deps
    world.deps.limits = { ...limits, personHostChecksPerMinute: 1 }
    const full = await person.presses('✅ criar monitor', review.id)
    world.deps.limits = limits
    expect(full.toast).toMatch(/^Com este monitor, eu faria mais de 1 verificação por minuto em exemplo\.com\.br/)
    expect(await monitorsOf(person)).toEqual([])
    await person.presses('✅ criar monitor', review.id)
    expect(await monitorsOf(person)).toHaveLength(1)
  })
})

describe('the settings of the kind', () => {
  /** Goes to the review of a new monitor of this kind. */
  const review = async (kind: string, address: string) => {
    const person = newPerson()
    const start = await person.says('/monitorar')
    await person.presses(kind, start.id)
    const shown = await person.says(`${address} 1m`)
    return { person, id: shown.id, shown }
  }

  test('of a site are a text, status codes and a time, each explained with an example when it is not valid', async () => {
    const { person, id } = await review('🌐 site', 'palavra.example')
    await person.presses(/^Status aceitos/, id)
    const refused = await person.says('duzentos')
    expect(refused.text).toMatch(/^Não entendi os códigos “duzentos”\. .*por exemplo 200-299,404\./)
    await person.says('200-299 e 404')
    await person.presses(/^Lento a partir de/)
    expect((await person.says('3 minutos')).text).toMatch(/^“3 minutos” não serve\. O tempo vai de 1 ms a 120 s/)
    await person.says('1,5 s')
    await person.presses(/^Palavra/)
    const shown = await person.says('Bem-vindo')
    expect(shown.text).toContain('Palavra: Bem-vindo\nStatus aceitos: 200-299,404\nLento a partir de: 1.500 ms')
    await person.presses('✅ criar monitor', shown.id)
    const settings = { keyword: 'Bem-vindo', status: '200-299,404', slowMs: 1500 }
    expect(await monitorsOf(person)).toMatchObject([{ kind: 'http', settings }])
    expect(world.broker.events('probe.requested').at(-1)?.data).toMatchObject({ checks: [{ settings }] })
  })

  test('are removed by a button, and are lost when the address gets another kind', async () => {
    const { person, id } = await review('📒 DNS', 'exemplo.com.br')
    await person.presses(/^Registro: A/, id)
    await person.presses('MX', id)
    await person.presses(/^Lento/, id)
    await person.presses('500 ms', id)
    expect((await person.presses(/^Registro: MX/, id)).shown.buttons.flat().map(({ text }) => text)).toContain(
      '✖ tirar',
    )
    expect((await person.presses('✖ tirar', id)).shown.text).toContain('Registro: A\nLento a partir de: 500 ms')
    await person.presses('« voltar', id)
    await person.presses('« voltar', id)
    const other = await person.says('tcp://exemplo.com.br:6379')
    expect(other.text).toContain('Protocolo: –\nLento a partir de: –')
    await person.presses(/^Protocolo/, other.id)
    await person.presses('redis', other.id)
    await person.presses('✅ criar monitor', other.id)
    expect(await monitorsOf(person)).toMatchObject([{ kind: 'tcp', settings: { recipe: 'redis' } }])
  })

  test.each([
    ['🔒 certificado', 'exemplo.com.br', 'tls', 'tls://exemplo.com.br'],
    ['📒 DNS', 'exemplo.com.br', 'dns', 'dns://exemplo.com.br'],
    ['🏓 ping', 'exemplo.com.br', 'ping', 'ping://exemplo.com.br'],
    ['↔️ WebSocket', 'exemplo.com.br/ws', 'websocket', 'wss://exemplo.com.br/ws'],
    ['⚙️ gRPC', 'exemplo.com.br:443', 'grpc', 'grpcs://exemplo.com.br:443'],
  ])('%s needs only the address %s', async (button, address, kind, url) => {
    const { person, id } = await review(button, address)
    await person.presses('✅ criar monitor', id)
    expect(await monitorsOf(person)).toMatchObject([{ kind, url, settings: {} }])
  })
})

describe('an update of the wizard that is repeated after a failure', () => {
  test('fills in its text once, and creates one monitor', async () => {
    const person = newPerson()
    await person.says('/monitorar')
    // The draft is stored, then Telegram refuses the reply, so the update comes again.
    world.telegram.failNext('sendMessage', { status: 500 })
    const interval = await person.says('exemplo.com.br')
    expect(interval.text).toContain('De quanto em quanto tempo')
    const review = (await person.presses('1 min', interval.id)).shown
    world.telegram.failNext('editMessageText', { status: 500 })
    expect((await person.presses('✅ criar monitor', review.id)).shown.text).toMatch(/^Pronto!/)
    expect(await monitorsOf(person)).toHaveLength(1)
  })
})

describe('the settings of a monitor', () => {
  test('are changed by buttons from its details, all at once', async () => {
    const person = newPerson()
    await person.says('/monitorar pai.example')
    await person.says('/monitorar filho.example')
    const [parent, child] = await monitorsOf(person)
    const list = await person.says('/monitores')
    await person.presses(/filho\.example/, list.id)
    const review = (await person.presses('configurar', list.id)).shown
    expect(labels(review).at(-1)).toEqual(['cancelar'])
    expect(review.text).toContain('Depende de: –')
    await person.presses(/^Depende de/, review.id)
    await person.presses('pai.example', review.id)
    await person.presses(/^Intervalo/, review.id)
    expect((await person.presses('15 min', review.id)).shown.text).toContain('Depende de: pai.example')
    expect((await monitorsOf(person))[1]).toMatchObject({ parentId: null, intervalS: 60 })
    expect((await person.presses('✅ salvar', review.id)).shown.text).toBe(
      'Pronto! Salvei as mudanças em filho.example.',
    )
    expect((await monitorsOf(person))[1]).toMatchObject({ id: child!.id, parentId: parent!.id, intervalS: 900 })

    await person.presses('ver monitor', review.id)
    await person.presses('configurar', review.id)
    await person.presses(/^Depende de/, review.id)
    await person.presses('✖ tirar', review.id)
    await person.presses('✅ salvar', review.id)
    expect((await monitorsOf(person))[1]).toMatchObject({ parentId: null })
  })

  test('a monitor cannot depend on itself or on a monitor that depends on it', async () => {
    const person = newPerson()
    for (const name of ['a', 'b', 'c']) await person.says(`/monitorar ${name}.example`)
    const [a, b, c] = await monitorsOf(person)
    await world.db.query('update monitor set parent_id = $2 where id = $1', [b!.id, a!.id])
    await world.db.query('update monitor set parent_id = $2 where id = $1', [c!.id, b!.id])
    const list = await person.says('/monitores')
    await person.presses(/a\.example/, list.id)
    expect((await person.presses('configurar', list.id)).shown.text).not.toContain('Depende de')
    await person.presses('cancelar', list.id)
    const again = await person.says('/monitores')
    await person.presses(/b\.example/, again.id)
    await person.presses('configurar', again.id)
    const choice = (await person.presses(/^Depende de/, again.id)).shown
    expect(labels(choice)[0]).toEqual(['a.example', '✖ tirar'])
    expect((await person.says('c.example')).text).toMatch(
      /^Não achei um monitor “c\.example” de que este possa depender/,
    )
  })

  test('of a monitor from vigia.yaml are changed in the file', async () => {
    const person = newPerson()
    await person.says('/monitorar arquivo.example')
    await world.db.query(`update monitor set config_key = 'arquivo' where chat_id = $1`, [person.chatId])
    const list = await person.says('/monitores')
    await person.presses(/arquivo/, list.id)
    expect((await person.presses('configurar', list.id)).toast).toContain('vigia.yaml')
  })
})

describe('a sentence', () => {
  test.each([
    ['vigia meusite.example a cada 5 minutos', 'https://meusite.example/', 300],
    ['Oi, você pode vigiar o site meusite.example de 10 em 10 minutos, por favor?', 'https://meusite.example/', 600],
    ['monitora https://meusite.example/saude de hora em hora pra mim', 'https://meusite.example/saude', 3600],
    ['fica de olho em 8.8.8.8 a cada meia hora', 'https://8.8.8.8/', 1800],
    ['watch example.org every 30s', 'https://example.org/', 30],
    ['please keep an eye on tcp://db.example.org:5432 every 2 minutes', 'tcp://db.example.org:5432', 120],
    ['can you check my site example.org?', 'https://example.org/', 60],
  ])('%j adds a monitor', async (text, url, intervalS) => {
    const person = newPerson()
    expect((await person.says(text)).text).toMatch(/^Pronto! Vou verificar/)
    expect(await monitorsOf(person)).toMatchObject([{ url, intervalS }])
  })

  test('with an interval that is not understood is explained and adds nothing', async () => {
    const person = newPerson()
    expect((await person.says('vigia meusite.example amanhã cedo')).text).toMatch(/^Não entendi o intervalo/)
    expect(await monitorsOf(person)).toEqual([])
  })

  test.each(['Watch Dogs', 'vigia', 'Check It Out!', 'Monitor'])('%j is the name of a series', async text => {
    expect((await newPerson().says(text)).text).toMatch(/Não achei nenhuma série/)
  })
})
