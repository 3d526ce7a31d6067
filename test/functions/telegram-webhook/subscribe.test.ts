import { expect, test } from 'vitest'
import { subscribeLink } from '#functions/status-page/html/links.ts'
import { linkOf } from '#functions/telegram-webhook/subscribe.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const subscriptions = ({ chatId }: { chatId: number }) => world.deps.follows.of(chatId, 'page/')

test('a visitor subscribes with one press of a link, in the language of Telegram, and ends it with one press', async () => {
  const [owner, visitor] = [newPerson(), newPerson('en')]
  await owner.says('/pagina Loja & Cia')
  const [page] = await world.deps.statusPages.of([owner.chatId])
  const shown = await visitor.says(`/start q_${page!.secret}`)
  expect(shown.text).toBe(
    '🔔 Done! When a service of Loja & Cia goes down or comes back, or there is a notice or maintenance, you get a message here.',
  )
  expect(labels(shown)).toEqual([['unsubscribe'], ['📋 my subscriptions']])
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

/** A page with two monitors; its services are subscribed to one by one. */
const withServices = async (access: 'public' | 'link') => {
  const owner = newPerson()
  for (const host of ['loja.example', 'api.example']) await owner.says(`/monitorar ${host}`)
  await owner.says(`/pagina Loja ${owner.chatId}`)
  if (access === 'public') await owner.presses('🌐 tornar pública')
  const [page] = await world.deps.statusPages.of([owner.chatId])
  const ids = page!.components.map(({ monitorId }) => monitorId)
  const linkTo = (id: number) => new URL(subscribeLink(page!, 'VigiaBot', id)!).searchParams.get('start')!
  return { owner, page: page!, ids, linkTo }
}

test.each(['public', 'link'] as const)(
  'a visitor subscribes to services of a page (%s), sees them in a list, and ends each with one press',
  async access => {
    const { page, ids, linkTo } = await withServices(access)
    const visitor = newPerson()
    for (const id of ids) {
      expect(linkTo(id)).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
      const { text } = await visitor.says(`/start ${linkTo(id)}`)
      expect(text).toMatch(
        /^🔔 Pronto! Quando (loja|api)\.example \(Loja \d+\) cair ou voltar, ou tiver um aviso ou uma manutenção/,
      )
    }
    await visitor.says(`/start ${linkTo(ids[0]!)}`)
    expect((await subscriptions(visitor)).map(({ subject }) => subject)).toEqual(
      ids.map(id => `page/${page.id}/monitor/${id}`),
    )
    const list = await visitor.says('/inscricoes')
    expect(list.text).toBe('🔔 Você acompanha 2 páginas ou serviços. Toque para não receber mais:')
    expect(labels(list)).toEqual([[`🔕 loja.example · ${page.title}`], [`🔕 api.example · ${page.title}`]])
    const first = await visitor.presses(/loja/, list.id)
    expect(first.toast).toBe('Você não recebe mais os avisos deste serviço.')
    expect(labels(first.shown)).toEqual([[`🔕 api.example · ${page.title}`]])
    expect((await visitor.presses(/api/, list.id)).shown.text).toMatch(/^Você não acompanha nenhuma página/)
    expect(await subscriptions(visitor)).toEqual([])
  },
)

test('the button below a message about the page ends also the subscriptions to its services', async () => {
  const { page, ids, linkTo } = await withServices('public')
  const visitor = newPerson()
  await visitor.says(`/start ${linkTo(ids[0]!)}`)
  const { id } = await visitor.says(`/start p_${page.slug}`)
  await visitor.presses('não receber mais', id)
  expect(await subscriptions(visitor)).toEqual([])
})

test('a service that the page does not show, and a forged link, are explained and subscribe to nothing', async () => {
  const { page, owner } = await withServices('public')
  const visitor = newPerson()
  const [monitor] = await world.deps.monitors.of(owner.chatId)
  await world.deps.statusPages.edit(page.chatId, page.id, () => ({ components: [] }))
  expect((await visitor.says(`/start p_${page.slug}_${monitor!.id}`)).text).toBe(
    `A página ${page.title} não mostra mais esse serviço.`,
  )
  for (const start of [`c_${monitor!.id}_${page.secret}`, `c_1_${'x'.repeat(24)}`, `p_${page.slug}_0`, 'p_a_b_c'])
    expect((await visitor.says(`/start ${start}`)).text).not.toContain('🔔 Pronto!')
  expect(await subscriptions(visitor)).toEqual([])
})

test.each([
  ['p_loja-1', { address: { slug: 'loja-1' }, monitorId: null }],
  ['p_loja-1_42', { address: { slug: 'loja-1' }, monitorId: 42 }],
  ['p_loja_1_42', null],
  ['q_1_42-aaaaaaaaaaaaaaaaaaaa', { address: { secret: '1_42-aaaaaaaaaaaaaaaaaaaa' }, monitorId: null }],
  ['c_7_1_42-aaaaaaaaaaaaaaaaaaaa', { address: { secret: '1_42-aaaaaaaaaaaaaaaaaaaa' }, monitorId: 7 }],
  ['c_07_aaaaaaaaaaaaaaaaaaaaaaaa', null],
  ['s_82', null],
])('the link %s is not ambiguous', (argument, link) => {
  expect(linkOf(argument)).toEqual(link)
})
