import { describe, expect, test } from 'vitest'
import { episodeCalendarsIn } from '#database/series/episode-calendars.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { forEver, noticeArgument, quietArgument } from '#functions/telegram-webhook/notices/notice-argument.ts'
import { labels, newPerson, showIds, useConversations, world } from './conversations.ts'

useConversations()

const settingOf = (chatId: number, show = 0) => noticeSettingsIn(world.db).of(chatId, show)
const follower = async (language = 'pt-br') => {
  const person = newPerson(language)
  await person.says('/start')
  await world.deps.follows.follow(person.chatId, `show/${showIds.harbor}`, world.time.now, 'Harbor Nine')
  await world.fillCatalogue(showIds.harbor)
  return person
}

describe('/config', () => {
  test('shows when the chat is told, and each button changes one thing', async () => {
    const ana = await follower()
    const { text, buttons } = await ana.says('/config')
    expect(text).toContain('Aviso na hora em que o episódio sai.')
    expect(text).toContain('Sem horário de silêncio: /silencio')
    expect(labels({ buttons })[0]).toEqual(['na hora ✓', 'horas depois', '1 h antes'])
    expect((await ana.presses('horas depois')).shown.text).toContain('Aviso 2 h depois que o episódio sai.')
    await ana.presses('6 h')
    await ana.presses('estreias e finais')
    await ana.presses('sem especiais')
    const { shown } = await ana.presses('🔕 1 semana')
    expect(shown.text).toContain('Sem avisos até sáb., 28 nov.')
    expect(await settingOf(ana.chatId)).toMatchObject({
      timing: 'later',
      laterHours: 6,
      episodes: 'both',
      specials: 'none',
      mutedUntil: new Date('2026-11-28T15:00:00Z'),
    })
    expect((await ana.presses('🔔 voltar a avisar')).shown.text).not.toContain('Sem avisos')
  })

  test('shows digests with their hour and day', async () => {
    const bob = await follower('en')
    await bob.says('/settings')
    await bob.presses('weekly digest')
    await bob.presses('Fri')
    const { shown } = await bob.presses('8 PM')
    expect(shown.text).toContain('I send a digest every week: Friday at 8 PM.')
    expect(await settingOf(bob.chatId)).toMatchObject({ timing: 'weekly', digestWeekday: 5, digestHour: 20 })
  })

  test('understands words for all series and for one', async () => {
    const ana = await follower()
    expect((await ana.says('/config resumo diário 20h')).text).toContain('Mando um resumo todo dia às 20h.')
    const { text } = await ana.says('/config harbor 1 dia antes')
    expect(text).toMatch(/^🔔 Avisos de .*Aviso 1 dia antes do episódio\./s)
    expect(await settingOf(ana.chatId)).toMatchObject({ timing: 'daily', digestHour: 20 })
    expect(await settingOf(ana.chatId, showIds.harbor)).toMatchObject({ timing: 'day' })
    expect((await ana.says('/config')).text).toMatch(/Com ajuste próprio: /)
    await ana.says('/config harbor como as outras')
    expect(await settingOf(ana.chatId, showIds.harbor)).toMatchObject({ timing: 'daily' })
  })

  test.each(['/config xyzzy', '/config 20 horas depois', '/config silenciar até ontem'])(
    '%s changes nothing and says what is possible',
    async command => {
      const ana = await follower()
      const { text } = await ana.says(command)
      expect(text).toMatch(/^Não entendi/)
      expect(text).toContain('/config 1 dia antes')
      expect(await settingOf(ana.chatId)).toMatchObject({ timing: 'air', mutedUntil: null })
    },
  )

  test('has a button that chooses one series', async () => {
    const ana = await follower()
    await ana.says('/config')
    const list = await ana.presses('só de uma série…')
    const { shown } = await ana.presses(labels(list.shown)[0]![0]!)
    expect(shown.text).toMatch(/^🔔 Avisos de /)
    await ana.presses('1 h antes')
    expect(await settingOf(ana.chatId, showIds.harbor)).toMatchObject({ timing: 'hour' })
    expect(await settingOf(ana.chatId)).toMatchObject({ timing: 'air' })
  })

  test('refuses forged buttons', async () => {
    const ana = await follower()
    const { id } = await ana.says('/config')
    for (const data of ['v1:1:0:timing:never', 'v1:1:0:later:13', 'v1:1:0:quiet:1', 'v1:1:0:reset:all', 'v1:0:-1'])
      expect((await ana.forges(id, data)).toast, data).toMatch(/não vale mais/)
    expect((await ana.forges(id, 'v1:1:999999:timing:day')).toast).toBe('Você não segue esta série.')
    expect(await settingOf(ana.chatId)).toMatchObject({ timing: 'air' })
  })
})

describe('/silencio', () => {
  test('sets and removes the quiet hours', async () => {
    const ana = await follower()
    expect((await ana.says('/silencio')).text).toContain('/silencio 23h às 8h')
    expect((await ana.says('/silencio 22:30 às 8h')).text).toContain('Silêncio das 22:30 às 8h')
    expect((await settingOf(ana.chatId)).quiet).toEqual({ from: 22 * 60 + 30, to: 8 * 60 })
    expect((await ana.says('/silencio nunca')).text).toContain('Agora aviso a qualquer hora')
    expect((await settingOf(ana.chatId)).quiet).toBeNull()
    expect((await ana.says('/silencio xyz')).text).toContain('/silencio 23h às 8h')
  })

  test.each<[string, ReturnType<typeof quietArgument>]>([
    ['23h-8h', { from: 1380, to: 480 }],
    ['11pm to 8am', { from: 1380, to: 480 }],
    ['das 23 às 7', { from: 1380, to: 420 }],
    ['de 22:30 até 6:15', { from: 1350, to: 375 }],
    ['meia-noite às 8h', { from: 0, to: 480 }],
    ['off', 'none'],
    ['8h às 8h', null],
    ['8h', null],
  ])('%s', (text, expected) => {
    expect(quietArgument(text)).toEqual(expected)
  })
})

describe('the words of /config', () => {
  const now = new Date('2026-11-21T15:00:00Z')
  test.each([
    ['na hora', { timing: 'air' }, ''],
    ['Severance 1 dia antes', { timing: 'day' }, 'Severance'],
    ['uma hora antes', { timing: 'hour' }, ''],
    ['2 hours later', { timing: 'later', laterHours: 2 }, ''],
    ['só estreias de Severance', { episodes: 'premieres' }, 'Severance'],
    ['estreias e finais', { episodes: 'both' }, ''],
    ['weekly digest friday 8pm', { timing: 'weekly', digestWeekday: 5, digestHour: 20 }, ''],
    ['resumo semanal', { timing: 'weekly' }, ''],
    ['silenciar Fantasma até 24/12', { mutedUntil: new Date('2026-12-24T03:00:00Z') }, 'Fantasma'],
    ['silenciar Fantasma', { mutedUntil: forEver }, 'Fantasma'],
    ['voltar a avisar Fantasma', { mutedUntil: now }, 'Fantasma'],
    ['sem especiais', { specials: 'none' }, ''],
    ['Pão e Rosas na véspera', { timing: 'day' }, 'Pão e Rosas'],
  ])('%s', (text, change, rest) => {
    const found = noticeArgument(text, { language: 'pt-BR', zone: 'America/Sao_Paulo', now })
    expect(found).toMatchObject({ change, rest })
    expect(Object.keys(found!.change).toSorted()).toEqual(Object.keys(change).toSorted())
  })
})

describe('the countries and channels of /config', () => {
  test('are those of the followed series; chosen ones are told, and a series can be told whatever its channel', async () => {
    const ana = await follower()
    await ana.says('/config')
    const { shown } = await ana.presses('📡 países e canais')
    expect(shown.text).toContain('De quais países ou canais devo avisar?')
    const [[country, channel]] = labels(shown) as [[string, string]]
    expect([country, channel]).toEqual(['🇺🇸 Estados Unidos (1)', 'Meridian (1)'])
    expect(labels((await ana.presses(country)).shown)[0]).toContain('🇺🇸 Estados Unidos ✓')
    expect((await ana.says('/config')).text).toContain('Canais e países: só 🇺🇸 Estados Unidos')
    expect(await settingOf(ana.chatId, showIds.harbor)).toMatchObject({ schedules: ['US'] })
    await ana.says('/config harbor na hora')
    await ana.presses('📡 esta de qualquer canal')
    expect(await settingOf(ana.chatId, showIds.harbor)).toMatchObject({ schedules: [] })
    await ana.says('/config')
    await ana.presses('📡 países e canais')
    await ana.presses('📡 todos')
    expect(await settingOf(ana.chatId)).toMatchObject({ schedules: [] })
  })
})

describe('/agenda', () => {
  test('gives the addresses of the calendar until they are revoked, and another address afterwards', async () => {
    const ana = await follower()
    expect((await ana.says('/agenda')).text).toContain('Quer um endereço para isso?')
    const { shown } = await ana.presses('🗓 criar o endereço')
    const [all, premieres] = shown.text.match(/https:\S+\.ics/g)!
    expect(all).toMatch(/^https:\/\/vigia\.test\/status\/c\/[\w-]{32}\/episodes\.ics$/)
    expect(premieres).toBe(all!.replace('episodes', 'premieres'))
    expect(await calendarOwner(all!)).toMatchObject({ chatId: ana.chatId, language: 'pt-BR' })
    expect((await ana.says('/calendar')).text).toContain(all)
    const revoked = await ana.presses('desligar o endereço')
    expect(revoked.shown.text).toBe('Pronto, o endereço antigo não mostra mais nada.')
    expect(await calendarOwner(all!)).toBeNull()
    const another = await ana.presses('🗓 criar outro endereço')
    expect(another.shown.text).not.toContain(all)
  })
})

const calendarOwner = (url: string) => episodeCalendarsIn(world.db).ownerOf(url.split('/').at(-2)!)
