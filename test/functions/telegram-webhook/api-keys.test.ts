import { describe, expect, test } from 'vitest'
import { apiKeysIn } from '#database/chats/api-keys.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const keysOf = (chatId: number) => apiKeysIn(world.db).of(chatId)
const keyIn = (text: string) => /vigia_[\w-]{43}/.exec(text)?.[0] ?? ''

describe('/chave in a private chat', () => {
  test('makes a key of the chosen scope, shows it once, and revokes it', async () => {
    const person = newPerson()
    const menu = await person.says('/chave')
    expect(menu.text).toContain('Ainda não há nenhuma chave.')
    expect(labels(menu)).toEqual([['🔑 criar: só ler'], ['🔑 criar: ler e mudar tudo'], ['🔑 criar: só manutenção']])

    const { shown } = await person.presses('🔑 criar: só manutenção')
    const key = keyIn(shown.text)
    expect(shown.text).toContain(
      `curl -H 'Authorization: Bearer ${key}' -X POST 'https://vigia.test/api/v1/maintenance?for=20m'`,
    )
    expect(shown.buttons.flat()).toEqual([{ text: 'copiar a chave', copy: key }])
    expect(await apiKeysIn(world.db).find(key)).toMatchObject({ chatId: person.chatId, scope: 'maintenance' })

    const again = await person.says('/chave')
    expect(again.text).toMatch(/1\. só manutenção · criada .* · nunca usada/)
    expect(again.text).not.toContain(key)
    const { toast, shown: after } = await person.presses('revogar 1 · só manutenção')
    expect(toast).toBe('Pronto, essa chave não abre mais nada.')
    expect(after.text).toContain('Ainda não há nenhuma chave.')
    expect(await apiKeysIn(world.db).find(key)).toBeNull()
  })

  test('speaks English, and says when a key was used', async () => {
    const person = newPerson('en')
    await person.says('/apikey')
    const { shown } = await person.presses('🔑 make: only read')
    expect(shown.text).toMatch(/^This is the key \(only read\)\. Save it now/)
    const [row] = await keysOf(person.chatId)
    await apiKeysIn(world.db).markUsed(row!, new Date(world.time.now.getTime() - 7_200_000))
    expect((await person.says('/apikeys')).text).toMatch(/1\. only read · made .* · used 2 h ago/)
  })

  test('an update that Telegram delivers twice makes one key', async () => {
    const person = newPerson()
    await person.says('/chave')
    world.telegram.deliverTwice(true)
    await person.presses('🔑 criar: só ler').finally(() => world.telegram.deliverTwice(false))
    expect(await keysOf(person.chatId)).toHaveLength(1)
  })

  test('forged buttons of another chat change nothing', async () => {
    const [owner, thief] = [newPerson(), newPerson()]
    await owner.says('/chave')
    await owner.presses('🔑 criar: ler e mudar tudo')
    const [row] = await keysOf(owner.chatId)
    await thief.says('/chave')
    for (const press of [
      { act: 'makeKey', chat: owner.chatId, scope: 'write' },
      { act: 'revokeKey', chat: owner.chatId, key: row!.id },
      { act: 'revokeKey', chat: thief.chatId, key: row!.id },
    ] as const)
      await thief.forges(1, encode(press))
    expect(await keysOf(owner.chatId)).toHaveLength(1)
    expect(await keysOf(thief.chatId)).toEqual([])
  })
})

describe('/chave in a group', () => {
  const newGroup = () => {
    const [ana, davi] = [world.telegram.user('Ana'), world.telegram.user('Davi')]
    const group = world.telegram.group('Plantão das chaves')
    group.addBot(ana)
    const seats = { administrator: group.as(ana, 'administrator'), member: group.as(davi, 'member') }
    return { group, ana, davi, ...seats }
  }
  type Seat = ReturnType<ReturnType<typeof world.telegram.group>['as']>
  const says = async (seat: Pick<Seat, 'send' | 'answers'>, text: string) => {
    seat.send(text)
    await world.settled()
    return seat.answers().at(-1)!
  }

  test('leads an administrator to the private chat, where the keys of the group are made; a member gets none', async () => {
    const { group, ana, davi, administrator, member } = newGroup()
    const refused = 'Só quem administra o grupo'
    expect((await says(member, '/chave')).text).toContain(refused)
    const reply = await says(administrator, '/chave')
    expect(reply.text).not.toContain('vigia_')
    const url = `https://t.me/${world.telegram.username}?start=k_${group.chatId}`
    expect(reply.buttons).toEqual([[{ text: 'abrir a conversa privada', url }]])

    const start = `/start k_${group.chatId}`
    expect((await says(davi, start)).text).toContain(refused)
    expect((await says(ana, start)).text).toContain('Chaves da API do grupo')
    ana.press('🔑 criar: ler e mudar tudo')
    await world.settled()
    const key = keyIn(ana.answers().at(-1)!.text)
    expect(await apiKeysIn(world.db).find(key)).toMatchObject({ chatId: group.chatId, personId: ana.id })
  })

  test.each(['k_-1', 'k_-9007199254740993', 'k_1', 'k_x'])('a forged link %s shows no keys', async argument => {
    const person = newPerson()
    const { text } = await person.says(`/start ${argument}`)
    expect(text).not.toContain('Chaves da API')
    expect(await keysOf(-1)).toEqual([])
  })
})
