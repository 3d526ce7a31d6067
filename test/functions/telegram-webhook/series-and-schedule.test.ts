import { describe, expect, test } from 'vitest'
import { labels, newPerson, showIds, useConversations, world } from './conversations.ts'

useConversations()

describe('the followed series', () => {
  test('are listed with their next episodes; a button removes a series at once, and another restores it even weeks later', async () => {
    await world.fillCatalogue(showIds.harbor, showIds.streamer, showIds.hiatus)
    const person = newPerson()
    await person.says('/start')
    const since = new Date('2026-10-01T00:00:00Z')
    for (const [id, title] of [
      [showIds.harbor, 'Harbor Nine'],
      [showIds.streamer, 'Signal from Ganymede'],
      [showIds.special, 'Not in the catalogue'],
    ] as const)
      await world.deps.follows.follow(person.chatId, `show/${id}`, since, title)
    const list = await person.says('/series')
    expect(list.text).toMatch(
      /^📺 Suas séries \(3\)\n\nPorto Nove\nT\d+ E\d+ · amanhã · 23:00\n\nNot in the catalogue\nbuscando a data…\n\nSinal de Ganimedes\nT\d+ E\d+ · qua\., 25 nov \(horário não divulgado\)$/,
    )
    expect(labels(list)).toEqual([
      ['remover Porto Nove'],
      ['remover Not in the catalogue'],
      ['remover Sinal de Ganimedes'],
    ])
    const removed = await person.presses('remover Porto Nove', list.id)
    expect(removed.toast).toBe('Removida. Não aviso mais.')
    expect(removed.shown.text).toMatch(/^Removi Porto Nove\. Não aviso mais\.\n\n📺 Suas séries \(2\)/)
    expect(labels(removed.shown)[0]).toEqual(['desfazer · Porto Nove'])

    world.time.now = new Date('2026-12-24T15:00:00Z')
    const restored = await person.presses('desfazer · Porto Nove', list.id)
    expect(restored.toast).toBe('Desfeito! Você continua seguindo.')
    expect(restored.shown.text).toMatch(/^📺 Suas séries \(3\)/)
    expect((await world.deps.follows.find(person.chatId, `show/${showIds.harbor}`))?.followedAt).toEqual(since)
    expect(world.broker.events('series.followed').at(-1)?.data).toMatchObject({ followedAt: since.toISOString() })
  })

  test('with the same name are distinguished by year, else by channel, even if a button shortens the name', async () => {
    const person = newPerson()
    await person.says('/start')
    const long = 'As extraordinárias aventuras de uma família comum'
    const shows = [
      { id: 990_001, name: 'Fantasma', premiered: '1998-03-01', on: { br: 'Rede' } },
      { id: 990_002, name: 'Fantasma', premiered: '2021-09-12', on: { br: 'Rede' } },
      { id: 990_003, name: `${long}, parte um`, premiered: '2020-01-01', on: { br: 'Um' } },
      { id: 990_004, name: `${long}, parte dois`, premiered: '2020-05-01', on: { br: 'Dois' } },
    ]
    for (const show of shows) {
      world.tvmaze.addShow(show)
      world.tvmaze.addEpisode(show.id, { season: 1, number: 1, name: 'Piloto', airs: { on: '2026-11-21' } })
      await world.fillCatalogue(show.id)
      await world.deps.follows.follow(person.chatId, `show/${show.id}`, new Date('2026-11-01'), show.name)
    }
    const list = await person.says('/series')
    expect(list.text).toContain('Fantasma (1998)\n')
    expect(list.text).toContain('Fantasma (2021)\n')
    expect(labels(list).flat().toSorted()).toEqual([
      'remover As extraordinárias aventur… (Um)',
      'remover As extraordinárias avent… (Dois)',
      'remover Fantasma (1998)',
      'remover Fantasma (2021)',
    ])
    const { shown } = await person.presses('remover Fantasma (1998)', list.id)
    expect(shown.text).toMatch(/^Removi Fantasma \(1998\)\./)
    expect(labels(shown)[0]).toEqual(['desfazer · Fantasma (1998)'])
    await person.presses('desfazer · Fantasma (1998)', list.id)
    const today = (await person.says('/hoje')).text
    expect(today).toContain('Fantasma (1998) T1 E1')
    expect(today).toContain('Fantasma (2021) T1 E1')
  })

  test('are shown in pages', async () => {
    const person = newPerson()
    await person.says('/start')
    for (let i = 0; i < 14; i++)
      await world.deps.follows.follow(
        person.chatId,
        `show/${5000 + i}`,
        new Date(),
        `Série ${String(i).padStart(2, '0')}`,
      )
    const list = await person.says('/series')
    expect(labels(list).at(-1)).toEqual(['1/3', '›'])
    await person.presses('›', list.id)
    const { shown } = await person.presses('›', list.id)
    expect(labels(shown)).toEqual([['remover Série 12'], ['remover Série 13'], ['‹', '3/3']])
    await person.presses('remover Série 12', list.id)
    const { shown: shorter } = await person.presses('remover Série 13', list.id)
    expect(labels(shorter).at(-1)).toEqual(['‹', '2/2'])
  })
})

describe('the schedule', () => {
  test('lists the next days in the chat’s zone; a season released at once is one line, and an unknown hour is not shown', async () => {
    await world.fillCatalogue(showIds.harbor, showIds.streamer, showIds.drop, showIds.lateNight)
    world.tvmaze.addShow({ id: 990_010, name: 'Queda Livre' })
    for (let number = 1; number <= 8; number++)
      world.tvmaze.addEpisode(990_010, { season: 1, number, name: `Parte ${number}`, airs: { on: '2026-11-27' } })
    await world.fillCatalogue(990_010)
    const person = newPerson()
    await person.says('/start')
    for (const id of [showIds.harbor, showIds.streamer, showIds.lateNight, 990_010])
      await world.deps.follows.follow(person.chatId, `show/${id}`, new Date(), null)
    const { text, entities } = await person.says('/proximos')
    expect(text).toMatch(/^🗓 Próximos 7 dias\n\nAmanhã\n23:00 Porto Nove T\d+ E\d+ “/)
    expect(text).toMatch(/\nQua\., 25 nov\n(.*\n)*Sinal de Ganimedes T\d+ E\d+ “.+” \(horário não divulgado\)/)
    expect(text).toMatch(/\nSex\., 27 nov\n(.*\n)*Queda Livre T1 E1–E8 \(horário não divulgado\)/)
    expect(text).toMatch(/Dias: horário de Brasília\. Dados: TVmaze\.$/)
    expect(text).not.toMatch(/12:00|09:00/)
    // An app in another zone shows its own weekday and hour. An unknown hour has no time that it could move.
    const times = entities.filter(({ type }) => type === 'date_time')
    const hours = times.map(({ offset, length }) => text.slice(offset, offset + length))
    expect(hours.length).toBeGreaterThan(1)
    expect(hours).toEqual(text.match(/^\d\d:\d\d/gm))
    const [{ unix_time, date_time_format }] = times as [(typeof times)[number]]
    expect([unix_time, date_time_format]).toEqual([Date.parse('2026-11-23T02:00:00Z') / 1000, 'wt'])

    // 00:37 in New York is 02:37 in São Paulo and 00:37 in Rio Branco.
    expect(text).toMatch(/02:37 The Last Desk/)
    await person.says('/fuso Rio Branco')
    expect((await person.says('/proximos')).text).toMatch(/00:37 The Last Desk/)
    await world.fillCatalogue(showIds.novela)
    await world.deps.follows.follow(person.chatId, `show/${showIds.novela}`, new Date(), null)
    const month = await person.presses('ver 30 dias')
    expect(month.shown.text).toMatch(/^🗓 Próximos 30 dias/)
    expect(labels(month.shown)[0]).toEqual(['1/2', '›'])
  })

  test('of today begins and ends at midnight in the chat’s zone', async () => {
    await world.fillCatalogue(showIds.novela)
    const person = newPerson()
    await person.says('/start')
    await world.deps.follows.follow(person.chatId, `show/${showIds.novela}`, new Date(), null)
    expect((await person.says('/hoje')).text).toMatch(/^🗓 Hoje, sáb\., 21 nov\n\n21:20 Rua das Acácias T1 E42/)
    // In Lisbon each episode airs after midnight. So the episode of Friday in Brazil is an episode of Saturday there.
    await person.says('/fuso Lisboa')
    expect((await person.says('/hoje')).text).toMatch(/^🗓 Hoje, sáb\., 21 nov\n\n00:20 Rua das Acácias T1 E41/)
    world.time.now = new Date('2026-11-23T23:00:00Z')
    expect((await person.says('/hoje')).text).toBe('Hoje não sai nada do que você segue.')
  })

  test('says that dates are being fetched while a followed series is not in the catalogue', async () => {
    const person = newPerson()
    await person.says('/start')
    await world.deps.follows.follow(person.chatId, `show/${showIds.sparse}`, new Date(), 'Untitled Delta Project')
    const answers = [await person.says('/hoje'), await person.says('/proximos')]
    for (const { text } of answers) expect(text).toMatch(/^Ainda estou buscando as datas/)
    await world.fillCatalogue(showIds.sparse)
    for (const { id } of answers)
      expect((await person.presses('tentar de novo', id)).shown.text).toMatch(/^(Hoje não sai nada|Nada previsto)/)
  })

  test('says that the catalogue is unavailable, and the list of series still shows the names', async () => {
    const person = newPerson()
    await person.says('/start')
    await world.deps.follows.follow(person.chatId, `show/${showIds.harbor}`, new Date(), 'Harbor Nine')
    const original = world.deps.catalogue
    const broken = () => Promise.reject(new Error('no server'))
    world.deps.catalogue = { show: broken, shows: broken }
    try {
      expect((await person.says('/series')).text).toBe(
        '📺 Suas séries (1)\n\nHarbor Nine\n\nAs datas não estão disponíveis agora.',
      )
      for (const command of ['/hoje', '/proximos']) {
        const apology = await person.says(command)
        expect(apology.text).toMatch(/^Não consegui abrir o catálogo de séries agora/)
        expect(labels(apology)).toEqual([['tentar de novo']])
      }
    } finally {
      world.deps.catalogue = original
    }
    await world.fillCatalogue(showIds.harbor)
    expect((await person.presses('tentar de novo')).shown.text).toMatch(/Próximos 7 dias/)
  })
})

describe('settings', () => {
  test('the language chosen by command or button takes precedence over that of the phone', async () => {
    const person = newPerson('pt-br')
    await person.says('/start')
    expect((await person.says('/idioma inglês')).text).toBe('Done! I speak English now.')
    expect((await person.says('/help')).text).toMatch(/^Series/)
    const choice = await person.says('/language')
    expect(labels(choice)).toEqual([['Português', 'English']])
    expect((await person.presses('Português', choice.id)).shown.text).toBe('Pronto! Agora eu falo português.')
    expect((await person.says('/idioma klingon')).text).toBe('Ainda não falo “klingon”. Escolha um destes:')
  })

  test('the zone is chosen by button or city name, and the answer shows the current time there', async () => {
    const person = newPerson()
    await person.says('/start')
    const { shown } = await person.presses(/Fuso/)
    expect(labels(shown)).toEqual([
      ['Brasília · São Paulo'],
      ['Amazonas · Manaus'],
      ['Acre · Rio Branco'],
      ['Fernando de Noronha'],
    ])
    expect((await person.presses('Amazonas · Manaus')).shown.text).toBe(
      'Pronto! Seu fuso é Amazonas · Manaus. Hora atual: 11:00.',
    )
    expect((await world.deps.chats.find(person.chatId))?.zone).toBe('America/Manaus')
    expect((await person.says('/fuso lisboa')).text).toBe('Pronto! Seu fuso é Lisboa. Hora atual: 15:00.')
    expect((await person.says('/fuso Fortaleza, CE')).text).toMatch(/^Pronto! Seu fuso é Fortaleza\./)
    expect((await person.says(`/fuso ${'x'.repeat(4000)}`)).text.length).toBeLessThan(200)
    expect((await person.says('/fuso xqxqxq')).text).toMatch(/^Não achei um fuso para “xqxqxq”/)
    const which = await person.says('/fuso san')
    expect(which.text).toBe('Qual destes é o fuso de “san”?')
    expect(which.buttons.length).toBeGreaterThan(1)
  })
})

test('a list longer than Telegram’s limit ends with an ellipsis instead of an error', async () => {
  const person = newPerson()
  await person.says('/start')
  for (let show = 0; show < 40; show++) {
    const id = 991_000 + show
    world.tvmaze.addShow({ id, name: `Uma série de nome comprido & número ${show} `.repeat(3) })
    world.tvmaze.addEpisode(id, { season: 1, number: 1, name: 'Um episódio '.repeat(9), airs: { on: '2026-11-21' } })
    await world.fillCatalogue(id)
    await world.deps.follows.follow(person.chatId, `show/${id}`, new Date(), null)
  }
  const { text, entities } = await person.says('/hoje')
  expect(text.length).toBeLessThanOrEqual(4096)
  expect(text).toMatch(/…$/)
  expect(entities.filter(({ type }) => type === 'text_link').length).toBeGreaterThan(5)
})
