import { describe, expect, test } from 'vitest'
import { TelegramError, TelegramUnreachable } from '#functions/telegram/client.ts'
import { type Refusal, refusalKindOf, refusalOf } from '#functions/telegram/refusals.ts'

const refused = (code: number, description: string, more: { retryAfter?: number; migrateTo?: number } = {}): Refusal =>
  refusalOf(new TelegramError('sendMessage', code, description, more))

describe('the kind of a refusal by Telegram', () => {
  test.each<[number, string, Refusal]>([
    [401, 'Unauthorized', { kind: 'bot-disabled' }],
    [404, 'Not Found', { kind: 'bot-disabled' }],
    [400, 'Bad Request: FROZEN_METHOD_INVALID', { kind: 'bot-disabled' }],
    [403, 'Forbidden: FROZEN_PARTICIPANT_MISSING', { kind: 'bot-disabled' }],
    [409, 'Conflict: terminated by other getUpdates request', { kind: 'bot-conflict' }],
    [403, 'Forbidden: bot was blocked by the user', { kind: 'chat-forbidden', isExpected: true }],
    [403, 'Forbidden: user is deactivated', { kind: 'chat-forbidden', isExpected: true }],
    [403, "Forbidden: bot can't initiate conversation with a user", { kind: 'chat-forbidden', isExpected: true }],
    [403, 'Forbidden: bot was kicked from the supergroup chat', { kind: 'chat-forbidden', isExpected: true }],
    [403, 'Forbidden: bot is not a member of the channel chat', { kind: 'chat-forbidden', isExpected: true }],
    [403, 'Forbidden: the group chat was deleted', { kind: 'chat-forbidden', isExpected: true }],
    [403, 'Forbidden: CHAT_SEND_GAME_FORBIDDEN', { kind: 'chat-forbidden', isExpected: false }],
    [400, 'Bad Request: chat not found', { kind: 'chat-not-found' }],
    [400, 'Bad Request: user not found', { kind: 'chat-not-found' }],
    [400, 'Bad Request: PEER_ID_INVALID', { kind: 'chat-not-found' }],
    [400, 'Bad Request: group chat was upgraded to a supergroup chat', { kind: 'chat-not-found' }],
    [400, 'Bad Request: message thread not found', { kind: 'topic-unavailable', isDeleted: true }],
    [400, 'Bad Request: TOPIC_DELETED', { kind: 'topic-unavailable', isDeleted: true }],
    [400, 'Bad Request: TOPIC_ID_INVALID', { kind: 'topic-unavailable', isDeleted: true }],
    [400, 'Bad Request: TOPIC_CLOSED', { kind: 'topic-unavailable', isDeleted: false }],
    [
      400,
      'Bad Request: message is not modified: specified new message content and reply markup are exactly the same',
      { kind: 'not-modified' },
    ],
    [400, 'Bad Request: message to edit not found', { kind: 'message-not-editable' }],
    [400, "Bad Request: message can't be edited", { kind: 'message-not-editable' }],
    [400, 'Bad Request: message to delete not found', { kind: 'message-not-editable' }],
    [400, 'Bad Request: there is no caption in the message to edit', { kind: 'message-not-editable' }],
    [400, 'Bad Request: MESSAGE_ID_INVALID', { kind: 'message-not-editable' }],
    [
      400,
      'Bad Request: query is too old and response timeout expired or query ID is invalid',
      { kind: 'query-expired' },
    ],
    [400, 'Bad Request: not enough rights to send text messages to the chat', { kind: 'no-permission' }],
    [400, 'Bad Request: have no rights to send a message', { kind: 'no-permission' }],
    [400, 'Bad Request: CHAT_WRITE_FORBIDDEN', { kind: 'no-permission' }],
    [400, 'Bad Request: CHAT_RESTRICTED', { kind: 'no-permission' }],
    [400, 'Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN', { kind: 'no-permission' }],
    [400, `Bad Request: can't parse entities: Unsupported start tag "x" at byte offset 0`, { kind: 'markup' }],
    [400, "Bad Request: can't parse caption", { kind: 'markup' }],
    [400, 'Bad Request: ENTITY_BOUNDS_INVALID', { kind: 'markup' }],
    [400, 'Bad Request: message is too long', { kind: 'length' }],
    [400, 'Bad Request: MEDIA_CAPTION_TOO_LONG', { kind: 'length' }],
    [400, 'Bad Request: reply markup is too long', { kind: 'buttons' }],
    [400, 'Bad Request: wrong file identifier/HTTP URL specified', { kind: 'photo' }],
    [400, 'Bad Request: failed to get HTTP URL content', { kind: 'photo' }],
    [400, 'Bad Request: wrong type of the web page content', { kind: 'photo' }],
    [400, 'Bad Request: wrong remote file identifier specified', { kind: 'photo' }],
    [400, 'Bad Request: WEBPAGE_CURL_FAILED', { kind: 'photo' }],
    [400, 'Bad Request: PHOTO_INVALID_DIMENSIONS', { kind: 'photo' }],
    [400, 'Bad Request: IMAGE_PROCESS_FAILED', { kind: 'photo' }],
    [400, 'Bad Request: file is too big', { kind: 'photo' }],
    [400, 'Bad Request: BUTTON_DATA_INVALID', { kind: 'buttons' }],
    [400, 'Bad Request: inline keyboard button expected', { kind: 'buttons' }],
    [400, 'Bad Request: message to be replied not found', { kind: 'reply' }],
    [400, 'Bad Request: message text is empty', { kind: 'other' }],
  ])('%i %s gives %j', (code, description, refusal) => {
    expect(refused(code, description)).toEqual(refusal)
  })

  test('a flood has the retry_after of Telegram, if there is one', () => {
    expect(refused(429, 'Too Many Requests: retry after 7', { retryAfter: 7 })).toEqual({
      kind: 'flood',
      retryAfterS: 7,
    })
    expect(refused(429, 'Too Many Requests')).toEqual({ kind: 'flood', retryAfterS: undefined })
  })

  test('a group that became a supergroup gives the new id', () => {
    const description = 'Bad Request: group chat was upgraded to a supergroup chat'
    expect(refused(400, description, { migrateTo: -100 })).toEqual({ kind: 'chat-migrated', to: -100 })
  })

  test('other errors are not refusals', () => {
    expect(refusalKindOf(new TelegramError('sendMessage', 400, 'Bad Request: chat not found'))).toBe('chat-not-found')
    expect(refusalKindOf(new TelegramUnreachable('sendMessage', 'no answer within 10 s'))).toBeUndefined()
    expect(refusalKindOf(new Error('chat not found'))).toBeUndefined()
  })
})
