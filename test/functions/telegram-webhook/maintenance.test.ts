import { expect, test } from 'vitest'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const windowsOf = ({ chatId }: { chatId: number }) => world.deps.maintenance.of(chatId, world.time.now)

test('/manutencao begins maintenance of a group or a monitor for a time, and a button ends it', async () => {
  const person = newPerson()
  for (const name of ['loja.example', 'blog.example']) await person.says(`/monitorar ${name}`)
  await world.db.query(`update monitor set group_name = 'Loja' where chat_id = $1 and name = 'loja.example'`, [
    person.chatId,
  ])
  expect((await person.says('/manutencao')).text).toMatch(/^Nenhuma manutenção agora nem marcada\./)
  const shown = await person.says('/manutencao loja por 2 horas')
  expect(shown.text).toMatch(/^🛠 Loja: até hoje · 14:00\n/)
  expect(labels(shown)).toEqual([['encerrar · Loja'], ['🛠 20 min', '🛠 1 h', '🛠 2 h'], ['📅 marcar manutenção']])
  expect(await windowsOf(person)).toMatchObject([{ groupName: 'Loja', endsAt: new Date('2026-11-21T17:00:00Z') }])
  await person.says('/manutencao 30m blog.example')
  expect((await windowsOf(person)).map(({ groupName }) => groupName)).toEqual(['Loja', null])
  expect((await person.presses('encerrar · Loja', shown.id)).toast).toBe('Manutenção encerrada.')
  expect(await windowsOf(person)).toMatchObject([{ groupName: null }])
})

test('/maintenance works in English by buttons, and a repeated request begins one maintenance', async () => {
  const person = newPerson('en')
  await person.says('/monitor example.org')
  const shown = await person.says('/maintenance')
  world.telegram.failNext('editMessageText', { status: 502 })
  expect((await person.presses('🛠 1 h', shown.id)).shown.text).toMatch(/^🛠 all monitors: until today · 1:00\sPM/)
  expect(await windowsOf(person)).toHaveLength(1)
})

test.each([
  ['bastante tempo', /^Não entendi a duração em “bastante tempo”\. Mande por exemplo \/manutencao 2h/],
  ['amanhã', /^Não entendi quando começa em “amanhã”\. .*por exemplo \/manutencao amanhã 22:00 2h\./],
  ['hoje 08:00 2h', /^O começo em “hoje 08:00 2h” já passou\./],
  ['amanhã 22:00', /^Não entendi a duração em “amanhã 22:00”/],
  ['24/12/2028 22:00 2h', /^Só marco manutenções até um ano à frente/],
  ['99 3 * * 2 1h', /^“99 3 \* \* 2” não é um cron de cinco campos\. .*\(toda terça às 3h\)/],
  ['cron tudo errado 1h', /^“tudo errado 1h” não é um cron|^Não entendi a duração/],
  ['0 0 31 2 * 1h', /^“0 0 31 2 \*” não é um cron/],
  ['10 s', /^A manutenção dura de 1 minuto a 7 dias/],
  ['8 dias', /^A manutenção dura de 1 minuto a 7 dias/],
  ['2h Padaria', /^Não achei um grupo nem um monitor “Padaria”/],
])('/manutencao %s is explained with an example and begins nothing', async (argument, words) => {
  const person = newPerson()
  expect((await person.says(`/manutencao ${argument}`)).text).toMatch(words)
  expect(await windowsOf(person)).toEqual([])
})

test('maintenance of another chat cannot be ended with a forged button', async () => {
  const [owner, stranger] = [newPerson(), newPerson()]
  await owner.says('/manutencao 1h')
  const [window] = await windowsOf(owner)
  const { id } = await stranger.says('/manutencao')
  expect((await stranger.forges(id, `v1:F:${window!.windowId}`)).toast).toBe('Essa manutenção já acabou.')
  expect(await windowsOf(owner)).toHaveLength(1)
})
