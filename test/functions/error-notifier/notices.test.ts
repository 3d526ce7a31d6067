import { describe, expect, test } from 'vitest'
import type { OperatorNotice } from '#database/operations/operator-notices.ts'
import { fingerprint } from '#functions/error-notifier/fingerprint.ts'
import { decide } from '#functions/error-notifier/notice-frequency.ts'
import { noticeText } from '#functions/error-notifier/notice-text.ts'
import { at, noticeOf } from './support.ts'

test('a fingerprint depends on the code, the Trigger and the text, but not on the ids, timestamps and numbers in the text', () => {
  const one = fingerprint('t', 500, 'no answer for monitor/42 at 2026-11-21T12:00:00Z after 30 s')
  expect(fingerprint('t', 500, 'no answer for monitor/7 at 2026-11-22T01:02:03.5Z after 31 s')).toBe(one)
  expect(fingerprint('t', 503, 'no answer for monitor/42 at 2026-11-21T12:00:00Z after 30 s')).not.toBe(one)
  expect(fingerprint('u', 500, 'no answer for monitor/42 at 2026-11-21T12:00:00Z after 30 s')).not.toBe(one)
  expect(fingerprint('t', 500, 'no route')).not.toBe(one)
})

describe('the decision', () => {
  test.each<[string, Partial<OperatorNotice>, number, string]>([
    ['send', { notifiedAt: null, editedAt: null, notifiedCount: 0, telegramMessageId: null }, 0, '12:00:30'],
    ['wait', {}, 1, '12:00:59'],
    ['edit', {}, 1, '12:01:00'],
    ['send', {}, 1, '13:00:00'],
    ['hold back', { notifiedAt: null }, 20, '12:00:30'],
    ['hold back', {}, 20, '13:00:00'],
    ['wait', { heldBack: true, telegramMessageId: null }, 0, '12:30:00'],
    ['send', { heldBack: true, telegramMessageId: null }, 0, '13:00:00'],
    ['wait', { notifiedCount: 2 }, 0, '15:00:00'],
    ['wait', { telegramMessageId: null, notifiedCount: 0 }, 1, '12:00:59'],
    ['send', { telegramMessageId: null, notifiedCount: 0 }, 1, '12:01:00'],
  ])('is to %s', (decision, overrides, messages, time) => {
    expect(decide(noticeOf(overrides), messages, at(time))).toBe(decision)
  })
})

describe('the text of a notice', () => {
  test('is in the language of the operators', () => {
    const text = noticeText(
      noticeOf({ count: 3 }),
      { language: 'en', zone: 'Europe/London', command: 'npm run vigia -- dead-letters' },
      at('12:30:00'),
    )
    expect(text).toContain('3 times since today · 12:00')
    expect(text).toMatch(/#aaaaaaaa · see and replay: <code>npm run vigia -- dead-letters<\/code>$/)
  })

  test('names the command for dead letters only if there is a dead letter', () => {
    const content = { title: 'message.refused', subject: 'chat/7', code: 400, reason: 'r' }
    const reader = { language: 'en', zone: 'Europe/London', command: 'npm run vigia -- dead-letters' } as const
    expect(noticeText(noticeOf({ content }), reader, at('12:30:00'))).toMatch(/#aaaaaaaa$/)
  })
})
