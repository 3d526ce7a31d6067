import { expect, test } from 'vitest'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const subscriptions = ({ chatId }: { chatId: number }) => world.deps.follows.of(chatId, 'page/')

test('a visitor subscribes with one press of a link, in the language of Telegram, and ends it with one press', async () => {
  const [owner, visitor] = [newPerson(), newPerson('en')]
  await owner.says('/pagina Loja & Cia')
  const [page] = await world.deps.statusPages.of([owner.chatId])
  const shown = await visitor.says(`/start q_${page!.secret}`)
  expect(shown.text).toBe('🔔 Done! When a service of Loja & Cia goes down or comes back, you get a message here.')
  expect(labels(shown)).toEqual([['unsubscribe']])
  await visitor.says(`/start q_${page!.secret}`)
  expect(await subscriptions(visitor)).toMatchObject([{ subject: `page/${page!.id}`, title: 'Loja & Cia' }])
  expect((await visitor.presses('unsubscribe', shown.id)).toast).toBe('You no longer get messages about this page.')
  expect(await subscriptions(visitor)).toEqual([])
})

test('a public page is reached by its slug, a secret page only by its secret', async () => {
  const [owner, visitor] = [newPerson(), newPerson()]
  await owner.says('/pagina Oficina do Bairro')
  expect((await visitor.says('/start p_oficina-do-bairro')).text).toMatch(/^Essa página de status não existe mais/)
  await owner.presses('🌐 tornar pública')
  expect((await visitor.says('/start p_oficina-do-bairro')).text).toMatch(/^🔔 Pronto!/)
  const [page] = await world.deps.statusPages.of([owner.chatId])
  expect((await visitor.says(`/start q_${page!.secret}`)).text).toMatch(/^Essa página de status não existe mais/)
})
