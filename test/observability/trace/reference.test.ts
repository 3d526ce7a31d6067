import { expect, test } from 'vitest'
import { derivedCause, incidentOf, updateOf } from '#infra/observability/trace/derived-cause.ts'
import { referenceIn } from '#infra/observability/trace/reference.ts'

test.each([
  ['7/55', { chatId: 7, messageId: 55 }],
  ['-1001234567890/55', { chatId: -1001234567890, messageId: 55 }],
  ['https://t.me/c/1234567890/55', { chatId: -1001234567890, messageId: 55 }],
  ['https://t.me/c/1234567890/3/55', { chatId: -1001234567890, messageId: 55 }],
  ['https://t.me/c/1234567890/55?thread=3', { chatId: -1001234567890, messageId: 55 }],
  ['tg://openmessage?user_id=7&message_id=55', { chatId: 7, messageId: 55 }],
  ['update/1/2/probe.requested', { text: 'update/1/2/probe.requested' }],
  ['🔴 loja.example.org está fora do ar', { text: '🔴 loja.example.org está fora do ar' }],
  ['https://example.org/saude', { text: 'https://example.org/saude' }],
  ['7/', { text: '7/' }],
])('%s is a reference', (argument, expected) => expect(referenceIn(argument)).toEqual(expected))

test.each([
  'https://t.me/vigia_group/55',
  'https://t.me/c/1234567890',
  'https://t.me/c/abc/55',
  'https://t.me/c/1/2/3/4',
  'tg://resolve?domain=vigia_group&post=55',
])('%s is refused, because it has no id of the chat', link => {
  expect(() => referenceIn(link)).toThrow(/does not have the id of the chat/)
})

test.each([
  ['update/1/2/probe.requested', 'update/1/2'],
  ['update/1/2/probe.requested/message.requested/7', 'update/1/2/probe.requested'],
  ['incident/3/monitor.down/message.requested/-100/4', 'incident/3/monitor.down'],
  // The key of an event may be the name of another.
  ['update/1/2/message.requested/probe.requested', 'update/1/2/message.requested'],
  ['update/1/2', undefined],
  ['2f0f2bd8-7a3e-4b41-8f5c-1f8d5f3b7f55', undefined],
  ['chat/7/report@2026-11-30T11:00:00.000Z', undefined],
])('the id %s tells the cause %s', (id, cause) => expect(derivedCause(id)).toBe(cause))

test('an incident and an update are recognised by their ids', () => {
  expect([
    incidentOf('incident/7/monitor.down'),
    incidentOf('incident/7'),
    incidentOf('incident/x/monitor.up'),
  ]).toEqual([7, 7, undefined])
  expect([updateOf('update/1/2'), updateOf('update/1/2/x'), updateOf('update/1')]).toEqual([
    { botId: '1', updateId: '2' },
    undefined,
    undefined,
  ])
})
