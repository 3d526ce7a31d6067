import { describe, expect, test } from 'vitest'
import { certificates } from '#test/functions/dial/support/certificates.ts'
import { newPerson, useConversations, world } from './conversations.ts'

useConversations()

const secretsOf = async (chatId: number) =>
  (
    await world.db.query<{ name: string; value: string }>(
      `select monitor_secret.name, value from monitor_secret join monitor on monitor.id = monitor_id
       where chat_id = $1 order by 1`,
      [chatId],
    )
  ).rows

const draftSecrets = async (chatId: number) =>
  (await world.db.query<{ secrets: object }>('select secrets from monitor_draft where chat_id = $1', [chatId])).rows[0]
    ?.secrets

/** A person who is asked for the password of a new monitor. */
const asked = async () => {
  const person = newPerson()
  await person.says('/monitorar')
  const { id } = await person.says('segredo.example 1m')
  await person.presses('⚙️ mais opções', id)
  const shown = (await person.presses(/^Acesso/, id)).shown
  expect(shown.text).toContain('Mande o usuário e a senha assim: ana:senha')
  return { person, id }
}

type Person = Awaited<ReturnType<typeof asked>>['person']

const shownTo = (person: Person) => JSON.stringify(person.messages())

describe('a password', () => {
  test('is stored, and its message is deleted and never shown again', async () => {
    const { person } = await asked()
    const review = await person.says('ana:s3gr3d0 longo')
    expect(review.text).toMatch(/^🔒 Apaguei a sua mensagem, porque ela tem um segredo\.\n\nsegredo\.example/)
    expect(review.text).toContain('Acesso: ana (senha guardada)')
    expect(shownTo(person)).not.toContain('s3gr3d0')
    expect(await draftSecrets(person.chatId)).toEqual({ password: 's3gr3d0 longo' })
    await person.presses('✅ criar monitor', review.id)
    expect(await secretsOf(person.chatId)).toEqual([{ name: 'password', value: 's3gr3d0 longo' }])
    expect(await draftSecrets(person.chatId)).toEqual({})
    const [monitor] = await world.deps.monitors.of(person.chatId)
    expect(monitor).toMatchObject({ settings: { auth: { basic: { user: 'ana' } } }, hasSecrets: true })
    expect(JSON.stringify(world.broker.events())).not.toContain('s3gr3d0')
  })

  test('stays when other settings change, is replaced by a token, and is removed with its setting', async () => {
    const { person } = await asked()
    const review = await person.says('ana:primeira')
    await person.presses('✅ criar monitor', review.id)
    const edit = async () => {
      const list = await person.says('/monitores')
      await person.presses(/segredo\.example/, list.id)
      await person.presses('configurar', list.id)
      return list.id
    }
    const first = await edit()
    await person.presses(/^Intervalo/, first)
    await person.presses('15 min', first)
    await person.presses('✅ salvar', first)
    expect(await secretsOf(person.chatId)).toEqual([{ name: 'password', value: 'primeira' }])

    const second = await edit()
    await person.presses('⚙️ mais opções', second)
    await person.presses(/^Acesso: ana/, second)
    const changed = await person.says('Bearer t0k3n')
    expect(changed.text).toContain('Acesso: token guardado')
    await person.presses('✅ salvar', changed.id)
    expect(await secretsOf(person.chatId)).toEqual([{ name: 'token', value: 't0k3n' }])

    const third = await edit()
    await person.presses('⚙️ mais opções', third)
    await person.presses(/^Acesso: token/, third)
    await person.presses('✖ tirar', third)
    await person.presses('✅ salvar', third)
    expect(await secretsOf(person.chatId)).toEqual([])
  })

  test('whose draft is cancelled is forgotten', async () => {
    const { person } = await asked()
    const review = await person.says('ana:nunca')
    await person.presses('cancelar', review.id)
    expect(await draftSecrets(person.chatId)).toBeUndefined()
  })

  test('stays at its address: the next draft of the person, for another address, does not get it', async () => {
    const { person } = await asked()
    await person.says('ana:s3gr3d0')
    await person.says('/monitorar')
    const { id } = await person.says('outro.example 1m')
    await person.presses('⚙️ mais opções', id)
    expect(await draftSecrets(person.chatId)).toEqual({})
    await person.presses('« voltar', id)
    await person.presses('✅ criar monitor', id)
    expect(await world.deps.monitors.of(person.chatId)).toMatchObject([
      { url: 'https://outro.example/', hasSecrets: false },
    ])
    expect(await secretsOf(person.chatId)).toEqual([])
  })

  test('that cannot be read is explained with an example, and its message is deleted too', async () => {
    const { person } = await asked()
    const refused = await person.says('s3m-dois-pontos')
    expect(refused.text).toContain('🔒 Apaguei a sua mensagem')
    expect(refused.text).toContain('por exemplo ana:senha')
    expect(shownTo(person)).not.toContain('s3m-dois-pontos')
    expect(await draftSecrets(person.chatId)).toEqual({})
  })

  test('is filled in once when Telegram repeats the update after its message was deleted', async () => {
    const { person } = await asked()
    world.telegram.failNext('sendMessage', { status: 500 })
    const review = await person.says('ana:rep3tida')
    expect(review.text).toContain('Acesso: ana (senha guardada)')
    expect(shownTo(person)).not.toContain('rep3tida')
    expect(await draftSecrets(person.chatId)).toEqual({ password: 'rep3tida' })
  })
})

test('a secret header and a private key are refused, and their messages are deleted', async () => {
  const { person, id } = await asked()
  await person.presses('« voltar', id)
  await person.presses(/^Cabeçalhos/, id)
  const header = await person.says('X-A: b\nAuthorization: Bearer h34d3r')
  expect(header.text).toContain('Use o campo Acesso')
  await person.presses('« voltar', header.id)
  await person.presses(/^Certificado/, header.id)
  const key = await person.says('-----BEGIN PRIVATE KEY-----\nk3y\n-----END PRIVATE KEY-----')
  expect(key.text).toContain('tem uma chave privada')
  expect(shownTo(person)).not.toMatch(/h34d3r|k3y/)
})

describe('a file', () => {
  /** A person who is asked which certificates are accepted. */
  const askedForCertificate = async () => {
    const { person, id } = await asked()
    await person.presses('« voltar', id)
    await person.presses(/^Certificado/, id)
    return person
  }
  const sends = async (person: Person, text: string) => {
    person.sendFile({ name: 'ca.pem', bytes: Buffer.from(text) })
    await world.settled()
    return person.answers().at(-1)!
  }

  test('with the certificate of an own CA is read, and one with a private key is deleted', async () => {
    const person = await askedForCertificate()
    const key = await sends(person, 'x\n-----BEGIN PRIVATE KEY-----\nk3y\n-----END PRIVATE KEY-----')
    expect(key.text).toMatch(/^🔒 Apaguei a sua mensagem[\s\S]*tem uma chave privada/)
    expect((await sends(person, `comentário\n${certificates.self.cert}`)).text).toContain('Certificado: da CA própria')
    expect(await draftSecrets(person.chatId)).toEqual({ ca: `${certificates.self.cert}\n` })
  })

  test('that is too large or is no certificate is explained', async () => {
    const person = await askedForCertificate()
    expect((await sends(person, 'x'.repeat(100_000))).text).toMatch(/^Isso não é um certificado no formato PEM/)
    expect((await sends(person, 'nada')).text).toMatch(/^Isso não é um certificado no formato PEM/)
    expect(await draftSecrets(person.chatId)).toEqual({})
  })

  test('that nothing asked for is no list of series, which is explained; a file is read again after a failure', async () => {
    const person = newPerson()
    expect((await sends(person, certificates.self.cert)).text).toMatch(/^Não sei ler esse tipo de arquivo\./)
    const other = await askedForCertificate()
    world.telegram.failNext('getFile', { status: 500 })
    expect((await sends(other, certificates.self.cert)).text).toContain('Certificado: da CA própria')
  })
})

test('in a group where the bot may not delete messages, it asks the person to delete the message', async () => {
  const ana = world.telegram.user('Ana')
  const group = world.telegram.group('Sem poderes')
  group.addBot(ana)
  const seat = group.as(ana, 'administrator')
  const says = async (text: string) => {
    const replyTo = seat.answers().at(-1)?.id
    seat.send(text, replyTo === undefined ? {} : { replyTo })
    await world.settled()
    return seat.answers().at(-1)!
  }
  const presses = async (button: string | RegExp) => {
    seat.press(button)
    await world.settled()
  }
  await says('/monitorar')
  await says('grupo.example 1m')
  await presses('⚙️ mais opções')
  await presses(/^Acesso/)
  expect((await says('ana:visível')).text).toMatch(/^⚠️ O Telegram não me deixou apagar a sua mensagem com o segredo\./)
})
