import { describe, expect, test } from 'vitest'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const monitorsOf = ({ chatId }: { chatId: number }) => world.deps.monitors.of(chatId)

/** Goes to the review of a new monitor. */
const review = async (address: string, language?: string) => {
  const person = newPerson(language)
  await person.says(language === 'en' ? '/monitor' : '/monitorar')
  const shown = await person.says(`${address} 1m`)
  return { person, id: shown.id, shown }
}

const more = '⚙️ mais opções'

describe('the further options of a monitor', () => {
  test('are on a page of their own, and the review shows those with a value', async () => {
    const { person, id, shown } = await review('opcoes.example')
    expect(shown.text).not.toContain('Método')
    const page = (await person.presses(more, id)).shown
    expect(page.text).toBe('opcoes.example\n\nOutras opções deste monitor:')
    expect(labels(page)).toEqual([
      ['Método: GET', 'Cabeçalhos: –'],
      ['Corpo: –', 'JSON: –'],
      ['Acesso: –', 'Texto proibido: –'],
      ['Versão do IP: –', 'Redirecionamentos: –'],
      ['Aviso de validade: –', expect.stringMatching(/^Certificado: de autoridades/)],
      ['« voltar', 'cancelar'],
    ])
    await person.presses(/^Método/, id)
    expect((await person.presses('« voltar', id)).shown.text).toBe(page.text)
    await person.presses(/^Método/, id)
    expect((await person.presses('POST', id)).shown.text).toContain('Método: POST')
    await person.presses(more, id)
    await person.presses(/^Cabeçalhos/, id)
    await person.says('X-Equipe: plantao\nAccept: application/json')
    await person.presses(more)
    await person.presses(/^Corpo/)
    await person.says('{"ping": true}')
    await person.presses(more)
    await person.presses(/^JSON/)
    await person.says('$.status = ok\n$.fila < 10\n$.versao != "2"')
    await person.presses(more)
    await person.presses(/^Texto proibido/)
    await person.says('Erro fatal')
    await person.presses(more)
    await person.presses(/^Versão do IP/)
    await person.presses('só IPv6')
    await person.presses(more)
    await person.presses(/^Redirecionamentos/)
    await person.presses('não seguir')
    await person.presses(more)
    await person.presses(/^Aviso de validade/)
    await person.presses('14 dias')
    await person.presses(/^Lembretes/)
    const after = (await person.presses('30 min, 1 h, 2 h, …')).shown
    expect(after.text).toContain('Lembretes: 30 min, 1 h, 2 h, …')
    expect(after.text).toContain('JSON: $.status = ok; $.fila < 10; $.versao ≠ 2')
    await person.presses('✅ criar monitor')
    const settings = {
      method: 'POST',
      headers: { 'X-Equipe': 'plantao', Accept: 'application/json' },
      body: '{"ping": true}',
      json: [
        { path: '$.status', equals: 'ok' },
        { path: '$.fila', below: 10 },
        { path: '$.versao', not: '2' },
      ],
      keywordAbsent: 'Erro fatal',
      family: 'ipv6',
      followRedirects: false,
      certificateDays: 14,
    }
    expect(await monitorsOf(person)).toMatchObject([{ settings, reminder: 'doubling' }])
  })

  test.each([
    ['Método', 'BREW', /^Não conheço o método “BREW”\. .*por exemplo POST\./],
    ['Cabeçalhos', 'sem nome', /^“sem nome” não serve\. .*por exemplo X-Equipe: plantao\./],
    ['Cabeçalhos', 'Content-Length: 5', /Content-Length, sou eu que defino/],
    ['JSON', 'status = ok', /^Não entendi “status = ok”\. .*JSONPath, por exemplo \$\.status = ok/],
    ['JSON', '$[ = 1', /^Não entendi “\$\[ = 1”/],
    ['JSON', '$.fila < muitos', /^Não entendi/],
    ['JSON', '$.fila =', /^Não entendi/],
    ['Versão do IP', 'IPv5', /^Não entendi “IPv5”\. Mande IPv4 ou IPv6\./],
    ['Aviso de validade', '400', /^“400” não serve\. Mande um número de 1 a 365 dias, por exemplo 30\./],
    ['Certificado', 'meu certificado', /^Isso não é um certificado no formato PEM\./],
    ['Certificado', '-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----', /^Isso não é um certificado/],
  ])('%s: %j is explained with an example and changes nothing', async (field, text, words) => {
    const { person, id } = await review('recusas.example')
    await person.presses(more, id)
    await person.presses(new RegExp(`^${field}`), id)
    const refused = await person.says(text)
    expect(refused.text).toMatch(words)
    await person.presses('« voltar', refused.id)
    const shown = (await person.presses('« voltar', refused.id)).shown
    await person.presses('✅ criar monitor', shown.id)
    expect(await monitorsOf(person)).toMatchObject([{ settings: {} }])
  })

  test('of a TCP port with a recipe are STARTTLS and then the certificate', async () => {
    const { person, id } = await review('tcp://correio.example:587')
    await person.presses(/^Protocolo/, id)
    const shown = (await person.presses('smtp', id)).shown
    expect(labels(shown).flat().join()).not.toContain('Palavra')
    expect(
      labels((await person.presses(more, id)).shown)
        .flat()
        .join(),
    ).not.toMatch(/Certificado|Enviar/)
    await person.presses(/^TLS/, id)
    await person.presses('STARTTLS', id)
    await person.presses(more, id)
    await person.presses(/^Certificado/, id)
    await person.presses('aceitar qualquer um', id)
    await person.presses('✅ criar monitor', id)
    const settings = { recipe: 'smtp', starttls: true, certificate: 'any' }
    expect(await monitorsOf(person)).toMatchObject([{ settings }])
  })

  test('of a name are the expected values, which must fit the type of the record', async () => {
    const { person, id } = await review('dns://nome.example')
    await person.presses(more, id)
    await person.presses(/^Valores/, id)
    expect((await person.says('mail.example')).text).toMatch(/^“mail\.example” não serve para este tipo de registro/)
    await person.says('203.0.113.7')
    await person.presses(more)
    await person.presses(/^Servidor DNS/)
    expect((await person.says('dns.example')).text).toMatch(/^“dns\.example” não é o endereço de um servidor DNS/)
    await person.says('9.9.9.9')
    await person.presses('✅ criar monitor')
    expect(await monitorsOf(person)).toMatchObject([{ settings: { expected: ['203.0.113.7'], server: '9.9.9.9' } }])
  })

  test('work in English too', async () => {
    const { person, id } = await review('options.example', 'en')
    await person.presses('⚙️ more options', id)
    await person.presses(/^JSON/, id)
    expect((await person.says('status')).text).toMatch(/^I did not understand “status”\. .*JSONPath, for example/)
    expect((await person.says('$.status = true')).text).toContain('JSON: $.status = true')
    await person.presses(/^Reminders/)
    await person.presses('every 30 min')
    await person.presses('✅ create monitor')
    expect(await monitorsOf(person)).toMatchObject([
      { settings: { json: [{ path: '$.status', equals: true }] }, reminder: '30m' },
    ])
  })

  test('a certificate of an own CA that is pasted is stored, and forged choices are old buttons', async () => {
    const { person, id } = await review('ca.example')
    const { rows } = await world.db.query<{ id: number }>('select id from monitor_draft where chat_id = $1', [
      person.chatId,
    ])
    const draft = rows[0]!.id
    for (const data of [
      ...['certificate:own-ca', 'certificate:-x', 'reminder:hourly', 'security:tls', 'starttls:smtp', 'auth:bearer'],
      ...['redirects:maybe', 'family:ipv5', 'json:a', 'method:BREW', 'more:1'],
    ])
      expect((await person.forges(id, `v1:v:${draft}:${data}`)).toast, data).toMatch(/^Esse botão não vale mais/)
    await person.presses(more, id)
    await person.presses(/^Certificado/, id)
    const shown = await person.says(`Segue o certificado:\n${certificates.self.cert}\nobrigado`)
    expect(shown.text).toContain('Certificado: da CA própria')
    expect(shown.text).not.toContain('Apaguei')
    await person.presses('✅ criar monitor', shown.id)
    const [monitor] = await monitorsOf(person)
    expect(monitor).toMatchObject({ settings: { certificate: 'own-ca' }, hasSecrets: true })
    const secrets = await world.db.query('select name, value from monitor_secret where monitor_id = $1', [monitor!.id])
    expect(secrets.rows).toEqual([{ name: 'ca', value: `${certificates.self.cert}\n` }])
    expect(world.broker.events('probe.requested').at(-1)?.data).toMatchObject({ checks: [{ hasSecrets: true }] })
  })
})

test('the reminders of a heartbeat are changed from its details', async () => {
  const person = newPerson()
  await person.says('/batimento backup 24h')
  const list = await person.says('/monitores')
  await person.presses(/backup/, list.id)
  const shown = (await person.presses('configurar', list.id)).shown
  expect(labels(shown)).toEqual([['✅ salvar'], ['Nome: backup', 'Lembretes: nenhum'], ['Grupo: –'], ['cancelar']])
  await person.presses(/^Lembretes/, list.id)
  await person.presses('a cada 2 h', list.id)
  const before = (await monitorsOf(person))[0]!
  await person.presses('✅ salvar', list.id)
  expect((await monitorsOf(person))[0]).toEqual({ ...before, reminder: '2h' })
})

describe('the name of a monitor', () => {
  test('is changed from its details, and is the name in lists and for those who follow it', async () => {
    const person = newPerson()
    await person.says('/monitorar antigo.example')
    const list = await person.says('/monitores')
    await person.presses(/antigo/, list.id)
    const question = (await person.presses('renomear', list.id)).shown
    expect(question.text).toBe(
      'antigo.example\n\nQue nome devo usar nos avisos e nas listas? Mande, por exemplo, Loja.',
    )
    const review = await person.says('  Loja   da <Ana> ')
    expect(review.text).toMatch(/^Loja da <Ana>\nhttps:\/\/antigo\.example\//)
    expect((await monitorsOf(person))[0]!.name).toBe('antigo.example')
    expect((await person.presses('✅ salvar', review.id)).shown.text).toBe(
      'Pronto! Salvei as mudanças em Loja da <Ana>.',
    )
    const [monitor] = await monitorsOf(person)
    expect(monitor!.name).toBe('Loja da <Ana>')
    expect(await world.deps.follows.titleOf(`monitor/${monitor!.id}`)).toBe('Loja da <Ana>')
    expect((await person.says('/monitores')).text).toContain('Loja da <Ana>')
  })

  test('has at most 100 letters and is no other monitor’s name; its own name in other letters is possible', async () => {
    const person = newPerson()
    for (const name of ['um', 'dois']) await person.says(`/monitorar ${name}.example`)
    const list = await person.says('/monitores')
    await person.presses(/um\.example/, list.id)
    await person.presses('renomear', list.id)
    expect((await person.says('DOIS.example')).text).toMatch(/^Já há um monitor “dois\.example” nesta conversa/)
    expect((await person.says('ã'.repeat(101))).text).toMatch(/^O nome deve ter de 1 a 100 letras/)
    const review = await person.says('UM.example')
    await person.presses('✅ salvar', review.id)
    expect((await monitorsOf(person)).map(({ name }) => name).sort()).toEqual(['UM.example', 'dois.example'])
  })

  test('of a monitor from vigia.yaml is changed in the file', async () => {
    const person = newPerson('en')
    await person.says('/monitor file.example')
    await world.db.query(`update monitor set config_key = 'file' where chat_id = $1`, [person.chatId])
    const list = await person.says('/monitors')
    await person.presses(/file/, list.id)
    expect((await person.presses('rename', list.id)).toast).toContain('vigia.yaml')
  })
})
