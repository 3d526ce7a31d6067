import { expect, test } from 'vitest'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const secretIn = (text: string) => /whsec_[A-Za-z0-9+/]{43}=/.exec(text)?.[0]
const webhooksOf = (chatId: number) => world.deps.webhooks.of(chatId)

test('/webhook makes a webhook and shows its secret once; buttons test it, change its secret and delete it', async () => {
  const person = newPerson()
  expect((await person.says('/webhook')).text).toContain('Ainda não há nenhum webhook.')
  const made = await person.says('/webhook https://hooks.example/vigia?key=hidden#x')
  const secret = secretIn(made.text)!
  expect(made.buttons.flat()).toEqual([{ text: 'copiar o segredo', copy: secret }])
  const [webhook] = await webhooksOf(person.chatId)
  expect(webhook).toMatchObject({ url: 'https://hooks.example/vigia?key=hidden', pageId: null })
  const list = await person.says('/webhooks')
  expect(list.text).toContain('1. hooks.example · tudo desta conversa · ✅ funcionando')
  expect(list.text).not.toMatch(/hidden|whsec/)
  expect(labels(list)).toEqual([['1 · testar', '1 · novo segredo', '1 · 🗑']])
  expect((await person.presses('1 · testar')).toast).toBe('Teste enviado. Veja se ele chegou ao seu programa.')
  const events = world.broker.events('webhook.requested')
  expect(events.at(-1)).toMatchObject({ subject: `webhook/${webhook!.id}`, data: { type: 'test', payload: {} } })
  expect(JSON.stringify(events)).not.toMatch(/hidden|whsec/)
  const next = secretIn((await person.presses('1 · novo segredo')).shown.text)
  expect(next).not.toBe(secret)
  expect((await person.presses('1 · 🗑', list.id)).toast).toBe('Webhook excluído.')
  expect(await webhooksOf(person.chatId)).toEqual([])
})

test('a webhook of a page, a wrong page and too many webhooks', async () => {
  const person = newPerson('en')
  await person.says('/page Bakery')
  await person.says('/webhook https://hooks.example/a bakery')
  expect((await person.says('/webhook')).text).toContain('1. hooks.example · page Bakery · ✅ works')
  expect((await person.says('/webhook https://hooks.example/a other')).text).toMatch(/^This chat has no page “other”/)
  for (let at = 1; at < 10; at++) await person.says(`/webhook https://hooks.example/${at}`)
  expect((await person.says('/webhook https://hooks.example/more')).text).toMatch(/^There are 10 webhooks already/)
  expect(await webhooksOf(person.chatId)).toHaveLength(10)
})

test.each([
  'http://127.0.0.1/',
  'http://[::1]/',
  'http://2130706433/',
  'http://localhost/',
  'ftp://hooks.example/',
  'hooks',
  'https://ana:b@hooks.example/',
])('the address %s is refused and nothing is made', async url => {
  const person = newPerson()
  expect((await person.says(`/webhook ${url}`)).text).toMatch(/^Este endereço não serve/)
  expect(await webhooksOf(person.chatId)).toEqual([])
})

test('an update that Telegram delivers twice makes one webhook', async () => {
  const person = newPerson()
  world.telegram.deliverTwice(true)
  await person.says('/webhook https://hooks.example/a').finally(() => world.telegram.deliverTwice(false))
  expect(await webhooksOf(person.chatId)).toHaveLength(1)
})

test('in a group, the secret is only in the private chat of an administrator', async () => {
  const [owner, member] = [newPerson(), newPerson()]
  const group = world.telegram.group('Equipe')
  const [ownerSeat, memberSeat] = [group.as(owner, 'creator'), group.as(member)]
  group.addBot(owner)
  memberSeat.send('/webhook https://hooks.example/x')
  ownerSeat.send('/webhook https://hooks.example/vigia')
  await world.settled()
  const [refused, made] = ownerSeat.answers().slice(-2)
  expect(refused!.text).toMatch(/administra/)
  expect(made!.text).toMatch(/^Webhook criado\. O segredo não pode aparecer aqui/)
  expect(made!.buttons.flat()[0]!.url).toBe(`https://t.me/VigiaBot?start=w_${group.chatId}`)
  expect((await member.says(`/start w_${group.chatId}`)).text).toMatch(/^Só quem administra o grupo/)
  const list = await owner.says(`/start w_${group.chatId}`)
  expect(secretIn((await owner.presses('1 · novo segredo')).shown.text)).toBeDefined()
  const [webhook] = await webhooksOf(group.chatId)
  for (const change of ['test', 'rotate', 'enable', 'delete'])
    await member.forges(list.id, `v1:hk:${group.chatId}:${webhook!.id}:${change}`)
  expect(member.answers().some(({ text }) => text.includes('whsec_'))).toBe(false)
  expect(await webhooksOf(group.chatId)).toHaveLength(1)
})
