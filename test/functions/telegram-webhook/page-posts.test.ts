import { expect, test } from 'vitest'
import type { DataOf, VigiaEvent } from '#events/event.ts'
import type { PagePosted } from '#events/page-posted.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

type Person = ReturnType<typeof newPerson>

/** The posts of the page of a person: their statuses and texts, the oldest first. */
const postsOf = async ({ chatId }: Person) =>
  (
    await world.db.query<{ status: string; text: string; thread: number }>(
      `select status, text, coalesce(thread_id, page_post.id) as thread from page_post
       join status_page page on page.id = page_id where chat_id = $1 order by page_post.id`,
      [chatId],
    )
  ).rows
const eventsOf = async (person: Person) => {
  const [page] = await world.deps.statusPages.of([person.chatId])
  const events = world.broker.events('page.posted') as VigiaEvent<DataOf<typeof PagePosted>>[]
  return events.filter(({ data }) => data.pageId === page!.id)
}

test('/aviso puts a text onto the page, and buttons lead through the statuses to the end; each is one event', async () => {
  const person = newPerson()
  await person.says('/pagina Farmácia')
  const shown = await person.says('/aviso O site <b>está</b> lento.')
  expect(shown.text).toMatch(/^Farmácia · 🔎 Investigando\n\nO site <b>está<\/b> lento\.\n\nEstá na página/)
  expect(labels(shown)).toEqual([['🛠 Causa identificada'], ['👀 Acompanhando'], ['✅ Resolvido'], ['mudar o impacto']])
  await person.presses('🛠 Causa identificada', shown.id)
  await person.says('/aviso farmacia O banco de dados parou.')
  await person.presses('✅ Resolvido')
  const posts = await postsOf(person)
  expect(posts.map(({ status, text }) => [status, text])).toEqual([
    ['investigating', 'O site <b>está</b> lento.'],
    ['identified', 'Encontramos a causa e estamos trabalhando na correção.'],
    ['identified', 'O banco de dados parou.'],
    ['resolved', 'O problema foi resolvido.'],
  ])
  expect(new Set(posts.map(({ thread }) => thread)).size).toBe(1)
  expect((await eventsOf(person)).map(({ data }) => data.status)).toEqual(posts.map(({ status }) => status))
  await person.says('/aviso Outro assunto.')
  const all = await postsOf(person)
  expect([all.at(-1)!.status, new Set(all.map(({ thread }) => thread)).size]).toEqual(['investigating', 2])
})

test('a request that is repeated makes one post and the same event', async () => {
  const person = newPerson('en')
  await person.says('/page Bakery')
  world.telegram.failNext('sendMessage', { status: 502 })
  await person.says('/notice The ovens are cold.')
  expect((await postsOf(person)).map(({ text }) => text)).toEqual(['The ovens are cold.'])
  expect(await eventsOf(person)).toHaveLength(1)
})

test('a button that is pressed several times at once makes one post', async () => {
  const person = newPerson()
  await person.says('/pagina Padaria')
  await person.says('/aviso O forno parou.')
  const [page] = await world.deps.statusPages.of([person.chatId])
  const [first] = await postsOf(person)
  const matter = { pageId: page!.id, threadId: first!.thread, incidentId: null, impacts: {} }
  const next = { ...matter, status: 'identified', text: 'A resistência.' } as const
  const presses = ['one', 'two', 'three', 'four'].map(press =>
    world.deps.pagePosts.advance({ ...next, at: new Date() }, `press/${page!.id}/${press}`),
  )
  expect((await Promise.all(presses)).filter(post => post !== null)).toHaveLength(1)
  expect((await postsOf(person)).map(({ status }) => status)).toEqual(['investigating', 'identified'])
})

test('without a page, a text or the name of one of several pages, /aviso explains itself', async () => {
  const person = newPerson()
  expect((await person.says('/aviso oi')).text).toMatch(/^Você ainda não tem páginas de status/)
  await person.says('/pagina Um Dois')
  expect((await person.says('/aviso')).text).toContain('/aviso um-dois O pagamento com cartão está lento.')
  await person.says('/pagina Tres Quatro')
  expect((await person.says('/aviso sem nome')).text).toContain('Suas páginas: um-dois, tres-quatro')
  expect((await person.says(`/aviso um-dois ${'x'.repeat(1001)}`)).text).toBe(
    'O texto de um aviso tem no máximo 1000 letras.',
  )
  expect(await postsOf(person)).toEqual([])
})

test('the notice of another chat cannot be continued with a forged button', async () => {
  const [owner, stranger] = [newPerson(), newPerson()]
  await owner.says('/pagina Livraria')
  await owner.says('/aviso Fechado hoje.')
  const [post] = await postsOf(owner)
  await stranger.says('/pagina Outra')
  const { id } = await stranger.says('/pagina')
  expect((await stranger.forges(id, `v1:O:${post!.thread}:resolved`)).toast).toBe('Esse aviso não existe mais.')
  expect(await postsOf(owner)).toHaveLength(1)
})

test('buttons say how much each service is affected; the next post keeps it until the matter is resolved', async () => {
  const person = newPerson()
  for (const host of ['loja.example', 'api.example']) await person.says(`/monitorar ${host}`)
  await person.says('/pagina Mercado')
  const { id } = await person.says('/aviso O pagamento está lento.')
  const [page] = await world.deps.statusPages.of([person.chatId])
  const [shop, api] = page!.components.map(({ monitorId }) => monitorId)
  const impactsOf = async () =>
    (
      await world.db.query<{ impacts: object }>('select impacts from page_post where page_id = $1 order by id', [
        page!.id,
      ])
    ).rows.map(({ impacts }) => impacts)
  await person.presses('mudar o impacto', id)
  await person.presses('🟢 loja.example', id)
  await person.presses('🟡 desempenho degradado', id)
  await person.presses('🟢 api.example', id)
  const { shown } = await person.presses('🟠 parcialmente fora do ar', id)
  expect(labels(shown).slice(0, 2)).toEqual([['🟡 loja.example'], ['🟠 api.example']])
  await person.presses('‹ voltar', id)
  await person.presses('👀 Acompanhando', id)
  await person.presses('✅ Resolvido', id)
  const both = { [shop!]: 'degraded', [api!]: 'partial' }
  expect(await impactsOf()).toEqual([both, both, {}])
  const [post] = await postsOf(person)
  expect((await person.forges(id, `v1:i2:${post!.thread}:impact:${shop}-down`)).toast).toMatch(/^Este aviso já tem/)
  const stranger = newPerson()
  await stranger.says('/pagina Outra')
  const other = await stranger.says('/pagina')
  expect((await stranger.forges(other.id, `v1:i2:${post!.thread}:impact:${shop}-down`)).toast).toBe(
    'Esse aviso não existe mais.',
  )
})
