import { describe, expect, test } from 'vitest'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { seenIn } from '#database/series/seen.ts'
import type { Episode, Show } from '#database/series/show.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { noticeButtons } from '#functions/notices/notice-buttons.ts'
import { encode } from '#functions/telegram/callback-data.ts'
import { namedEpisodes } from '#functions/telegram-webhook/seen/episode-argument.ts'
import { keyboardOf } from '#functions/telegram-webhook/view-payload.ts'
import { labels, newPerson, useConversations, world } from './conversations.ts'
import { token } from './support.ts'

useConversations()

let nextShow = 700_000

/** A series with five weekly episodes. At the tests' time three of them are out. */
const addShow = async (name = `Farol ${nextShow}`): Promise<Show> => {
  const id = nextShow++
  const episodes = ['11-01', '11-08', '11-15', '11-22', '11-29'].map(
    (day, at): Episode => ({
      ...{ id: id * 10 + at, name: `Parte ${'abcde'[at]}`, season: 1, number: at + 1, type: 'regular' },
      ...{ airdate: `2026-${day}`, airstamp: `2026-${day}T23:00:00Z` },
    }),
  )
  const show: Show = {
    ...{ _id: id, name, url: `https://www.tvmaze.com/shows/${id}`, image: null, channel: null, premiered: null },
    ...{ status: 'Running', updated: 1, imdb: null, thetvdb: null, names: { pt: null }, episodes },
    fetchedAt: '2026-11-21T00:00:00.000Z',
  }
  await world.catalogue.keep(show)
  return show
}

const follower = async (...shows: Show[]) => {
  const person = newPerson()
  await person.says('/start')
  for (const { _id, name } of shows)
    await world.deps.follows.follow(person.chatId, `show/${_id}`, new Date('2026-01-01T00:00:00Z'), name)
  return person
}

const seenOf = async (chatId: number, { _id }: Show) =>
  (await seenIn(world.db).of(chatId, [_id])).map(({ season, number }) => `${season}x${number}`)

/** Sends the buttons of a notice about one episode to a person. */
const notice = async (chatId: number, show: Show, number: number): Promise<number> => {
  const buttons = noticeButtons(
    { id: show._id, url: show.url, name: show.name },
    { season: 1, first: number, last: number },
    { language: 'pt-BR', botName: 'VigiaBot' },
  )
  const response = await fetch(`${world.telegram.url}/bot${token}/sendMessage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ chat_id: chatId, text: 'Saiu episódio novo', reply_markup: keyboardOf(buttons) }),
  })
  const { result } = (await response.json()) as { result: { message_id: number } }
  return result.message_id
}

describe('the buttons of a notice', () => {
  test('mark the episode as seen once, name the next one, and are disabled then', async () => {
    const show = await addShow()
    const ana = await follower(show)
    const id = await notice(ana.chatId, show, 3)
    const { toast, shown } = await ana.presses('✅ vi', id)
    expect(toast).toBe('Anotado: T1 E3 ✓ Próximo: T1 E4 · Parte d · amanhã · 20:00.')
    expect(labels(shown)).toEqual([
      ['✓ ✅ vi', '⏰ em 1 h', '⏰ à noite'],
      ['🔕 silenciar série', 'TVmaze'],
      ['📤 compartilhar'],
    ])
    const again = encode({ act: 'seen', show: show._id, season: 1, first: 3, last: 3 })
    expect((await ana.forges(id, again)).toast).toBe('T1 E3 já estava anotado.')
    expect(await seenOf(ana.chatId, show)).toEqual(['1x3'])
  })

  test('share the series: the link shows its card to whoever opens it', async () => {
    const show = await addShow('Ilha & Mar')
    const ana = await follower(show)
    const id = await notice(ana.chatId, show, 3)
    const share = ana.messages().find(message => message.id === id)!.buttons[2]![0]!.url!
    const { host, pathname, searchParams } = new URL(share)
    expect([host, pathname]).toEqual(['t.me', '/share/url'])
    expect(searchParams.get('text')).toBe('Ilha & Mar: o Vigia avisa quando sai episódio novo.')
    const link = new URL(searchParams.get('url')!)
    expect(link.pathname).toBe('/VigiaBot')
    const card = await newPerson().says(`/start ${link.searchParams.get('start')}`)
    expect(card.text).toMatch(/^Ilha & Mar/)
    expect(labels(card)[0]).toEqual(['seguir'])
  })

  test('remind in an hour and in the evening, once each', async () => {
    const show = await addShow()
    const ana = await follower(show)
    const id = await notice(ana.chatId, show, 3)
    expect((await ana.presses('⏰ em 1 h', id)).toast).toBe('Combinado: lembro você hoje · 13:00.')
    const { toast, shown } = await ana.presses('⏰ à noite', id)
    expect(toast).toBe('Combinado: lembro você hoje · 20:00.')
    expect(labels(shown)[0]).toEqual(['✅ vi', '✓ ⏰ em 1 h', '✓ ⏰ à noite'])
    await ana.forges(id, encode({ act: 'remind', show: show._id, season: 1, first: 3, last: 3, when: 'hour' }))
    const due = await waitingNoticesIn(world.db).due(new Date('2026-11-22T00:00:00Z'), [ana.chatId], 10)
    expect(due.map(({ kind, dueAt }) => [kind, dueAt.toISOString()])).toEqual([
      ['reminder', '2026-11-21T16:00:00.000Z'],
      ['reminder', '2026-11-21T23:00:00.000Z'],
    ])
    expect(due[0]!.data).toMatchObject({ isReminder: true, episodes: [{ number: 3 }], show: { id: show._id } })
  })

  test('mute the series', async () => {
    const show = await addShow('Farol mudo')
    const ana = await follower(show)
    const id = await notice(ana.chatId, show, 3)
    const { toast, shown } = await ana.presses('🔕 silenciar série', id)
    expect(toast).toContain('não aviso mais de Farol mudo')
    expect(labels(shown)[1]).toEqual(['✓ 🔕 silenciar série', 'TVmaze'])
    const { mutedUntil } = await noticeSettingsIn(world.db).of(ana.chatId, show._id)
    expect(mutedUntil!.getUTCFullYear()).toBe(2199)
  })

  test('are refused if they are forged: another series, other episodes, a range backwards', async () => {
    const [show, other] = [await addShow(), await addShow()]
    const ana = await follower(show)
    const id = await notice(ana.chatId, show, 3)
    for (const data of [`v1:3:${show._id}:1:9:9`, `v1:3:${show._id}:1:3:2`, `v1:5:${show._id}:1:3:3:never`])
      expect((await ana.forges(id, data)).toast, data).toMatch(/não vale mais/)
    for (const data of [`v1:3:${other._id}:1:3:3`, `v1:6:${other._id}:1:3:3`])
      expect((await ana.forges(id, data)).toast, data).toBe('Você não segue esta série.')
    expect(await seenOf(ana.chatId, other)).toEqual([])
  })
})

describe('/continuar', () => {
  test('lists what is not seen by series, with the progress, and its buttons go on to the next episode', async () => {
    const [begun, fresh] = [await addShow('B começada'), await addShow('A nova')]
    const ana = await follower(begun, fresh)
    await ana.says('/visto começada T1E1')
    const list = await ana.says('/continuar')
    expect(list.text).toBe(
      `▶️ Para continuar (2)\n\nB começada · 1 de 3 vistos\npróximo: T1 E2 · Parte b\n\nA nova · 0 de 3 vistos\npróximo: T1 E1 · Parte a`,
    )
    await ana.presses('✅ T1 E2 · B começada', list.id)
    const { toast, shown } = await ana.presses('✅ T1 E3 · B começada', list.id)
    expect(toast).toBe('Anotado: T1 E3 ✓')
    expect(shown.text).toMatch(/^▶️ Para continuar \(1\)\n\nA nova/)
  })

  test('says when nothing is left', async () => {
    const show = await addShow()
    const ana = await follower(show)
    await ana.says(`/visto T1`)
    expect(await seenOf(ana.chatId, show)).toHaveLength(5)
    expect((await ana.says('/watchlist')).text).toContain('em dia com tudo')
  })

  test('says how to begin when nothing is followed', async () => {
    const ana = await follower()
    expect((await ana.says('/continuar')).text).toContain('ainda não segue nenhuma série')
  })
})

describe('/visto', () => {
  test('notes an episode, names the next one, and can be undone', async () => {
    const show = await addShow('Farol único')
    const ana = await follower(show)
    const { text, id } = await ana.says('/visto T01E04')
    expect(text).toBe('✅ Farol único T1 E4: visto. Próximo: T1 E5 · Parte e · dom., 29 nov · 20:00.')
    expect((await ana.presses('desfazer', id)).shown.text).toContain('não está mais como visto')
    expect(await seenOf(ana.chatId, show)).toEqual([])
  })

  test('asks for the series if several have the episode, and understands its name', async () => {
    const [one, other] = [await addShow('Primeira'), await addShow('Segunda')]
    const ana = await follower(one, other)
    const { text, id } = await ana.says('/visto 1x02')
    expect(text).toBe('De qual série é T1 E2?')
    await ana.presses('Segunda', id)
    await ana.says('/visto primeira T1E1')
    expect([await seenOf(ana.chatId, one), await seenOf(ana.chatId, other)]).toEqual([['1x1'], ['1x2']])
  })

  test.each(['/visto', '/visto xyz', '/visto T9E9'])('%s says what is possible', async command => {
    const ana = await follower(await addShow())
    expect((await ana.says(command)).text).toContain('/visto Severance T2E5')
  })

  test.each([
    ['T02E05', { season: 2, number: 5, rest: '' }],
    ['s2 e5 Severance', { season: 2, number: 5, rest: 'Severance' }],
    ['Severance 2x05', { season: 2, number: 5, rest: 'Severance' }],
    ['temporada 2 episódio 5 de Severance', { season: 2, number: 5, rest: 'Severance' }],
    ['Severance T2', { season: 2, number: null, rest: 'Severance' }],
    ['season 2 of Severance', { season: 2, number: null, rest: 'Severance' }],
    ['Severance', null],
  ])('%s', (text, expected) => {
    expect(namedEpisodes(text)).toEqual(expected)
  })
})
