import { expect, test } from 'vitest'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

type Person = ReturnType<typeof newPerson>
const pagesOf = ({ chatId }: Person) => world.deps.statusPages.of([chatId])

const withMonitors = async (names: readonly string[], language?: string) => {
  const person = newPerson(language)
  for (const name of names) await person.says(`/monitorar ${name}`)
  return person
}

test('/pagina with a title creates a secret page with all monitors, and the same request again creates no other', async () => {
  const person = await withMonitors(['loja.example', 'blog.example'])
  expect((await person.says('/pagina')).text).toMatch(/^Você ainda não tem páginas de status\./)
  const shown = await person.says('/pagina  Loja da  Ana')
  const [page] = await pagesOf(person)
  expect(page).toMatchObject({ slug: 'loja-da-ana', title: 'Loja da Ana', language: 'pt-BR', access: 'link' })
  expect(shown.text).toContain(`Loja da Ana\nhttps://vigia.test/status/p/${page!.secret}`)
  expect(shown.text).toContain('🔒 Secreta: só quem tem este endereço consegue ver.')
  expect(shown.text).toContain('Monitores (2): loja.example, blog.example')
  expect(labels(shown)).toEqual([
    ['copiar endereço'],
    ['☑️ monitores e ordem'],
    ['🌐 tornar pública', '👥 só membros'],
    ['🌐 English', '🔗 domínio próprio'],
    ['🖼 logotipo'],
    ['🗑 excluir'],
    ['« páginas'],
  ])
  await person.says('/pagina Loja da Ana')
  expect(await pagesOf(person)).toHaveLength(1)
})

test('buttons make a page public, change its language, and choose its monitors and their order', async () => {
  const person = await withMonitors(['um.example', 'dois.example', 'tres.example'])
  await person.says('/pagina Botões')
  const shown = (await person.presses('🌐 tornar pública')).shown
  expect(shown.text).toContain('https://vigia.test/status/botoes')
  expect((await person.presses('🌐 English')).shown.text).toContain('Idioma, se o navegador não pedir outro: inglês')
  await person.presses('☑️ monitores e ordem')
  await person.presses('✅ um.example')
  const names = async () => {
    const [page] = await pagesOf(person)
    const monitors = await world.deps.monitors.of(person.chatId)
    return page!.components.map(({ monitorId }) => monitors.find(({ id }) => id === monitorId)!.name)
  }
  expect(await names()).toEqual(['dois.example', 'tres.example'])
  const chosen = (await person.presses('▫️ um.example')).shown
  expect(labels(chosen).slice(0, 3)).toEqual([
    ['✅ dois.example', '⤴'],
    ['✅ tres.example', '⤴'],
    ['✅ um.example', '⤴'],
  ])
  const [page] = await pagesOf(person)
  const last = page!.components[2]!.monitorId
  // The same press twice has one effect.
  for (let time = 0; time < 2; time++) await person.forges(chosen.id, `v1:S:${page!.id}:first:${last}-0`)
  expect(await names()).toEqual(['um.example', 'dois.example', 'tres.example'])
})

test('a page gets another title and another name, and is deleted after a question', async () => {
  const person = await withMonitors([])
  await person.says('/pagina Padaria')
  expect((await person.says('/pagina padaria Padaria do Zé')).text).toMatch(/^Padaria do Zé\n/)
  expect((await person.says('/pagina padaria = padaria-do-ze')).text).toContain('/pagina padaria-do-ze Novo título')
  expect(await pagesOf(person)).toMatchObject([{ slug: 'padaria-do-ze', title: 'Padaria do Zé' }])
  await person.presses('🗑 excluir')
  expect((await person.presses('excluir a página')).shown.text).toMatch(/^Página Padaria do Zé excluída/)
  expect(await pagesOf(person)).toEqual([])
})

test.each([
  ['/pagina bar = Bar', /^“Bar” não serve no endereço/],
  ['/pagina bar = x', /^“x” não serve no endereço/],
  ['/pagina bar = status', /^“status” é um nome reservado/],
  [`/pagina ${'x'.repeat(101)}`, /^O título tem de 1 a 100 letras/],
])('%s is explained and changes nothing', async (text, words) => {
  const person = await withMonitors([])
  await person.says('/pagina Bar')
  expect((await person.says(text)).text).toMatch(words)
  expect(await pagesOf(person)).toMatchObject([{ slug: 'bar', title: 'Bar' }])
})

test('a page cannot be public under the name of another public page', async () => {
  const [first, second] = [await withMonitors([]), await withMonitors([], 'en')]
  await first.says('/pagina Cinema')
  await first.presses('🌐 tornar pública')
  await second.says('/page Cinema')
  const { toast } = await second.presses('🌐 make public')
  expect(toast).toBe('Another public page has the name cinema. Choose another one: /page cinema = another-name')
  expect(await pagesOf(second)).toMatchObject([{ slug: 'cinema', access: 'link' }])
})

test('the page of another chat cannot be seen or changed with a forged button', async () => {
  const [owner, stranger] = [await withMonitors(['loja.example']), await withMonitors([])]
  await owner.says('/pagina Minha')
  const [page] = await pagesOf(owner)
  const { id } = await stranger.says('/pagina')
  for (const data of [`v1:Q:${page!.id}`, `v1:S:${page!.id}:access:public`, `v1:E:${page!.id}`])
    expect((await stranger.forges(id, data)).toast).toBe('Essa página não existe mais.')
  expect(await pagesOf(owner)).toMatchObject([{ access: 'link' }])
})

test('the monitor of another chat does not get onto a page', async () => {
  const [owner, stranger] = [await withMonitors(['loja.example']), await withMonitors([])]
  const [monitor] = await world.deps.monitors.of(owner.chatId)
  const { id } = await stranger.says('/pagina Alheia')
  const [page] = await pagesOf(stranger)
  await stranger.forges(id, `v1:S:${page!.id}:show:${monitor!.id}-0`)
  expect((await pagesOf(stranger))[0]!.components).toEqual([])
})

test('a chat has at most ten pages', async () => {
  const person = await withMonitors([])
  for (let at = 0; at < 10; at++) await person.says(`/pagina Página ${at}`)
  expect((await person.says('/pagina Mais uma')).text).toMatch(/^Este chat já tem 10 páginas/)
  expect(await pagesOf(person)).toHaveLength(10)
})
