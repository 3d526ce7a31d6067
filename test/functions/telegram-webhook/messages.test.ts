import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyScopes } from '#database/chats/api-keys.ts'
import type { Language } from '#database/chats/language.ts'
import { postStatuses } from '#database/pages/posts.ts'
import { answers } from '#database/uptime/incident-answers.ts'
import { isChatId } from '#events/ranges.ts'
import { parseTarget } from '#functions/dial/dial.ts'
import {
  calendarChanges,
  decode,
  encode,
  importSteps,
  type Press,
  reminders,
  silenceChoices,
  webhookChanges,
} from '#functions/telegram/callback-data.ts'
import { Html, plain, visibleLength } from '#functions/telegram/html.ts'
import { commandMenu } from '#functions/telegram-webhook/command-menu.ts'
import { commandNamed } from '#functions/telegram-webhook/commands.ts'
import { botMessages } from '#functions/telegram-webhook/messages/messages.ts'
import { parseInterval, parseMonitorArgument, tcpAddressFor } from '#functions/telegram-webhook/monitor-argument.ts'
import { places } from '#functions/telegram-webhook/place-zones.ts'
import { brazilianZones, findZone, offeredZones, validZone, zoneLabel } from '#functions/telegram-webhook/zones.ts'
import { folded } from '#functions/wording/fold.ts'

type TextTree = string | ((...args: never[]) => unknown) | { [key: string]: TextTree }

const leaves = (texts: TextTree, path = ''): [string, Exclude<TextTree, object> | ((...args: never[]) => unknown)][] =>
  typeof texts === 'object'
    ? Object.entries(texts).flatMap(([key, value]) => leaves(value, `${path}.${key}`))
    : [[path, texts]]

describe('the texts of the bot', () => {
  test('both languages have a text for the same keys, with the same parameters', () => {
    const keys = (language: Language) => leaves(botMessages[language] as unknown as TextTree).map(([path]) => path)
    expect(keys('en')).toEqual(keys('pt-BR'))
    const shape = (language: Language) =>
      leaves(botMessages[language] as unknown as TextTree).map(
        ([path, text]) => `${path} ${typeof text} ${text.length && typeof text}`,
      )
    expect(shape('en')).toEqual(shape('pt-BR'))
  })

  test('every parameter is shown as text, and no text is empty or contains undefined', () => {
    const hostile = '<b>&"\'</a><script>'
    for (const language of ['pt-BR', 'en'] as const)
      for (const [path, text] of leaves(botMessages[language] as unknown as TextTree)) {
        const filled = typeof text === 'function' ? text(...(Array(text.length).fill(hostile) as never[])) : text
        if (filled instanceof Html) {
          expect(filled.text, path).not.toContain('<script>')
          expect(plain(filled), path).not.toMatch(/undefined|null|\[object/)
          expect(visibleLength(filled), path).toBeLessThan(900)
        } else expect(String(filled), path).not.toMatch(/undefined|\[object/)
        expect(String(filled).trim(), path).not.toBe('')
      }
  })

  test('fixed texts fit into a toast of 200 characters', () => {
    for (const language of ['pt-BR', 'en'] as const)
      for (const [path, text] of leaves(botMessages[language] as unknown as TextTree))
        if (typeof text === 'string') expect(text.length, path).toBeLessThanOrEqual(200)
  })
})

describe('the command menu', () => {
  test('lists existing commands within Telegram’s limits, in two languages', () => {
    expect(commandMenu.map(({ language }) => language).toSorted()).toEqual(['en', 'pt'])
    for (const { commands } of commandMenu) {
      expect(commands.length).toBeLessThanOrEqual(100)
      for (const { command, description } of commands) {
        expect(command).toMatch(/^[a-z0-9_]{1,32}$/)
        expect(description.length).toBeLessThanOrEqual(64)
        expect(commandNamed(command), command).toBeDefined()
      }
    }
    const meanings = commandMenu.map(({ commands }) => commands.map(({ command }) => commandNamed(command)))
    expect(meanings[0]).toEqual(meanings[1])
  })
})

const id = fc.integer({ min: 1, max: 999_999_999_999_999 })
const chat = fc.integer({ min: -9_999_999_999_999, max: 999_999_999_999 }).filter(isChatId)
const small = fc.integer({ min: 0, max: 9_999 })
const show = fc.integer({ min: 1, max: 999_999_999 })
const date = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
const word = fc.stringMatching(/^[a-zA-Z\d-]{1,16}$/)
const range = { show, season: small, first: fc.integer({ min: 0, max: 99 }), last: fc.integer({ min: 99, max: 499 }) }
const act = <Act extends Press['act']>(name: Act) => fc.constant(name)
const presses: { [Act in Press['act']]: fc.Arbitrary<Extract<Press, { act: Act }>> } = {
  card: fc.record({ act: act('card'), search: id, at: small }),
  follow: fc.record({ act: act('follow'), show, search: id, at: small }),
  unfollow: fc.record({ act: act('unfollow'), show, search: id, at: small }),
  refollow: fc.record({ act: act('refollow'), show, search: id, at: small, followedAt: date }),
  series: fc.record({ act: act('series'), page: small }),
  remove: fc.record({ act: act('remove'), show, page: small }),
  restore: fc.record({ act: act('restore'), show, page: small, followedAt: date }),
  upcoming: fc.record({ act: act('upcoming'), days: fc.constantFrom(7, 30), page: small }),
  today: fc.record({ act: act('today') }),
  monitors: fc.record({ act: act('monitors'), page: small }),
  monitor: fc.record({ act: act('monitor'), monitor: id }),
  check: fc.record({ act: act('check'), monitor: id }),
  pause: fc.record({ act: act('pause'), monitor: id }),
  resume: fc.record({ act: act('resume'), monitor: id }),
  delete: fc.record({ act: act('delete'), monitor: id }),
  deleteNow: fc.record({ act: act('deleteNow'), monitor: id }),
  import: fc.record({ act: act('import'), id, step: fc.constantFrom(...importSteps) }),
  importChoice: fc.record({ act: act('importChoice'), id, position: small, show: fc.oneof(show, fc.constant(0)) }),
  rights: fc.record({ act: act('rights'), who: fc.constantFrom('administrators' as const, 'everyone' as const) }),
  erase: fc.record({ act: act('erase'), answer: fc.constantFrom('yes' as const, 'no' as const) }),
  undelete: fc.record({ act: act('undelete'), removed: id }),
  rename: fc.record({ act: act('rename'), monitor: id }),
  silences: fc.record({ act: act('silences'), monitor: id }),
  silence: fc.record({ act: act('silence'), monitor: id, until: fc.constantFrom(...silenceChoices) }),
  answer: fc.record({ act: act('answer'), incident: id, answer: fc.constantFrom(...answers) }),
  maintain: fc.record({ act: act('maintain'), minutes: fc.integer({ min: 1, max: 10_080 }) }),
  endMaintenance: fc.record({ act: act('endMaintenance'), window: id }),
  cancelMaintenance: fc.record({ act: act('cancelMaintenance'), plan: id }),
  maintenanceFor: fc.record({ act: act('maintenanceFor'), page: small }),
  plan: fc.record({
    ...{ act: act('plan'), scope: word, day: fc.stringMatching(/^[a-z\d-]{1,8}$/) },
    ...{ hour: fc.stringMatching(/^[\d-]{1,2}$/), minutes: fc.stringMatching(/^[\d-]{1,4}$/) },
  }),
  incidents: fc.record({ act: act('incidents'), page: small }),
  why: fc.record({ act: act('why'), monitor: id, days: fc.constantFrom(1 as const, 30 as const) }),
  newMonitor: fc.record({ act: act('newMonitor') }),
  statusPages: fc.record({ act: act('statusPages') }),
  statusPage: fc.record({ act: act('statusPage'), id }),
  newStatusPage: fc.record({ act: act('newStatusPage') }),
  setStatusPage: fc.record({
    act: act('setStatusPage'),
    id,
    field: fc.constantFrom('access', 'language', 'show', 'hide', 'first'),
    value: word,
  }),
  setPost: fc.record({ act: act('setPost'), id, field: word, value: word }),
  setPosted: fc.record({ act: act('setPosted'), id, field: word, value: word }),
  pageMonitors: fc.record({ act: act('pageMonitors'), id, page: small }),
  deletePage: fc.record({ act: act('deletePage'), id }),
  deletePageNow: fc.record({ act: act('deletePageNow'), id }),
  webhook: fc.record({ act: act('webhook'), chat, id, change: fc.constantFrom(...webhookChanges) }),
  openPage: fc.record({ act: act('openPage'), id }),
  unsubscribe: fc.oneof(
    fc.record({ act: act('unsubscribe'), id }),
    fc.record({ act: act('unsubscribe'), id, monitor: id }),
  ),
  subscriptions: fc.record({ act: act('subscriptions'), page: small }),
  endSubscription: fc.record({ act: act('endSubscription'), id, monitor: fc.oneof(fc.constant(0), id) }),
  post: fc.record({ act: act('post'), id, status: fc.constantFrom(...postStatuses) }),
  edit: fc.record({ act: act('edit'), monitor: id }),
  draft: fc.record({ act: act('draft'), draft: id, step: word }),
  fill: fc.record({ act: act('fill'), draft: id, step: word, value: word }),
  saveDraft: fc.record({ act: act('saveDraft'), draft: id }),
  cancelDraft: fc.record({ act: act('cancelDraft'), draft: id }),
  makeKey: fc.record({ act: act('makeKey'), chat, scope: fc.constantFrom(...keyScopes) }),
  revokeKey: fc.record({ act: act('revokeKey'), chat, key: id }),
  notices: fc.record({ act: act('notices'), show: fc.oneof(show, fc.constant(0)) }),
  seen: fc.record({ act: act('seen'), ...range }),
  unseen: fc.record({ act: act('unseen'), ...range }),
  remind: fc.record({ act: act('remind'), ...range, when: fc.constantFrom(...reminders) }),
  muteShow: fc.record({ act: act('muteShow'), ...range }),
  watchlist: fc.record({ act: act('watchlist'), page: small }),
  seenInList: fc.record({ act: act('seenInList'), show, season: small, number: small, page: small }),
  calendar: fc.record({ act: act('calendar'), change: fc.constantFrom(...calendarChanges) }),
  noticeSchedules: fc.record({ act: act('noticeSchedules'), page: small }),
  noticeSeries: fc.record({ act: act('noticeSeries'), page: small }),
  setNotices: fc.record({ act: act('setNotices'), show: fc.oneof(show, fc.constant(0)), field: word, value: word }),
  language: fc.record({ act: act('language'), language: fc.constantFrom('pt-BR' as const, 'en' as const) }),
  zones: fc.record({ act: act('zones') }),
  zone: fc.record({ act: act('zone'), zone: fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'Etc/GMT+3') }),
  report: fc.record({
    act: act('report'),
    frequency: fc.constantFrom('none' as const, 'daily' as const, 'weekly' as const),
    weekday: fc.integer({ min: 1, max: 7 }),
    hour: fc.integer({ min: 0, max: 23 }),
    theme: fc.constantFrom('light' as const, 'dark' as const),
  }),
  howToSearch: fc.record({ act: act('howToSearch') }),
  nothing: fc.record({ act: act('nothing') }),
}

describe('the data of buttons', () => {
  test('every press is encoded in at most 64 bytes and decoded to the same press', () => {
    fc.assert(
      fc.property(fc.oneof(...Object.values(presses)), press => {
        const data = encode(press)
        expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64)
        expect(decode(data)).toEqual(press)
      }),
      { numRuns: 2_000 },
    )
  })

  test('decode() never throws, and accepts only data that is exactly the encoding of a press', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map(text => `v1:${text}`),
          fc
            .tuple(fc.oneof(...Object.values(presses)), fc.nat(63), fc.string({ maxLength: 2 }))
            .map(([press, at, text]) => encode(press).slice(0, at) + text + encode(press).slice(at + 1)),
        ),
        data => {
          const press = decode(data)
          if (press !== null) expect(encode(press)).toBe(data)
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('zones', () => {
  test.each([
    ['São Paulo', 'America/Sao_Paulo'],
    ['sao_paulo', 'America/Sao_Paulo'],
    ['BRASÍLIA', 'America/Sao_Paulo'],
    ['America/Manaus', 'America/Manaus'],
    ['rio branco', 'America/Rio_Branco'],
    ['Lisboa', 'Europe/Lisbon'],
    ['new york', 'America/New_York'],
    ['Nova Iorque', 'America/New_York'],
    ['tóquio', 'Asia/Tokyo'],
    ['utc', 'UTC'],
    ['Lisbon, Portugal', 'Europe/Lisbon'],
    ['Kathmandu', 'Asia/Katmandu'],
    ['Pará', 'America/Belem'],
    ['para Manaus', 'America/Manaus'],
    ['estado do Pará', 'America/Belem'],
    ['PA', 'America/Belem'],
    ['Paraná', 'America/Sao_Paulo'],
    ['Mato Grosso', 'America/Cuiaba'],
    ['mato grosso do sul', 'America/Campo_Grande'],
    ['Uberlândia', 'America/Sao_Paulo'],
    ['Vitória/ES', 'America/Sao_Paulo'],
    ['Ji-Paraná', 'America/Porto_Velho'],
    ['Feira de Santana - BA', 'America/Bahia'],
    ['Belém (PA)', 'America/Belem'],
    ['Macapá AP', 'America/Belem'],
    ['horário de Brasília', 'America/Sao_Paulo'],
    ['hora de Lisboa', 'Europe/Lisbon'],
    ['Japão', 'Asia/Tokyo'],
    ['Germany', 'Europe/Berlin'],
    ['Alemanha', 'Europe/Berlin'],
    ['França', 'Europe/Paris'],
    ['Argentina', 'America/Buenos_Aires'],
    ['Inglaterra', 'Europe/London'],
    ['California', 'America/Los_Angeles'],
    ['-3', 'America/Sao_Paulo'],
    ['UTC-3', 'America/Sao_Paulo'],
    ['gmt −04:00', 'America/Manaus'],
    ['-03:00', 'America/Sao_Paulo'],
    ['+2', 'Etc/GMT-2'],
    ['UTC+14', 'Etc/GMT-14'],
    ['+5:30', 'Asia/Calcutta'],
    ['UTC+05:45', 'Asia/Katmandu'],
    ['utc+0', 'UTC'],
    ['Etc/GMT+3', 'Etc/GMT+3'],
  ])('"%s" means %s', (text, zone) => {
    expect(findZone(text)).toEqual({ zone })
  })

  test.each([
    ['Par', ['America/Paramaribo', 'Europe/Paris', 'America/Belem']],
    ['recif', ['America/Recife']],
    ['Param', ['America/Paramaribo']],
    ['Brasil', [...brazilianZones]],
    ['EUA', ['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles']],
    ['Portugal', ['Europe/Lisbon', 'Atlantic/Azores']],
    ['Flórida', ['America/New_York', 'America/Chicago']],
    ['Georgia', ['America/New_York', 'Asia/Tbilisi']],
    ['-3:30', ['America/St_Johns']],
  ])('"%s" is ambiguous or incomplete, so zones are suggested', (text, zones) => {
    expect(findZone(text)).toEqual({ suggestions: expect.arrayContaining(zones) })
  })

  test('in English an offset does not become a Brazilian zone, and the abbreviation of a Brazilian state gets a suggestion', () => {
    expect(findZone('UTC-3', 'en')).toEqual({ zone: 'Etc/GMT+3' })
    expect(findZone('PA', 'en')).toEqual({ suggestions: expect.arrayContaining(['America/Belem']) })
    expect(zoneLabel('Etc/GMT+3', 'en')).toBe('UTC-3')
  })

  test.each<[string, Language, string[]]>([
    ['TX', 'en', ['America/Chicago']],
    ['MT', 'en', ['America/Denver', 'America/Cuiaba']],
    ['Boston, MA', 'en', ['America/New_York']],
    ['Orlando, FL', 'pt-BR', ['America/New_York']],
    ['Springfield, IL', 'en', ['America/Chicago']],
    ['Sorriso, MT', 'pt-BR', ['America/Cuiaba']],
    ['Portland, Maine', 'en', ['America/New_York', 'America/Los_Angeles']],
    ['London, Ontario', 'en', ['America/Toronto', 'Europe/London']],
    ['US Eastern', 'en', ['America/New_York']],
    ['Eastern Standard Time', 'en', ['America/New_York']],
    ['IST', 'en', ['Europe/Dublin', 'Asia/Calcutta']],
    ['GMT-3 (Brasília)', 'pt-BR', ['America/Sao_Paulo']],
    ['(UTC-04:00) Manaus', 'pt-BR', ['America/Manaus']],
    ['moro em Recife', 'pt-BR', ['America/Recife']],
    ['“Recife” 🌴', 'pt-BR', ['America/Recife']],
    ['Etc/GMT+3', 'pt-BR', ['Etc/GMT+3']],
  ])('"%s" in %s leads to %j', (text, language, zones) => {
    const found = findZone(text, language)
    expect('zone' in found ? [found.zone] : found.suggestions).toEqual(zones)
  })

  test('a misspelt city gets suggestions, and an unknown text gets none', () => {
    expect(findZone('Lisboaa')).toEqual({ suggestions: expect.arrayContaining(['Europe/Lisbon']) })
    expect(findZone('Manuas')).toMatchObject({ suggestions: expect.toSatisfy(([first]) => first === 'America/Manaus') })
    expect(findZone('Fortalesa')).toEqual({ suggestions: ['America/Fortaleza'] })
    expect(findZone('qqqqqqqq')).toEqual({ suggestions: [] })
    for (const far of ['UTC+15', '-13', '+99:99']) expect(findZone(far), far).toEqual({ suggestions: [] })
    for (const bad of ['Mars/Olympus', '+03:00', '', '<b>']) expect(validZone(bad), bad).toBeNull()
  })

  test('every zone that is found or offered is valid, and every offered zone has a label', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('san', 'port', 'santa', 'new', 'los')), text => {
        const found = findZone(text)
        for (const zone of 'zone' in found ? [found.zone] : found.suggestions) expect(validZone(zone)).not.toBeNull()
      }),
    )
    for (const zone of [...offeredZones['pt-BR'], ...offeredZones.en]) expect(zoneLabel(zone, 'pt-BR')).toMatch(/[a-z]/)
    for (const { name, zone } of places) {
      expect(validZone(zone), zone).not.toBeNull()
      expect(name, name).toBe(folded(name))
    }
  })
})

test.each([
  ['10s', 10],
  ['30 s', 30],
  ['1m', 60],
  ['5min', 300],
  ['1H', 3600],
  ['90', 90],
  ['', null],
  ['s', null],
  ['1.5m', null],
  ['-5m', null],
  ['1d', null],
])('an interval of "%s" is %s seconds', (text, seconds) => {
  expect(parseInterval(text)).toBe(seconds)
})

test.each([
  ['5 minutos', 300],
  ['1 hour', 3600],
  ['30s', 30],
  ['1 min', 60],
  ['meia hora', 1800],
  ['half an hour', 1800],
  ['half a minute', 30],
  ['meio minuto', 30],
  ['cada 5 minutos', 300],
  ['a cada 5 minutos', 300],
  ['a cada minuto', 60],
  ['every 5 minutes', 300],
  ['every hour', 3600],
  ['de 5 em 5 minutos', 300],
  ['todo minuto', 60],
  ['5min', 300],
  ['5 mins', 300],
  ['5MINUTOS', 300],
  ['10 segundos', 10],
  ['10 seconds', 10],
  ['dez minutos', 600],
  ['um minuto', 60],
  ['uma hora', 3600],
  ['an hour', 3600],
  ['ten minutes', 600],
  ['1h30', 5400],
  ['1h30m', 5400],
  ['1 h 30 min', 5400],
  ['1 hora e meia', 5400],
  ['an hour and a half', 5400],
  ['2 minutos e 30 segundos', 150],
  ['１０ｓ', 10],
  ['30 seg.', 30],
  ['1 dia', 86_400],
  ['7 days', 604_800],
  ['minuto', null],
  ['5 bananas', null],
  ['cinco', 5],
  ['half', null],
  ['5 5 minutos', null],
  ['rápido', null],
])('the written interval "%s" is %s seconds', (text, seconds) => {
  expect(parseInterval(text)).toBe(seconds)
})

describe('the text after /monitorar', () => {
  test.each([
    ['example.org', 'example.org', ''],
    ['example.org 5 minutos', 'example.org', '5 minutos'],
    ['5 minutos example.org', 'example.org', '5 minutos'],
    ['a cada 5 minutos https://example.org/a', 'https://example.org/a', 'a cada 5 minutos'],
    ['https://example.org a cada 5 minutos', 'https://example.org', 'a cada 5 minutos'],
    ['30s example.org', 'example.org', '30s'],
    ['example.org, 30s', 'example.org', '30s'],
    ['example.org - 5 min.', 'example.org', '5 min'],
    ['intranet 5m', 'intranet', '5m'],
    ['5m intranet', 'intranet', '5m'],
    ['192.168.0.10 10s', '192.168.0.10', '10s'],
    ['<https://example.org/>', 'https://example.org/', ''],
    ['"https://example.org"', 'https://example.org', ''],
    ['“https://example.org”.', 'https://example.org', ''],
    ['(https://example.org)', 'https://example.org', ''],
    ['https://example.org/a_(b)', 'https://example.org/a_(b)', ''],
    ['https://example.org/?a=1,', 'https://example.org/?a=1', ''],
    ['HTTPS://Example.org', 'https://Example.org', ''],
    ['http:/example.org', 'http://example.org', ''],
    ['http:example.org', 'http://example.org', ''],
    ['http//example.org', 'http://example.org', ''],
    ['https;//example.org', 'https://example.org', ''],
    ['http:\\\\example.org', 'http://example.org', ''],
    ['tcp:example.org:22', 'tcp://example.org:22', ''],
    ['https://127.0.0.1:8080/x', 'https://127.0.0.1:8080/x', ''],
    ['ｈｔｔｐｓ：／／ｅｘａｍｐｌｅ．ｏｒｇ　３０ｓ', 'https://example.org', '30s'],
    ['\u200Bexample.org\uFEFF 30s', 'example.org', '30s'],
    ['[2001:db8::1]:8080 30s', '[2001:db8::1]:8080', '30s'],
    ['https://[2001:db8::1]/', 'https://[2001:db8::1]/', ''],
    ['münchen.example 1 hora', 'münchen.example', '1 hora'],
    ['www.example.org', 'www.example.org', ''],
  ])('"%s" has the address %s and the interval "%s"', (text, address, interval) => {
    expect(parseMonitorArgument(text)).toEqual({ address, interval, limit: null, slow: null })
    expect(parseTarget(address).ok || address === 'intranet').toBe(true)
  })

  test('the time limit may stand after the interval', () => {
    expect(parseMonitorArgument('example.org 5 minutos limite de 30 s')).toEqual({
      address: 'example.org',
      interval: '5 minutos',
      limit: '30 s',
      slow: null,
    })
  })

  test.each([
    ['host:22', 'tcp://host:22'],
    ['example.org:22', 'tcp://example.org:22'],
    ['http://example.org:25', 'tcp://example.org:25'],
    ['https://example.org:22/', 'tcp://example.org:22'],
    ['db.example.org:5432', 'tcp://db.example.org:5432'],
    ['[2001:db8::1]:22', 'tcp://[2001:db8::1]:22'],
    ['192.0.2.1:3306', 'tcp://192.0.2.1:3306'],
    ['https://example.org:5432', null],
    ['example.org:8080', null],
    ['example.org', null],
    ['tcp://example.org:22', null],
    ['user:secret@example.org:22', null],
    ['example.org:99999', null],
  ])('"%s" probably means %s', (text, expected) => {
    expect(tcpAddressFor(text)).toBe(expected)
  })
})
