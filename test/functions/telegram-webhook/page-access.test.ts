import { expect, test } from 'vitest'
import { pageDoorsIn } from '#database/pages/page-doors.ts'
import { isSignatureFor } from '#functions/pages/signed-link.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

type Person = ReturnType<typeof newPerson>
const pageOf = async ({ chatId }: { chatId: number }) => (await world.deps.statusPages.of([chatId]))[0]!

/** The link of the newest button with one, and the page that it opens. */
const linkIn = ({ buttons }: { buttons: { url?: string }[][] }) =>
  buttons.flat().flatMap(({ url }) => (url === undefined ? [] : [new URL(url)]))[0]

const isValid = async (pageId: number, url: URL | undefined) => {
  const door = await pageDoorsIn(world.db).forMembers(pageId)
  return isSignatureFor(door!, 'link', url?.searchParams.get('signature') ?? '', world.time.now)
}

const newGroup = async (options: { hidesMembers?: boolean; supergroup?: boolean } = {}) => {
  const owner = newPerson()
  const group = world.telegram.group('Equipe', options)
  const seat = group.as(owner, 'creator')
  group.addBot(owner)
  seat.send('/pagina Equipe')
  await world.settled()
  seat.press('👥 só membros')
  await world.settled()
  const page = await pageOf(group)
  return { owner, group, seat, page, start: `m_${page.id}` }
}

test('in a private chat, a button gives a signed link for the page, each time another one', async () => {
  const person = newPerson()
  await person.says('/pagina Diário')
  const card = (await person.presses('👥 só membros')).shown
  const page = await pageOf(person)
  expect(page.access).toBe('members')
  expect(card.text).toContain(`https://vigia.test/status/m/${page.id}\n`)
  expect(card.text).toContain('👥 Só membros: quem está neste chat')
  expect(labels(card)[0]).toEqual(['👥 abrir a página'])
  const { shown } = await person.presses('👥 abrir a página')
  expect(labels(shown)).toEqual([['abrir Diário'], ['novo link']])
  expect(shown.text).toContain('vale por 10 minutos')
  expect(shown.text).not.toContain('signature')
  const link = linkIn(shown)!
  expect(link.href).toMatch(/^https:\/\/vigia\.test\/status\/m\/\d+\?signature=page_/)
  expect(await isValid(page.id, link)).toBe(true)
  world.time.now = new Date(+world.time.now + 3_600_000)
  expect(await isValid(page.id, link)).toBe(false)
  expect(await isValid(page.id, linkIn((await person.presses('novo link')).shown))).toBe(true)
})

test('in a group, the button leads to the private chat, where Telegram is asked about the person each time', async () => {
  const { group, seat, page, start } = await newGroup()
  expect(linkIn(seat.answers().at(-1)!)!.href).toBe(`https://t.me/VigiaBot?start=${start}`)
  const member = newPerson()
  group.as(member)
  expect(await isValid(page.id, linkIn(await member.says(`/start ${start}`)))).toBe(true)
  group.as(member, 'left')
  expect((await member.presses('novo link')).shown.text).toBe('Essa página não existe, ou você não está no chat dela.')
  group.as(member, 'kicked')
  expect(linkIn(await member.says(`/start ${start}`))).toBeUndefined()
})

test('strangers and pages that are not for members get the same answer', async () => {
  const { page, start } = await newGroup()
  const stranger = newPerson()
  const answers = [await stranger.says(`/start ${start}`), await stranger.says('/start m_999999')]
  await world.deps.statusPages.edit(page.chatId, page.id, () => ({ access: 'public' }))
  answers.push(await stranger.says(`/start ${start}`))
  const { id } = answers[0]!
  answers.push((await stranger.forges(id, `v1:Z:${page.id}`)).shown)
  for (const { text, buttons } of answers)
    expect([text, buttons]).toEqual(['Essa página não existe, ou você não está no chat dela.', []])
})

test('the page of a group that hides its members opens only for its administrators', async () => {
  const { owner, group, start } = await newGroup({ hidesMembers: true, supergroup: true })
  const member = newPerson()
  group.as(member)
  expect(linkIn(await member.says(`/start ${start}`))).toBeUndefined()
  expect(linkIn(await owner.says(`/start ${start}`))?.search).toContain('signature=')
})

test('a link is not stored in the outbox while Telegram asks for a wait', async () => {
  const person = newPerson()
  await person.says('/pagina Cofre')
  await person.presses('👥 só membros')
  world.telegram.failNext('sendMessage', { status: 429, retryAfter: 60 })
  await person.presses('👥 abrir a página')
  const requested = world.broker.events('message.requested')
  expect(JSON.stringify(requested)).not.toContain('signature')
})

const openPublic = async (title: string): Promise<Person> => {
  const person = newPerson()
  await person.says(`/pagina ${title}`)
  await person.presses('🌐 tornar pública')
  return person
}

test('a page gets a domain of its own, with the DNS record that it needs, and loses it by a button', async () => {
  const person = await openPublic('Oficina')
  expect((await person.presses('🔗 domínio próprio')).shown.text).toContain(
    '/pagina oficina @ status.exemplo.com.br\nA página precisa ser pública',
  )
  const shown = await person.says('/pagina oficina @ https://Status.Oficina.com.br/')
  expect(shown.text).toContain('Oficina\nhttps://status.oficina.com.br\n')
  expect(shown.text).toContain('status.oficina.com.br CNAME vigia.test\n')
  expect(await pageOf(person)).toMatchObject({ domain: 'status.oficina.com.br' })
  expect((await person.presses('🔒 tornar secreta')).toast).toMatch(/^Uma página secreta não pode ter domínio próprio/)
  expect((await person.says('/pagina oficina Oficina do Zé')).text).toContain('https://status.oficina.com.br')
  const without = (await person.presses('🔗 tirar o domínio')).shown
  expect(without.text).toContain('https://vigia.test/status/oficina')
  expect(await pageOf(person)).toMatchObject({ domain: null, title: 'Oficina do Zé' })
})

test('a page for members at its own domain has its links there', async () => {
  const person = await openPublic('Sala')
  await person.says('/pagina sala @ sala.exemplo.com.br')
  await person.presses('👥 só membros')
  const link = linkIn((await person.presses('👥 abrir a página')).shown)!
  expect(link.origin + link.pathname).toBe('https://sala.exemplo.com.br/')
})

test.each([
  ['não é', /não é um domínio/],
  ['10.0.0.1', /não é um domínio/],
  ['localhost', /não é um domínio/],
  ['status-page.vigia.svc', /não é um domínio/],
  ['exemplo.com.br/status', /não é um domínio/],
  ['ana@exemplo.com.br', /não é um domínio/],
  ['exemplo..com', /não é um domínio/],
  [`${'a'.repeat(64)}.com`, /não é um domínio/],
  ['vigia.test', /é um endereço do próprio Vigia/],
])('the domain %s is explained and changes nothing', async (domain, words) => {
  const person = await openPublic(`Casa ${Buffer.from(domain).toString('hex').slice(0, 20)}`)
  const { slug } = await pageOf(person)
  expect((await person.says(`/pagina ${slug} @ ${domain}`)).text).toMatch(words)
  expect(await pageOf(person)).toMatchObject({ domain: null })
})

test('a taken domain and the domain of a secret page are explained, letters beyond ASCII become Punycode', async () => {
  const [first, second] = [await openPublic('Um lugar'), await openPublic('Outro lugar')]
  await first.says('/pagina um-lugar @ situação.exemplo.com.br')
  expect(await pageOf(first)).toMatchObject({ domain: 'xn--situao-7ta5a.exemplo.com.br' })
  expect((await second.says('/pagina outro-lugar @ situação.exemplo.com.br')).text).toMatch(
    /^Outra página já usa o domínio xn--situao-7ta5a\.exemplo\.com\.br, e um domínio mostra uma página só/,
  )
  await second.presses('🔒 tornar secreta')
  expect((await second.says('/pagina outro-lugar @ outro.exemplo.com.br')).text).toMatch(/^Uma página secreta não pode/)
  expect(await pageOf(second)).toMatchObject({ domain: null, access: 'link' })
})
