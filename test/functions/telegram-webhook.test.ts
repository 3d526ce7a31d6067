import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startWebhook, type Webhook } from '#test/functions/telegram-webhook/support.ts'

let world: Webhook
let cast: Webhook['tvmaze']['showIds']
beforeAll(async () => {
  world = await startWebhook()
  cast = world.tvmaze.showIds
})
afterAll(() => world?.stop())
beforeEach(() => {
  world.time.now = new Date('2026-11-21T15:00:00Z')
  world.tvmaze.fail(null)
})

let people = 0
/** Somebody new for each test. */
const somebody = (language?: string) => world.person(`Pessoa ${++people}`, language)
const labels = ({ buttons }: { buttons: { text: string }[][] }) => buttons.map(row => row.map(({ text }) => text))

describe('first words', () => {
  test('who comes first gets a welcome in the language of their phone, who comes again the menu', async () => {
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

  test('a link to a series shows its card at once', async () => {
    const person = somebody()
    const card = await person.says(`/start s_${cast.novela}`)
    expect(card.text).toMatch(/^Rua das Acácias/)
    expect(labels(card)[0]).toEqual(['seguir'])
    expect((await person.says('/start s_999999999')).text).toMatch(/não existe mais no TVmaze/)
    expect((await person.says('/start drop_table')).text).toMatch(/Em que posso ajudar/)
  })

  test('every name of a command works in either language, with capitals and accents, and is answered in the chat’s', async () => {
    const person = somebody('en')
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

  test('an unknown command is answered with where help is', async () => {
    const person = somebody()
    expect((await person.says('/abracadabra')).text).toBe('Não conheço esse comando. Veja o que eu faço em /ajuda.')
  })
})

describe('finding and following', () => {
  test('a series is found by its name, followed from its card, and the change taken back', async () => {
    const person = somebody()
    const card = await person.says('harbor nine')
    expect(card.text).toBe('Harbor Nine (2026)\nMeridian · em exibição')
    expect(card.photo).toMatch(/^http/)
    expect(labels(card)).toEqual([['seguir'], ['TVmaze']])

    const pressed = await person.presses('seguir', card.id)
    expect(pressed.note).toBe('Pronto! Eu aviso quando sair episódio novo.')
    expect(pressed.shown.text).toMatch(
      /🔔 Estou buscando a data do próximo episódio; daqui a pouco ela aparece em \/series\.$/,
    )
    expect(pressed.shown.photo).toBe(card.photo)
    expect(labels(pressed.shown)[0]).toEqual(['seguindo ✓', 'desfazer'])
    expect(world.broker.events('series.followed').at(-1)).toMatchObject({
      subject: `show/${cast.harbor}`,
      data: { chatId: person.chatId, showId: cast.harbor, followedAt: '2026-11-21T15:00:00.000Z' },
    })

    const undone = await person.presses('desfazer', card.id)
    expect(labels(undone.shown)[0]).toEqual(['seguir', 'desfazer'])
    expect(await world.deps.follows.of(person.chatId, 'show/')).toEqual([])
    world.time.now = new Date('2026-11-25T15:00:00Z')
    const redone = await person.presses('desfazer', card.id)
    expect(redone.note).toBe('Desfeito! Você continua seguindo.')
    expect(await world.deps.follows.of(person.chatId, 'show/')).toEqual([
      {
        subject: `show/${cast.harbor}`,
        title: 'Harbor Nine',
        followedAt: new Date('2026-11-21T15:00:00Z'),
      },
    ])
  })

  test('following says the next episode where the catalogue knows it: the hour by the chat’s clock, or only the date', async () => {
    await world.know(cast.harbor, cast.streamer, cast.lighthouseOld, cast.hiatus)
    const person = somebody()
    const timed = await person.says('harbor nine')
    // Sunday 21:00 in New York is Sunday 23:00 in São Paulo: the US have left summer time.
    expect((await person.presses('seguir', timed.id)).shown.text).toMatch(/🔔 Próximo: T\d+ E\d+ · amanhã · 23:00$/)
    const dated = await person.says('signal from ganymede')
    expect((await person.presses('seguir', dated.id)).shown.text).toMatch(
      /🔔 Próximo: T\d+ E\d+ · qua\., 25 nov \(horário não divulgado\)$/,
    )
    const ended = await person.says(`/start s_${cast.lighthouseOld}`)
    expect((await person.presses('seguir', ended.id)).shown.text).toMatch(/A série acabou; se ela voltar, eu aviso\.$/)
    const undated = await person.says('paper moons')
    expect((await person.presses('seguir', undated.id)).shown.text).toMatch(
      /🔔 O próximo episódio ainda não tem data; eu aviso quando ele sair\.$/,
    )
  })

  test('hits turn like pages in place, and shows of one name are told apart by their year', async () => {
    const person = somebody()
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

  test('turning to a series without a picture puts a text in the place of the photo', async () => {
    world.tvmaze.addShow({ id: 990_001, name: 'Duas Caras Um', hasImage: true })
    world.tvmaze.addShow({ id: 990_002, name: 'Duas Caras Dois', hasImage: false })
    const person = somebody()
    const first = await person.says('duas caras')
    const { shown } = await person.presses('›', first.id)
    expect([first.photo === null, shown.photo === null].toSorted()).toEqual([false, true])
    expect(person.answers()).toHaveLength(1)
    expect((await person.presses('‹')).shown.text).toBe(first.text)
    expect(person.answers()).toHaveLength(1)
  })

  test('a name that nobody has is answered kindly, and hostile ones come back as the text they are', async () => {
    const person = somebody()
    expect((await person.says('xyzzyplugh')).text).toMatch(/^Não achei nenhuma série com “xyzzyplugh”/)
    expect((await person.says('<b>zzqq & <script>"q"')).text).toContain('“<b>zzqq & <script>"q"”')
    world.tvmaze.addShow({ id: 990_003, name: 'Qwert <a href="x">& Filhos</a> "</b>" \u202eoirártnoc' })
    const card = await person.says('qwert')
    expect(card.text.split('\n')[0]).toMatch(/^Qwert <a href="x">& Filhos<\/a> "<\/b>" oirártnoc/)
    await person.presses('seguir', card.id)
    expect((await person.says('/series')).text).toContain('Qwert <a href="x">& Filhos</a> "</b>"')
  })

  test('while TVMaze is away the bot says so, and its button asks again', async () => {
    const person = somebody()
    for (const trouble of ['down', '429', 'html200', '502'] as const) {
      world.tvmaze.fail(trouble)
      const sorry = await person.says('signal')
      expect(sorry.text, trouble).toMatch(/^O TVmaze, de onde vêm os dados das séries, não respondeu/)
      expect((await person.presses('tentar de novo', sorry.id)).note).toBe(
        'O TVmaze não está respondendo. Tente de novo em um minuto.',
      )
    }
    world.tvmaze.fail(null)
    const { shown } = await person.presses('tentar de novo')
    expect(shown.text).toMatch(/^Signal from Ganymede/)
    expect(shown.photo).not.toBeNull()
  })

  test('an address is not searched for: the bot says how to watch it', async () => {
    const person = somebody()
    expect((await person.says('https://example.org/a')).text).toContain('/monitorar https://example.org/a')
    // Without a scheme it may be a name; where no series has it, it was an address.
    expect((await person.says('exemplo.com.br')).text).toContain('/monitorar exemplo.com.br')
    expect((await person.says('host:22')).text).toContain('/monitorar tcp://host:22')
  })

  test('only the newest searches are kept, and the button of a forgotten one says so but still follows', async () => {
    const person = somebody()
    const old = await person.says('lighthouse')
    for (let i = 0; i < 20; i++) await world.deps.searches.keep(person.chatId, `again ${i}`, [])
    expect((await person.presses('›', old.id)).note).toMatch(/^Essa busca já expirou/)
    const { note, shown } = await person.presses('seguir', old.id)
    expect(note).toBe('Pronto! Eu aviso quando sair episódio novo.')
    expect(shown.id).toBe(old.id)
    expect(person.answers().at(-1)!.text).toMatch(/^Pronto! Você segue/)
    expect(await world.deps.follows.of(person.chatId, 'show/')).toHaveLength(1)
  })
})

describe('the series one follows', () => {
  test('are listed with what comes next; one is removed at once, and its button brings it back however late', async () => {
    await world.know(cast.harbor, cast.streamer, cast.hiatus)
    const person = somebody()
    await person.says('/start')
    const since = new Date('2026-10-01T00:00:00Z')
    for (const [id, title] of [
      [cast.harbor, 'Harbor Nine'],
      [cast.streamer, 'Signal from Ganymede'],
      [cast.special, 'Not in the catalogue'],
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
    expect(removed.note).toBe('Removida. Não aviso mais.')
    expect(removed.shown.text).toMatch(/^Removi Porto Nove\. Não aviso mais\.\n\n📺 Suas séries \(2\)/)
    expect(labels(removed.shown)[0]).toEqual(['desfazer · Porto Nove'])

    world.time.now = new Date('2026-12-24T15:00:00Z')
    const restored = await person.presses('desfazer · Porto Nove', list.id)
    expect(restored.note).toBe('Desfeito! Você continua seguindo.')
    expect(restored.shown.text).toMatch(/^📺 Suas séries \(3\)/)
    expect((await world.deps.follows.find(person.chatId, `show/${cast.harbor}`))?.followedAt).toEqual(since)
    expect(world.broker.events('series.followed').at(-1)?.data).toMatchObject({ followedAt: since.toISOString() })
  })

  test('shows of one name are told apart by their year, else by their channel, also where a button cuts the name', async () => {
    const person = somebody()
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
      await world.know(show.id)
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

  test('many are shown by pages', async () => {
    const person = somebody()
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

describe('what is on', () => {
  test('the next days, in the chat’s zone; a drop is one line, and an unknown hour is never made up', async () => {
    await world.know(cast.harbor, cast.streamer, cast.drop, cast.lateNight)
    world.tvmaze.addShow({ id: 990_010, name: 'Queda Livre' })
    for (let number = 1; number <= 8; number++)
      world.tvmaze.addEpisode(990_010, { season: 1, number, name: `Parte ${number}`, airs: { on: '2026-11-27' } })
    await world.know(990_010)
    const person = somebody()
    await person.says('/start')
    for (const id of [cast.harbor, cast.streamer, cast.lateNight, 990_010])
      await world.deps.follows.follow(person.chatId, `show/${id}`, new Date(), null)
    const { text } = await person.says('/proximos')
    expect(text).toMatch(/^🗓 Próximos 7 dias\n\nAmanhã\n23:00 Porto Nove T\d+ E\d+ “/)
    expect(text).toMatch(/\nQua\., 25 nov\n(.*\n)*Sinal de Ganimedes T\d+ E\d+ “.+” \(horário não divulgado\)/)
    expect(text).toMatch(/\nSex\., 27 nov\n(.*\n)*Queda Livre T1 E1–E8 \(horário não divulgado\)/)
    expect(text).toMatch(/Horário de Brasília\. Dados: TVmaze\.$/)
    expect(text).not.toMatch(/12:00|09:00/)

    // 00:37 in New York is 02:37 in São Paulo and 00:37 one day on the same night further west.
    expect(text).toMatch(/02:37 The Last Desk/)
    await person.says('/fuso Rio Branco')
    expect((await person.says('/proximos')).text).toMatch(/00:37 The Last Desk/)
    await world.know(cast.novela)
    await world.deps.follows.follow(person.chatId, `show/${cast.novela}`, new Date(), null)
    const month = await person.presses('ver 30 dias')
    expect(month.shown.text).toMatch(/^🗓 Próximos 30 dias/)
    expect(labels(month.shown)[0]).toEqual(['1/2', '›'])
  })

  test('today begins and ends by the chat’s calendar', async () => {
    await world.know(cast.novela)
    const person = somebody()
    await person.says('/start')
    await world.deps.follows.follow(person.chatId, `show/${cast.novela}`, new Date(), null)
    expect((await person.says('/hoje')).text).toMatch(/^🗓 Hoje, sáb\., 21 nov\n\n21:20 Rua das Acácias T1 E42/)
    // By Lisbon's clock each chapter is on after midnight: Saturday has Friday's.
    await person.says('/fuso Lisboa')
    expect((await person.says('/hoje')).text).toMatch(/^🗓 Hoje, sáb\., 21 nov\n\n00:20 Rua das Acácias T1 E41/)
    world.time.now = new Date('2026-11-23T23:00:00Z')
    expect((await person.says('/hoje')).text).toBe('Hoje não sai nada do que você segue.')
  })

  test('what the catalogue does not have yet is not called nothing', async () => {
    const person = somebody()
    await person.says('/start')
    await world.deps.follows.follow(person.chatId, `show/${cast.sparse}`, new Date(), 'Untitled Delta Project')
    const filling = [await person.says('/hoje'), await person.says('/proximos')]
    for (const { text } of filling) expect(text).toMatch(/^Ainda estou buscando as datas/)
    await world.know(cast.sparse)
    for (const { id } of filling)
      expect((await person.presses('tentar de novo', id)).shown.text).toMatch(/^(Hoje não sai nada|Nada previsto)/)
  })

  test('without the catalogue the list of series still has its names, and the others say what is wrong', async () => {
    const person = somebody()
    await person.says('/start')
    await world.deps.follows.follow(person.chatId, `show/${cast.harbor}`, new Date(), 'Harbor Nine')
    const whole = world.deps.catalogue
    const broken = () => Promise.reject(new Error('no server'))
    world.deps.catalogue = { show: broken, shows: broken }
    try {
      expect((await person.says('/series')).text).toBe(
        '📺 Suas séries (1)\n\nHarbor Nine\n\nAs datas não estão disponíveis agora.',
      )
      for (const command of ['/hoje', '/proximos']) {
        const sorry = await person.says(command)
        expect(sorry.text).toMatch(/^Não consegui abrir o catálogo de séries agora/)
        expect(labels(sorry)).toEqual([['tentar de novo']])
      }
    } finally {
      world.deps.catalogue = whole
    }
    await world.know(cast.harbor)
    expect((await person.presses('tentar de novo')).shown.text).toMatch(/Próximos 7 dias/)
  })
})

describe('settings', () => {
  test('the chosen language wins over the phone’s, by word or by button', async () => {
    const person = somebody('pt-br')
    await person.says('/start')
    expect((await person.says('/idioma inglês')).text).toBe('Done! I speak English now.')
    expect((await person.says('/help')).text).toMatch(/^Series/)
    const choice = await person.says('/language')
    expect(labels(choice)).toEqual([['Português', 'English']])
    expect((await person.presses('Português', choice.id)).shown.text).toBe('Pronto! Agora eu falo português.')
    expect((await person.says('/idioma klingon')).text).toBe('Ainda não falo “klingon”. Escolha um destes:')
  })

  test('the zone is chosen by button or by city, and says what time it is there', async () => {
    const person = somebody()
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

describe('monitors', () => {
  test('an address is watched every minute unless said otherwise, and is looked at right away', async () => {
    const person = somebody()
    expect((await person.says('/monitorar exemplo.com.br')).text).toBe(
      'Pronto! Vou verificar exemplo.com.br a cada 1 min. Estou fazendo a primeira verificação e já conto o resultado.',
    )
    const [monitor] = await world.deps.monitors.of(person.chatId)
    expect(monitor).toMatchObject({ url: 'https://exemplo.com.br/', kind: 'http', intervalS: 60, timeoutMs: 10_000 })
    expect(world.broker.events('probe.requested').at(-1)).toMatchObject({
      subject: `monitor/${monitor!.id}`,
      data: {
        reason: 'first',
        chatId: person.chatId,
        checks: [{ monitorId: monitor!.id, url: 'https://exemplo.com.br/', dueAt: '2026-11-21T15:00:00.000Z' }],
      },
    })
    expect(await world.deps.follows.find(person.chatId, `monitor/${monitor!.id}`)).not.toBeNull()
    await world.db.query(`update monitor set state = 'up', judged_at = now() where id = $1`, [monitor!.id])
    expect((await person.says('/monitorar https://exemplo.com.br 30s')).text).toBe(
      'Eu já vigiava exemplo.com.br. Agora verifico a cada 30 s.',
    )
    expect((await world.deps.monitors.of(person.chatId)).map(({ intervalS }) => intervalS)).toEqual([30])
    expect((await person.says('/monitor tcp://db.example.org:5432 5m')).text).toMatch(
      /^Pronto! Vou verificar db\.example\.org:5432 a cada 5 min/,
    )
  })

  test.each([
    ['exemplo.com.br 5 minutos', 'Pronto! Vou verificar exemplo.com.br a cada 5 min.'],
    ['a cada meia hora <https://exemplo.com.br/>', 'Pronto! Vou verificar exemplo.com.br a cada 30 min.'],
    ['exemplo.com.br 1 hour', 'Pronto! Vou verificar exemplo.com.br a cada 1 h.'],
    ['ＨＴＴＰＳ：／／exemplo.com.br　３０ｓ', 'Pronto! Vou verificar exemplo.com.br a cada 30 s.'],
    ['http:/exemplo.com.br', 'Pronto! Vou verificar exemplo.com.br a cada 1 min.'],
  ])('/monitorar %s is understood', async (argument, words) => {
    expect((await somebody().says(`/monitorar ${argument}`)).text).toContain(words)
  })

  test.each([
    ['', /^Diga o endereço e, se quiser/],
    ['ftp://example.org', /só vigio endereços http, https e tcp\.$/],
    ['tcp://example.org', /falta a porta/],
    ['https://me:secret@example.org', /contém usuário ou senha, .* mande o endereço sem eles\.$/],
    ['http://169.254.169.254/latest', /fica numa rede privada, que eu não alcanço/],
    ['http://2130706433/', /fica numa rede privada/],
    ['http://[::ffff:10.0.0.1]/', /fica numa rede privada/],
    ['localhost:8080', /fica numa rede privada/],
    ['tcp://127.1:5432', /fica numa rede privada/],
    ['https://example.org:25', /outro tipo de serviço/],
    ['host:22', /mande:\n\/monitorar tcp:\/\/host:22$/],
    ['exemplo.com.br:5432 5 minutos', /mande:\n\/monitorar tcp:\/\/exemplo\.com\.br:5432 5 minutos$/],
    ['5 segundos example.org', /O menor intervalo é de 10 segundos/],
    ['example.org 2 dias', /O maior intervalo é de 24 horas/],
    ['palavra', /não é um endereço que eu entenda/],
    ['example.org 9s', /O menor intervalo é de 10 segundos/],
    ['example.org 25h', /O maior intervalo é de 24 horas/],
    ['example.org amanhã', /Não entendi o intervalo “amanhã”/],
    ['<b>&"', /^Não posso vigiar <b>&":/],
  ])('/monitorar %s is refused in words that help', async (argument, words) => {
    const person = somebody()
    expect((await person.says(`/monitorar ${argument}`)).text).toMatch(words)
    expect(await world.deps.monitors.of(person.chatId)).toHaveLength(0)
  })

  test.each([
    '/monitorar https://ana:hunter2@example.org',
    '/monitorar ana:hunter2@example.org',
    '/monitorar hunter2@example.org',
    '/monitorar tcp://ana:hunter2@example.org:22',
    '/monitorar ftp://ana:hunter2@example.org',
    '/monitorar https://ana:hunter2%40example.org',
    '/monitorar https://ana:hunter2%2540example.org/',
    '/monitorar https://ana%3Ahunter2@example.org:99999',
    '/monitorar https://ana:hunter2＠example.org',
    '/monitorar https://ana:hunter2@exa mple.org',
    '/monitorar https://ana:x hunter2@example.org',
    '/monitorar https://ana:1 hunter2@example.org',
    '/monitorar https://ana:x/hunter2@example.org',
    '/monitorar https://ana:x#hunter2@example.org',
    '/monitorar https://ana:x@hunter2',
    '/monitorar https://ana:hunter2',
    '/monitorar ana:hunter2',
    '/monitorar https://example.org:25/?token=hunter2',
    '/monitorar http://10.0.0.1/login?password=hunter2#hunter2',
    '/monitorar http://10.0.0.1/hooks/hunter2',
    '/monitorar 30s https://ana:hunter2@example.org',
    '/monitorar https://ana:hunter2@example.org 30s limite 10s',
    'https://ana:hunter2@example.org',
    'https://ana:x hunter2@example.org',
    'ana:hunter2@example.org',
    '/buscar https://ana:hunter2@example.org',
    '/search ana:hunter2@example.org',
  ])('%s is refused without a password or a token in the answer', async text => {
    const person = somebody()
    const answer = await person.says(text)
    expect(answer.text).toMatch(/^Não posso vigiar/)
    expect(answer.text).not.toContain('hunter2')
    expect(await world.deps.monitors.of(person.chatId)).toHaveLength(0)
  })

  test.each([
    ['lento.example 1m limite 30s', 60, 30_000],
    ['lento.example limite de 30 s 1m', 60, 30_000],
    ['1m lento.example timeout: 12s', 60, 12_000],
    ['lento.example limit 1m 5m', 300, 60_000],
    ['lento.example 5m timeout 2m', 300, 120_000],
    ['lento.example 10s limite 10s', 10, 10_000],
    ['lento.example 10s', 10, 5_000],
    ['lento.example/?limite=3', 60, 10_000],
  ])('/monitorar %s takes the time limit', async (argument, intervalS, timeoutMs) => {
    const person = somebody()
    const { text } = await person.says(`/monitorar ${argument}`)
    expect(text.includes('(limite de tempo: ')).toBe(/\slim|\stimeout/.test(argument))
    expect(await world.deps.monitors.of(person.chatId)).toMatchObject([{ intervalS, timeoutMs }])
  })

  test.each(['1m limite 61s', '10m limite 3m', '10s timeout 20s', '1m limite 0s', '1m limite pouco', '1m limite'])(
    '/monitorar lento.example %s is refused: the limit can be up to the interval',
    async more => {
      const person = somebody()
      expect((await person.says(`/monitorar lento.example ${more}`)).text).toMatch(
        /^O limite de tempo da resposta vai de/,
      )
      expect(await world.deps.monitors.of(person.chatId)).toHaveLength(0)
    },
  )

  test('a chat has fifty at most', async () => {
    const person = somebody()
    await person.says('/start')
    await world.db.query(
      `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
       select $1, 'm' || n, 'http', 'https://m' || n || '.example/', 60, 5000 from generate_series(1, 50) n`,
      [person.chatId],
    )
    expect((await person.says('/monitorar um.a.mais.example')).text).toMatch(/^Você já tem 50 monitores/)
    expect((await person.says('/monitorar m7.example 10m')).text).not.toMatch(/50/)
    expect(await world.deps.monitors.of(person.chatId)).toHaveLength(50)
  })

  test('the list tells state, uptime and age of the last check; what is down comes first', async () => {
    const person = somebody()
    await person.says('/start')
    const add = async (name: string, set: string) => {
      const { rows } = await world.db.query<{ id: number }>(
        `insert into monitor (chat_id, name, kind, url, interval_s, timeout_ms)
         values ($1, $2, 'http', 'https://' || $2 || '/', 60, 5000) returning id`,
        [person.chatId, name],
      )
      const { id } = rows[0]!
      await world.db.query(`update monitor set ${set} where id = $1`, [id])
      return id
    }
    const good = `judged_at = '2026-11-21T14:59:20Z', state_since = '2026-11-18T15:00:00Z'`
    const up = await add('bom.example', `state = 'up', ${good}`)
    await add('ruim.example', `state = 'down', ${good}`)
    await add('novo.example', `state = 'new'`)
    await add('pausado.example', `paused_at = now()`)
    await add('mudo.example', `state = 'up', judged_at = '2026-11-21T14:00:00Z'`)
    await world.db.query(
      `insert into probe_hour (monitor_id, hour, ok, failed, missed, total_ms)
       values ($1, '2026-11-21T14:00:00Z', 19999, 1, 500, 2400000)`,
      [up],
    )
    const list = await person.says('/monitores')
    expect(list.text).toBe(
      [
        'Seus monitores (5)',
        '🔴 ruim.example: fora do ar\núltima verificação há 40 s',
        '⚪ mudo.example: sem verificação recente\núltima verificação há 1 h',
        '⚪ novo.example: esperando a primeira verificação',
        '🟢 bom.example: no ar\n99,99% em 24 h · última verificação há 40 s',
        '⏸ pausado.example: pausado',
      ].join('\n\n'),
    )
    const { shown } = await person.presses('🟢 bom.example', list.id)
    expect(shown.text).toBe(
      '🟢 bom.example\nhttps://bom.example/\n\nno ar há 3 dias\n99,99% em 24 h · resposta média: 120 ms\nverificado a cada 1 min\núltima verificação há 40 s',
    )
    expect(labels(shown)).toEqual([['verificar agora'], ['pausar', 'excluir'], ['« voltar']])
  })

  test('a monitor is checked now, paused, resumed, and deleted only after a second yes', async () => {
    const person = somebody()
    await person.says('/monitorar servico.example')
    const [monitor] = await world.deps.monitors.of(person.chatId)
    const list = await person.says('/monitores')
    await person.presses('⚪ servico.example', list.id)
    expect((await person.presses('verificar agora', list.id)).note).toBe('Verificando… já mando o resultado.')
    expect(world.broker.events('probe.requested').at(-1)).toMatchObject({
      subject: `monitor/${monitor!.id}`,
      data: { reason: 'now', chatId: person.chatId },
    })
    const paused = await person.presses('pausar', list.id)
    expect(paused.shown.text).toMatch(/^⏸ servico\.example/)
    expect(labels(paused.shown)).toEqual([['retomar', 'excluir'], ['« voltar']])
    const resumed = await person.presses('retomar', list.id)
    expect(resumed.note).toBe('Retomado!')
    const sure = await person.presses('excluir', list.id)
    expect(sure.shown.text).toMatch(/^Excluir servico\.example\?/)
    expect(labels((await person.presses('não excluir', list.id)).shown)[1]).toEqual(['pausar', 'excluir'])
    await person.presses('excluir', list.id)
    const gone = await person.presses('excluir servico.example', list.id)
    expect(gone.note).toBe('servico.example foi excluído.')
    expect(await world.deps.monitors.of(person.chatId)).toEqual([])
    expect(await world.deps.follows.of(person.chatId, 'monitor/')).toEqual([])
  })

  test('nobody touches the monitor of another chat, whatever button they make up', async () => {
    const owner = somebody()
    await owner.says('/monitorar privado.example')
    const [monitor] = await world.deps.monitors.of(owner.chatId)
    const stranger = somebody()
    await stranger.says('/monitorar meu.example')
    const list = await stranger.says('/monitores')
    const before = world.broker.events('probe.requested').length
    for (const letter of ['o', 'c', 'p', 'g', 'x', 'y']) {
      const press = await stranger.forges(list.id, `v1:${letter}:${monitor!.id}`)
      expect(press.note, letter).toBe('Esse monitor não existe mais.')
      expect(press.shown.text).not.toContain('privado')
    }
    expect(world.broker.events('probe.requested')).toHaveLength(before)
    expect((await world.deps.monitors.get(monitor!.id))?.pausedAt).toBeNull()
  })

  test('a button of an older version, or of nobody’s making, says that it is no use', async () => {
    const person = somebody()
    const list = await person.says('/ajuda')
    for (const data of ['v0:f:82', 'v1:f:82', 'v1:?', 'lixo', 'v1:z:Mars/Olympus', 'v1:f:82:1:0:extra'])
      expect((await person.forges(list.id, data)).note, data).toBe('Esse botão não vale mais. Mande o comando de novo.')
  })
})

describe('groups', () => {
  test('the bot introduces itself where it is added, hears commands for itself and nothing else', async () => {
    const ana = world.telegram.user('Ana')
    const group = world.telegram.group('Família')
    group.addBot(ana)
    await world.settled()
    const seat = group.as(ana)
    expect(seat.last()?.text).toMatch(/^Oi, pessoal! Eu sou o Vigia/)
    const said = async (text: string) => {
      const before = seat.answers().length
      seat.send(text)
      await world.settled()
      return seat.answers().slice(before)
    }
    expect((await said('/series'))[0]?.text).toMatch(/^Este grupo ainda não segue/)
    expect((await said('/series@VigiaBot'))[0]?.text).toMatch(/^Este grupo/)
    // In a group the bot gets commands only, so it does not ask for a mere name.
    expect((await said('/start'))[0]?.text).toBe('Em que posso ajudar?')
    expect((await said('/ajuda'))[0]?.text).toMatch(/^Séries\n\/buscar Severance – achar uma série\n/)
    expect((await said('/buscar@vigiabot harbor nine'))[0]?.text).toMatch(/^Harbor Nine/)
    expect((await said('/abracadabra@VigiaBot'))[0]?.text).toMatch(/^Não conheço esse comando/)
    group.as(ana)
    expect(await said('/abracadabra')).toEqual([])
    expect(await said('bom dia @VigiaBot')).toEqual([])
  })

  test('a group that becomes a supergroup keeps what it follows', async () => {
    const ana = world.telegram.user('Ana')
    const group = world.telegram.group('Condomínio')
    group.addBot(ana)
    const seat = group.as(ana)
    seat.send('/monitorar portaria.example')
    await world.settled()
    const bigger = group.upgrade()
    await world.settled()
    expect(await world.deps.monitors.of(group.chatId)).toEqual([])
    expect((await world.deps.monitors.of(bigger.chatId)).map(({ name }) => name)).toEqual(['portaria.example'])
    bigger.as(ana).send('/monitores')
    await world.settled()
    expect(bigger.as(ana).last()?.text).toMatch(/portaria\.example/)
  })

  test('in a forum the answer goes to the topic where it was asked', async () => {
    const ana = world.telegram.user('Ana')
    const forum = world.telegram.group('Fórum', { forum: true })
    forum.addBot(ana)
    await world.settled()
    const topic = forum.openTopic('Séries')
    const seat = forum.as(ana)
    seat.send('/ajuda', { threadId: topic })
    await world.settled()
    expect(seat.last()).toMatchObject({ threadId: topic, from: 'bot' })
  })

  test('in a forum what is followed and watched belongs to the topic where it was asked for last', async () => {
    const ana = world.telegram.user('Ana')
    const forum = world.telegram.group('Fórum', { forum: true })
    forum.addBot(ana)
    await world.settled()
    const [series, sites] = [forum.openTopic('Séries'), forum.openTopic('Sites')]
    forum.closeTopic(1)
    const seat = forum.as(ana)
    const threadOf = (subject: string) => world.deps.follows.threadOf(forum.chatId, subject)
    seat.send('/buscar harbor nine', { threadId: series })
    await world.settled()
    seat.press('seguir')
    await world.settled()
    const show = `show/${world.tvmaze.showIds.harbor}`
    expect(await threadOf(show)).toBe(series)
    seat.press('desfazer')
    await world.settled()
    seat.press('desfazer')
    await world.settled()
    expect(await threadOf(show), 'after an undo').toBe(series)

    seat.send('/monitorar topico.example', { threadId: series })
    await world.settled()
    const [monitor] = await world.deps.monitors.of(forum.chatId)
    expect(await threadOf(`monitor/${monitor!.id}`)).toBe(series)
    expect(world.broker.events('probe.requested').at(-1)?.data).toMatchObject({
      chatId: forum.chatId,
      threadId: series,
    })
    seat.send('/monitorar topico.example 5m', { threadId: sites })
    await world.settled()
    expect(await threadOf(`monitor/${monitor!.id}`)).toBe(sites)
    expect(seat.last()).toMatchObject({ threadId: sites, from: 'bot' })
  })

  test('a thread of replies in a group without topics is not taken for a topic', async () => {
    const ana = world.telegram.user('Ana')
    const group = world.telegram.group('Supergrupo', { supergroup: true })
    group.addBot(ana)
    await world.settled()
    const seat = group.as(ana)
    const first = seat.send('/ajuda')
    await world.settled()
    seat.send('/monitorar respostas.example', { replyTo: first })
    await world.settled()
    const [monitor] = await world.deps.monitors.of(group.chatId)
    expect(await world.deps.follows.threadOf(group.chatId, `monitor/${monitor!.id}`)).toBeNull()
    expect(seat.last()).toMatchObject({ threadId: null, from: 'bot' })
  })
})

describe('who can be reached', () => {
  test('who blocks the bot is left alone and keeps everything; unblocking makes them reachable again', async () => {
    const person = somebody()
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

test('a list that would be longer than Telegram takes ends with an ellipsis instead of an error', async () => {
  const person = somebody()
  await person.says('/start')
  for (let show = 0; show < 40; show++) {
    const id = 991_000 + show
    world.tvmaze.addShow({ id, name: `Uma série de nome comprido & número ${show} `.repeat(3) })
    world.tvmaze.addEpisode(id, { season: 1, number: 1, name: 'Um episódio '.repeat(9), airs: { on: '2026-11-21' } })
    await world.know(id)
    await world.deps.follows.follow(person.chatId, `show/${id}`, new Date(), null)
  }
  const { text, entities } = await person.says('/hoje')
  expect(text.length).toBeLessThanOrEqual(4096)
  expect(text).toMatch(/…$/)
  expect(entities.filter(({ type }) => type === 'text_link').length).toBeGreaterThan(5)
})
