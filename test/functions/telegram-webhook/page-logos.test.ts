import { expect, test } from 'vitest'
import { jpeg, png } from '#test/functions/pages/images.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'

useConversations()

const withPage = async (title: string) => {
  const person = newPerson()
  await person.says(`/pagina ${title}`)
  const page = (await world.deps.statusPages.of([person.chatId]))[0]!
  const logo = async () =>
    (
      await world.db.query<{ type: string; bytes: Buffer; width: number }>(
        'select type, bytes, width from page_logo where page_id = $1',
        [page.id],
      )
    ).rows[0] ?? null
  const sends = async (send: () => number) => {
    send()
    await world.settled()
    return person.answers().at(-1)!
  }
  return {
    ...{ person, page, logo },
    photo: (bytes: Buffer) => sends(() => person.sendPhoto(bytes)),
    file: (bytes: Buffer, name = 'logo.png') => sends(() => person.sendFile({ name, bytes })),
  }
}

test('a photo or a file that follows the button becomes the logo, another one takes its place, and a button removes it', async () => {
  const { person, logo, photo, file } = await withPage('Padaria')
  expect((await person.presses('🖼 logotipo')).shown.text).toMatch(/^Mande agora a imagem do logotipo de Padaria/)
  const shown = await photo(jpeg)
  expect(shown.text).toMatch(/^Padaria\n/)
  expect(labels(shown)).toContainEqual(['🖼 trocar o logotipo', '🖼 tirar o logotipo'])
  expect(await logo()).toEqual({ type: 'jpg', bytes: jpeg, width: 1 })
  await person.presses('🖼 trocar o logotipo')
  await file(png(64, 32))
  expect(await logo()).toMatchObject({ type: 'png', width: 64 })
  const without = (await person.presses('🖼 tirar o logotipo')).shown
  expect(labels(without)).toContainEqual(['🖼 logotipo'])
  expect(await logo()).toBeNull()
})

test('only the next picture of the person who was asked, within 15 minutes, is the logo', async () => {
  const { person, page, logo, photo } = await withPage('Oficina')
  expect((await photo(jpeg)).text).not.toContain('Oficina')
  await person.presses('🖼 logotipo')
  world.time.now = new Date(+world.time.now + 16 * 60_000)
  await photo(jpeg)
  expect(await logo()).toBeNull()
  const { shown } = await person.presses('« página')
  await person.presses('🖼 logotipo')
  await photo(jpeg)
  const kept = await logo()
  expect(kept).not.toBeNull()
  // The next one is only a picture again, and a stranger cannot be asked for the logo of this page.
  await photo(jpeg)
  const stranger = newPerson()
  await stranger.says('/pagina')
  await stranger.forges(shown.id, `v1:S:${page.id}:logo:ask`)
  stranger.sendFile({ name: 'x.png', bytes: png(9, 9) })
  await world.settled()
  expect(await logo()).toEqual(kept)
})

test.each([
  [
    'logo.svg',
    '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    /^SVG não serve como logotipo/,
  ],
  ['logo.png', '<svg onload="alert(1)"/>', /^SVG não serve como logotipo/],
  ['logo.png', 'nothing like a picture', /^Este arquivo não é uma imagem PNG, JPEG ou WebP inteira/],
  ['logo.png', 'x'.repeat(1024 * 1024 + 1), /^A imagem tem mais de 1 MB/],
  ['logo.png', png(2_001, 1), /^A imagem tem mais de 2\.000 pixels de lado/],
])(
  'the file %s that is no logo is explained, changes nothing, and another one can follow',
  async (name, content, words) => {
    const { person, logo, file } = await withPage(`Casa ${content.length} ${name}`)
    await person.presses('🖼 logotipo')
    expect((await file(Buffer.from(content), name)).text).toMatch(words)
    expect(await logo()).toBeNull()
    await file(png(8, 8))
    expect(await logo()).toMatchObject({ width: 8 })
  },
)

test('a picture that Telegram delivers twice is answered twice and stored once', async () => {
  const { person, logo, photo } = await withPage('Duas vezes')
  await person.presses('🖼 logotipo')
  world.telegram.failNext('sendMessage', { status: 500 })
  expect((await photo(jpeg)).text).toMatch(/^Duas vezes\n/)
  expect(await logo()).toMatchObject({ type: 'jpg' })
})

test('while Telegram does not give the file, nothing is stored, and the next attempt stores it', async () => {
  const { person, logo, photo } = await withPage('Mais tarde')
  await person.presses('🖼 logotipo')
  world.telegram.failNext('getFile', { status: 500 })
  expect((await photo(jpeg)).text).toMatch(/^Mais tarde\n/)
  expect(await logo()).toMatchObject({ type: 'jpg' })
})
