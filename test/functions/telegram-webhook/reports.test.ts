import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { reportSettingsIn } from '#database/reports/report-settings.ts'
import type { EventOf } from '#events/event.ts'
import type { ReportRequested } from '#events/report-requested.ts'
import { type ReportArgument, reportArgument } from '#functions/telegram-webhook/report-argument.ts'
import { startWebhook, type Webhook } from './support.ts'

let webhook: Webhook
let people = 0
beforeAll(async () => {
  webhook = await startWebhook()
})
afterAll(() => webhook.stop())
beforeEach(() => {
  webhook.time.now = new Date('2026-11-21T15:00:00Z')
})

const person = async (language = 'pt-br') => {
  const someone = webhook.person(`Pessoa ${people++}`, language)
  await someone.says('/start')
  return someone
}
const settingOf = (chatId: number) => reportSettingsIn(webhook.db).of(chatId)
const requests = (chatId: number) =>
  webhook.broker
    .events()
    .filter(({ type, subject }) => type === 'dev.vigia.report.requested' && subject === `chat/${chatId}`)
    .map(event => (event as EventOf<typeof ReportRequested>).data)

describe('/relatorio', () => {
  test('alone requests a report of the last 24 hours, and shows that no reports come by themselves', async () => {
    const ana = await person()
    const { text, buttons } = await ana.says('/relatorio')
    expect(text).toMatch(/^Estou preparando seu relatório/)
    expect(text).toContain('Relatório automático: desligado')
    expect(buttons.map(row => row.map(button => button.text))).toEqual([
      ['nunca ✓', 'diário', 'semanal'],
      ['🌙 imagem escura'],
    ])
    expect(requests(ana.chatId)).toEqual([
      {
        chatId: ana.chatId,
        language: 'pt-BR',
        zone: 'America/Sao_Paulo',
        frequency: 'daily',
        theme: 'light',
        from: '2026-11-20T15:00:00.000Z',
        to: '2026-11-21T15:00:00.000Z',
        onDemand: true,
      },
    ])
  })

  test('with a time sets the time of the report, and the reply says when the next report comes', async () => {
    const ana = await person()
    expect((await ana.says('/relatorio diario 8h')).text).toContain(
      'Relatório todo dia às 8h. Próximo: amanhã · 08:00.\nAs horas são do seu fuso: Brasília · São Paulo.',
    )
    expect((await ana.says('/relatorio semanal segunda 7h')).text).toContain(
      'toda semana, segunda às 7h. Próximo: seg., 23 nov · 07:00.',
    )
    expect(await settingOf(ana.chatId)).toEqual({ frequency: 'weekly', weekday: 1, hour: 7, theme: 'light' })
    expect((await ana.says('/relatorio nunca')).text).toContain('desligado')
    expect(requests(ana.chatId)).toEqual([])
  })

  test('works in English', async () => {
    const bob = await person('en')
    expect((await bob.says('/report weekly friday 6pm')).text).toContain(
      'every week, Friday at 6 PM. Next: Fri, Nov 27 · 6:00 PM.',
    )
    expect((await bob.says('/report never')).text).toContain('Automatic report: off')
  })

  test.each([
    ['unknown words', 'Não entendi “xyz”', '/relatorio xyz'],
    ['a half hour', 'Só mando relatórios em horas cheias', '/relatorio diario 8h30'],
  ])('with %s changes nothing and says what is possible', async (_, words, command) => {
    const ana = await person()
    await ana.says('/relatorio diario 9h')
    const { text } = await ana.says(command)
    expect(text).toContain(words)
    expect(text).toContain('/relatorio semanal segunda 8h')
    expect(await settingOf(ana.chatId)).toMatchObject({ frequency: 'daily', hour: 9 })
  })

  test('has buttons for the frequency, the day, the hour and the picture, and a press shows the new setting', async () => {
    const ana = await person()
    await ana.says('/relatorio')
    await ana.presses('semanal')
    await ana.presses('qua')
    await ana.presses('18h')
    const { shown } = await ana.presses('🌙 imagem escura')
    expect(shown.text).toContain('toda semana, quarta às 18h')
    expect(shown.buttons.flat().flatMap(({ text }) => (text.endsWith('✓') ? [text] : []))).toEqual([
      'semanal ✓',
      'qua ✓',
      '18h ✓',
    ])
    expect(await settingOf(ana.chatId)).toEqual({ frequency: 'weekly', weekday: 3, hour: 18, theme: 'dark' })
    await ana.says('/relatorio')
    expect(requests(ana.chatId).at(-1)).toMatchObject({
      frequency: 'weekly',
      theme: 'dark',
      from: '2026-11-14T15:00:00.000Z',
    })
  })

  test('more than three times in a minute requests no further report', async () => {
    const ana = await person()
    for (let time = 0; time < 3; time++) await ana.says('/relatorio')
    expect((await ana.says('/relatorio')).text).toContain('Espere um minuto')
    expect(requests(ana.chatId)).toHaveLength(3)
    webhook.time.now = new Date('2026-11-21T15:01:00Z')
    await ana.says('/relatorio')
    expect(requests(ana.chatId)).toHaveLength(4)
  })

  test.each([
    'v1:a:hourly:1:8:light',
    'v1:a:daily:8:8:light',
    'v1:a:daily:1:24:light',
    'v1:a:daily:1:8:pink',
    'v1:a:daily',
  ])('a forged press %s changes nothing', async data => {
    const ana = await person()
    const { id } = await ana.says('/relatorio')
    const { toast } = await ana.forges(id, data)
    expect(toast).toMatch(/não vale mais/)
    expect(await settingOf(ana.chatId)).toMatchObject({ frequency: 'none' })
  })
})

describe('the words after /relatorio', () => {
  const hour = (argument: string) => {
    const found = reportArgument(argument)
    return 'change' in found ? found.change.hour : found.refused
  }

  test.each<[string, ReportArgument]>([
    ['diario 8h', { change: { frequency: 'daily', hour: 8 } }],
    ['Diário às 8 horas', { change: { frequency: 'daily', hour: 8 } }],
    ['todo dia às 7 da noite', { change: { frequency: 'daily', hour: 19 } }],
    ['every day at 8am', { change: { frequency: 'daily', hour: 8 } }],
    ['daily', { change: { frequency: 'daily' } }],
    ['semanal', { change: { frequency: 'weekly' } }],
    ['toda segunda-feira 8h', { change: { frequency: 'weekly', weekday: 1, hour: 8 } }],
    ['semanal sábado meio-dia', { change: { frequency: 'weekly', weekday: 6, hour: 12 } }],
    ['weekly on Sunday at noon', { change: { frequency: 'weekly', weekday: 7, hour: 12 } }],
    ['nunca', { change: { frequency: 'none' } }],
    ['Não!', { change: { frequency: 'none' } }],
    ['stop', { change: { frequency: 'none' } }],
    ['escuro', { change: { theme: 'dark' } }],
    ['daily 9 dark', { change: { frequency: 'daily', hour: 9, theme: 'dark' } }],
    ['amanhã', { refused: 'unknown' }],
    ['todo', { refused: 'unknown' }],
    ['diario 25h', { refused: 'unknown' }],
    ['diario 13pm', { refused: 'unknown' }],
  ])('%s are read as %j', (argument, expected) => {
    expect(reportArgument(argument)).toEqual(expected)
  })

  test.each([
    ['8', 8],
    ['08:00', 8],
    ['8h00', 8],
    ['20hs', 20],
    ['12am', 0],
    ['12pm', 12],
    ['8 pm', 20],
    ['meia-noite', 0],
    ['midnight', 0],
    ['8:30', 'hour'],
    ['8h15', 'hour'],
  ])('the time %s is read as %s, which is the hour or the reason for the refusal', (argument, expected) => {
    expect(hour(argument)).toBe(expected)
  })
})

describe('/estatisticas', () => {
  test('requests the statistics of this year or of another, from its first to its last second in the zone', async () => {
    const ana = await person()
    expect((await ana.says('/estatisticas')).text).toBe('Estou somando o que você viu em 2026; chega em instantes.')
    expect((await ana.says('/stats 2024')).text).toContain('2024')
    expect(requests(ana.chatId)).toMatchObject([
      { frequency: 'yearly', from: '2026-01-01T03:00:00.000Z', to: '2027-01-01T03:00:00.000Z' },
      { frequency: 'yearly', from: '2024-01-01T03:00:00.000Z', to: '2025-01-01T03:00:00.000Z' },
    ])
  })

  test.each(['2027', '1999', 'ontem', '26', '2026; drop'])('explains that there is no year “%s”', async asked => {
    const ana = await person()
    expect((await ana.says(`/estatisticas ${asked}`)).text).toBe(
      `Não tenho o ano “${asked}”. Mande um ano até 2026: /estatisticas 2026`,
    )
    expect(requests(ana.chatId)).toEqual([])
  })
})
