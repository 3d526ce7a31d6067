import { sayMilliseconds } from '#functions/wording/uptime.ts'
import { parseMilliseconds } from '../milliseconds.ts'
import { hasTls, inKinds, sameText, setting } from './setting.ts'

const trimmed = (text: string) => text.trim()
const connecting = ['http', 'tcp', 'tls', 'ping', 'websocket', 'grpc'] as const
const withTls = ['http', 'tls', 'websocket', 'grpc'] as const

/** The fields that are stored in the settings of one or several kinds, except those of a request. */
export const settingsFields = {
  keyword: setting({
    properties: { http: 'keyword', tcp: 'expect', websocket: 'expect' },
    fits: ({ recipe }) => recipe === undefined,
    parse: trimmed,
    refusal: 'keyword',
  }),
  keywordAbsent: setting({ properties: inKinds('keywordAbsent', 'http'), parse: trimmed, refusal: 'keywordAbsent' }),
  status: setting({
    properties: { http: 'status' },
    choices: () => sameText(['200', '200-299', '200-399']),
    parse: text => text.trim().replace(/\s+(?:e|and|ou|or)\s+|\s*;\s*/gi, ','),
    refusal: 'status',
    usual: '200-299',
  }),
  record: setting({
    properties: { dns: 'type' },
    choices: () => sameText(['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'NS']),
    parse: text => text.trim().toUpperCase(),
    refusal: 'record',
    usual: 'A',
  }),
  expected: setting({
    properties: inKinds('expected', 'dns'),
    parse: text => text.split(/[\n;]/).map(trimmed).filter(Boolean),
    refusal: 'expected',
    show: value => (value as string[]).join('; '),
  }),
  server: setting({ properties: inKinds('server', 'dns'), parse: trimmed, refusal: 'server' }),
  recipe: setting({
    properties: { tcp: 'recipe' },
    fits: ({ expect, send, starttls }) => expect === undefined && send === undefined && starttls === undefined,
    choices: () => sameText(['redis', 'smtp', 'imap', 'postgres', 'mysql', 'mqtt']),
    parse: text => text.trim().toLowerCase(),
    refusal: 'recipe',
  }),
  send: setting({
    properties: inKinds('send', 'tcp', 'websocket'),
    fits: ({ recipe }) => recipe === undefined,
    parse: trimmed,
    refusal: 'send',
  }),
  protocol: setting({ properties: inKinds('protocol', 'websocket'), parse: trimmed, refusal: 'protocol' }),
  service: setting({ properties: inKinds('service', 'grpc'), parse: trimmed, refusal: 'service' }),
  slow: setting({
    properties: inKinds('slowMs', ...connecting, 'dns'),
    choices: ({ context: { chat } }) =>
      [500, 1000, 2000, 5000].map(value => ({ text: sayMilliseconds(value, chat.language), value: `${value}ms` })),
    parse: parseMilliseconds,
    refusal: 'slow',
    show: (value, { context: { chat } }) => sayMilliseconds(Number(value), chat.language),
  }),
  family: setting({
    properties: inKinds('family', ...connecting),
    choices: ({ context: { messages } }) =>
      (['ipv4', 'ipv6'] as const).map(value => ({ text: messages.wizard.families[value], value })),
    parse: text => /^(?:ip)?v?([46])$/i.exec(text.trim())?.[1]?.replace(/^/, 'ipv') ?? null,
    refusal: 'family',
    show: (value, { context: { messages } }) => messages.wizard.families[value as 'ipv4' | 'ipv6'],
  }),
  redirects: setting({
    properties: inKinds('followRedirects', 'http'),
    choices: ({ context: { messages } }) => [
      { text: messages.wizard.redirects.yes, value: 'yes' },
      { text: messages.wizard.redirects.secure, value: 'secure' },
      { text: messages.wizard.redirects.no, value: 'no' },
    ],
    parse: text => (text === 'secure' ? text : text === 'yes'),
    show: (value, { context: { messages } }) =>
      messages.wizard.redirects[value === 'secure' ? value : value === false ? 'no' : 'yes'],
  }),
  certificateDays: setting({
    properties: inKinds('certificateDays', ...withTls, 'tcp'),
    fits: hasTls,
    choices: ({ context: { messages } }) =>
      [7, 14, 21, 30].map(days => ({ text: messages.wizard.days(days), value: String(days) })),
    parse: text => {
      const days = /^(\d{1,3})\s*(?:d|dias?|days?)?$/i.exec(text.trim())?.[1]
      return days === undefined ? null : Number(days)
    },
    refusal: 'certificateDays',
    show: (value, { context: { messages } }) => messages.wizard.days(Number(value)),
  }),
}
