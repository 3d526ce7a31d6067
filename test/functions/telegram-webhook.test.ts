import { describe, expect, test } from 'vitest'
import { labels, newPerson, showIds, useConversations, world } from './telegram-webhook/conversations.ts'

useConversations()

describe('the first message of a chat', () => {
  test('/start welcomes a new person in the language of their phone, and shows the menu to a known person', async () => {
    const ana = world.person('Ana')
    const welcome = await ana.says('/start')
    expect(welcome.text).toMatch(/^Oi, Ana! Eu sou o Vigia\./)
    expect(labels(welcome)).toEqual([['🔎 Buscar série'], ['🌐 English', '🕘 Fuso: Brasília · São Paulo']])
    const menu = await ana.says('/start')
    expect(menu.text).toBe('Em que posso ajudar? Você também pode só me mandar o nome de uma série.')
    expect(labels(menu)[1]).toEqual(['📺 Minhas séries', '🗓 Próximos episódios'])

    const bob = world.person('Bob', 'en-US')
    expect((await bob.says('/start')).text).toMatch(/^Hi, Bob! I'm Vigia\./)
  })

  test('a /start link to a series shows its card at once', async () => {
    const person = newPerson()
    const card = await person.says(`/start s_${showIds.novela}`)
    expect(card.text).toMatch(/^Rua das Acácias/)
    expect(labels(card)[0]).toEqual(['seguir'])
    expect((await person.says('/start s_999999999')).text).toMatch(/não existe mais no TVmaze/)
  })

  test('a forged /start link is explained', async () => {
    const person = newPerson()
    expect((await person.says('/start s_0')).text).toMatch(/^Esse link não leva a nada que eu conheça.*\n\nOi, /)
    for (const forged of ['s_99999999999', 's_-1', 's_82x', 'drop_table'])
      expect((await person.says(`/start ${forged}`)).text, forged).toMatch(/^Esse link .*\n\nEm que posso ajudar/)
  })

  test('every name of a command works in a chat of either language, with capitals and accents, and the answer is in the chat’s language', async () => {
    const person = newPerson('en')
    await person.says('/start')
    for (const name of ['/ajuda', '/help', '/AJUDA', '/sobre', '/About'])
      expect((await person.says(name)).text, name).toMatch(/^Series\nSend me the name/)
    for (const name of ['/series', '/shows', '/Séries'])
      expect((await person.says(name)).text, name).toMatch(/do not follow any series yet/)
    for (const name of ['/proximos', '/próximos', '/upcoming', '/hoje', '/today'])
      expect((await person.says(name)).text, name).toMatch(/do not follow any series yet/)
    for (const name of ['/monitores', '/monitors'])
      expect((await person.says(name)).text, name).toMatch(/not watching anything yet/)
  })

  test('the answer to an unknown command names the help command', async () => {
    const person = newPerson()
    expect((await person.says('/abracadabra')).text).toBe('Não conheço esse comando. Veja o que eu faço em /ajuda.')
  })
})

describe('finding and following', () => {
  test('a series is found by its name and followed from its card; the follow can be undone and then restored', async () => {
    const person = newPerson()
    const card = await person.says('harbor nine')
    expect(card.text).toBe('Harbor Nine (2026)\nMeridian · em exibição')
    expect(card.photo).toMatch(/^http/)
    expect(labels(card)).toEqual([['seguir'], ['TVmaze']])

    const pressed = await person.presses('seguir', card.id)
    expect(pressed.toast).toBe('Pronto! Eu aviso quando sair episódio novo.')
    expect(pressed.shown.text).toMatch(
      /🔔 Estou buscando a data do próximo episódio; daqui a pouco ela aparece em \/series\.$/,
    )
    expect(pressed.shown.photo).toBe(card.photo)
    expect(labels(pressed.shown)[0]).toEqual(['seguindo ✓', 'desfazer'])
    expect(world.broker.events('series.followed').at(-1)).toMatchObject({
      subject: `show/${showIds.harbor}`,
      data: { chatId: person.chatId, showId: showIds.harbor, followedAt: '2026-11-21T15:00:00.000Z' },
    })

    const undone = await person.presses('desfazer', card.id)
    expect(labels(undone.shown)[0]).toEqual(['seguir', 'desfazer'])
    expect(await world.deps.follows.of(person.chatId, 'show/')).toEqual([])
    world.time.now = new Date('2026-11-25T15:00:00Z')
    const redone = await person.presses('desfazer', card.id)
    expect(redone.toast).toBe('Desfeito! Você continua seguindo.')
    expect(await world.deps.follows.of(person.chatId, 'show/')).toEqual([
      {
        subject: `show/${showIds.harbor}`,
        title: 'Harbor Nine',
        followedAt: new Date('2026-11-21T15:00:00Z'),
      },
    ])
  })

  test('the answer to a follow contains the next episode in the catalogue, with its hour in the chat’s zone, or with only its date', async () => {
    await world.fillCatalogue(showIds.harbor, showIds.streamer, showIds.lighthouseOld, showIds.hiatus)
    const person = newPerson()
    const timed = await person.says('harbor nine')
    // Sunday 21:00 in New York is Sunday 23:00 in São Paulo, because summer time in the US has ended.
    expect((await person.presses('seguir', timed.id)).shown.text).toMatch(/🔔 Próximo: T\d+ E\d+ · amanhã · 23:00$/)
    const dated = await person.says('signal from ganymede')
    expect((await person.presses('seguir', dated.id)).shown.text).toMatch(
      /🔔 Próximo: T\d+ E\d+ · qua\., 25 nov \(horário não divulgado\)$/,
    )
    const ended = await person.says(`/start s_${showIds.lighthouseOld}`)
    expect((await person.presses('seguir', ended.id)).shown.text).toMatch(/A série acabou; se ela voltar, eu aviso\.$/)
    const undated = await person.says('paper moons')
    expect((await person.presses('seguir', undated.id)).shown.text).toMatch(
      /🔔 O próximo episódio ainda não tem data; eu aviso quando ele sair\.$/,
    )
  })

  test('one message shows the search results one by one, with buttons to go back and forth, and the year distinguishes shows with the same name', async () => {
    const person = newPerson()
    const first = await person.says('/buscar lighthouse')
    expect(labels(first)[1]).toEqual(['1/2', '›'])
    const { shown } = await person.presses('›', first.id)
    expect(shown.text.split('\n')[0]).not.toBe(first.text.split('\n')[0])
    expect(shown.text.split('\n')[0]).toMatch(/\(\d{4}\)$/)
    expect(labels(shown)[1]).toEqual(['‹', '2/2'])
    const back = await person.presses('‹', first.id)
    expect(back.shown.text).toBe(first.text)
    expect(person.answers()).toHaveLength(1)
  })

  test('paging to a series without a picture replaces the photo with text', async () => {
    world.tvmaze.addShow({ id: 990_001, name: 'Duas Caras Um', hasImage: true })
    world.tvmaze.addShow({ id: 990_002, name: 'Duas Caras Dois', hasImage: false })
    const person = newPerson()
    const first = await person.says('duas caras')
    const { shown } = await person.presses('›', first.id)
    expect([first.photo === null, shown.photo === null].toSorted()).toEqual([false, true])
    expect(person.answers()).toHaveLength(1)
    expect((await person.presses('‹')).shown.text).toBe(first.text)
    expect(person.answers()).toHaveLength(1)
  })

  test('an unknown name gets a helpful answer, and HTML in a name is shown as text', async () => {
    const person = newPerson()
    expect((await person.says('xyzzyplugh')).text).toMatch(/^Não achei nenhuma série com “xyzzyplugh”/)
    expect((await person.says('<b>zzqq & <script>"q"')).text).toContain('“<b>zzqq & <script>"q"”')
    world.tvmaze.addShow({ id: 990_003, name: 'Qwert <a href="x">& Filhos</a> "</b>" \u202eoirártnoc' })
    const card = await person.says('qwert')
    expect(card.text.split('\n')[0]).toMatch(/^Qwert <a href="x">& Filhos<\/a> "<\/b>" oirártnoc/)
    await person.presses('seguir', card.id)
    expect((await person.says('/series')).text).toContain('Qwert <a href="x">& Filhos</a> "</b>"')
  })

  test('while TVmaze is unavailable the bot says so, and its button repeats the search', async () => {
    const person = newPerson()
    for (const fault of ['down', '429', 'html200', '502'] as const) {
      world.tvmaze.fail(fault)
      const apology = await person.says('signal')
      expect(apology.text, fault).toMatch(/^O TVmaze, de onde vêm os dados das séries, não respondeu/)
      expect((await person.presses('tentar de novo', apology.id)).toast).toBe(
        'O TVmaze não está respondendo. Tente de novo em um minuto.',
      )
    }
    world.tvmaze.fail(null)
    const { shown } = await person.presses('tentar de novo')
    expect(shown.text).toMatch(/^Signal from Ganymede/)
    expect(shown.photo).not.toBeNull()
  })

  test('a URL or host is not searched for: the bot explains how to monitor it', async () => {
    const person = newPerson()
    expect((await person.says('https://example.org/a')).text).toContain('/monitorar https://example.org/a')
    // A text without a scheme may be the name of a series. The bot treats it as an address if no series has that name.
    expect((await person.says('exemplo.com.br')).text).toContain('/monitorar exemplo.com.br')
    expect((await person.says('host:22')).text).toContain('/monitorar tcp://host:22')
  })

  test('only the newest searches are kept; the card of a deleted search says that the search has expired, and the follow button of the card still works', async () => {
    const person = newPerson()
    const old = await person.says('lighthouse')
    for (let i = 0; i < 20; i++) await world.deps.searches.keep(person.chatId, `again ${i}`, [])
    expect((await person.presses('›', old.id)).toast).toMatch(/^Essa busca já expirou/)
    const { toast, shown } = await person.presses('seguir', old.id)
    expect(toast).toBe('Pronto! Eu aviso quando sair episódio novo.')
    expect(shown.id).toBe(old.id)
    expect(person.answers().at(-1)!.text).toMatch(/^Pronto! Você segue/)
    expect(await world.deps.follows.of(person.chatId, 'show/')).toHaveLength(1)
  })
})

describe('a person who blocks the bot', () => {
  test('gets no messages and keeps the follows; after unblocking, the person is reachable again', async () => {
    const person = newPerson()
    await person.says('/start')
    await world.deps.follows.follow(person.chatId, 'show/7', new Date(), null)
    person.block()
    await world.settled()
    expect((await world.deps.chats.find(person.chatId))?.unreachableSince).not.toBeNull()
    expect(await world.deps.follows.followersOf('show/7')).toEqual([])
    person.unblock()
    await world.settled()
    expect((await world.deps.follows.followersOf('show/7')).map(({ id }) => id)).toEqual([person.chatId])
  })
})
