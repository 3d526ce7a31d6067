import { describe, expect, test } from 'vitest'
import type { ChatMember } from '#simulators/telegram/bot-api.ts'
import { ana, call, refusal, sendToAna, telegram } from './support/telegram.ts'

describe('chats, groups and topics', () => {
  const write = (chatId: number, more: object = {}) => refusal('sendMessage', { chat_id: chatId, text: 'x', ...more })

  test('the bot cannot write to a person who is unknown, never wrote to it, blocked it, or deleted their account', async () => {
    expect(await refusal('sendMessage', { text: 'x' })).toBe('400 Bad Request: chat_id is empty')
    expect(await write(123)).toBe('400 Bad Request: chat not found')
    expect(await write(ana.chatId)).toBe("403 Forbidden: bot can't initiate conversation with a user")
    ana.send('/start')
    ana.block()
    expect(await write(ana.chatId)).toBe('403 Forbidden: bot was blocked by the user')
    expect(() => ana.send('oi')).toThrow(/has blocked the bot/)
    ana.unblock()
    expect((await sendToAna('oi')).ok).toBe(true)
    ana.deactivate()
    expect(await write(ana.chatId)).toBe('403 Forbidden: user is deactivated')
  })

  test('blocking and unblocking the bot sends my_chat_member updates', () => {
    ana.send('/start')
    ana.block()
    ana.unblock()
    const changes = telegram
      .pending()
      .flatMap(({ my_chat_member: m }) =>
        m === undefined ? [] : [`${m.old_chat_member.status} → ${m.new_chat_member.status}`],
      )
    expect(changes).toEqual(['member → kicked', 'kicked → member'])
  })

  test('the bot cannot write to a group that it is not a member of, that was upgraded, or that was deleted', async () => {
    const group = telegram.group('Família')
    expect(await write(group.chatId)).toBe('403 Forbidden: bot is not a member of the group chat')
    group.addBot(ana)
    expect((await call('sendMessage', { chat_id: group.chatId, text: 'x' })).ok).toBe(true)
    group.kickBot(ana)
    expect(await write(group.chatId)).toBe('403 Forbidden: bot was kicked from the group chat')
    group.addBot(ana)
    const upgraded = group.upgrade()
    const answer = await call('sendMessage', { chat_id: group.chatId, text: 'x' })
    expect(answer).toMatchObject({
      status: 400,
      description: 'Bad Request: group chat was upgraded to a supergroup chat',
      parameters: { migrate_to_chat_id: upgraded.chatId },
    })
    expect((await call('sendMessage', { chat_id: upgraded.chatId, text: 'x' })).ok).toBe(true)
    upgraded.kickBot(ana)
    expect(await write(upgraded.chatId)).toBe('403 Forbidden: bot was kicked from the supergroup chat')
    const other = telegram.group('Outra')
    other.addBot(ana)
    other.remove()
    expect(await write(other.chatId)).toBe('403 Forbidden: the group chat was deleted')
  })

  test('the bot cannot write to a topic that is unknown, closed or deleted', async () => {
    const forum = telegram.group('Fórum', { forum: true })
    forum.addBot(ana)
    const topic = forum.openTopic('Séries')
    const thread = { message_thread_id: topic }
    expect((await call('sendMessage', { chat_id: forum.chatId, text: 'x', ...thread })).result).toMatchObject({
      message_thread_id: topic,
      is_topic_message: true,
    })
    expect(await write(forum.chatId, { message_thread_id: 77 })).toBe('400 Bad Request: message thread not found')
    forum.closeTopic(topic)
    expect(await write(forum.chatId, thread)).toBe('400 Bad Request: TOPIC_CLOSED')
    forum.deleteTopic(topic)
    expect(await write(forum.chatId, thread)).toBe('400 Bad Request: TOPIC_DELETED')
  })

  test('the topic General has no id for sending and can be closed; administrators may write to closed topics', async () => {
    const forum = telegram.group('Fórum', { forum: true })
    forum.addBot(ana)
    const topic = forum.openTopic('Séries')
    expect(await write(forum.chatId, { message_thread_id: 1 })).toBe('400 Bad Request: message thread not found')
    expect((await call('sendMessage', { chat_id: forum.chatId, text: 'x' })).result).not.toHaveProperty(
      'message_thread_id',
    )
    forum.closeTopic(1)
    expect(await write(forum.chatId)).toBe('400 Bad Request: TOPIC_CLOSED')
    const there = await call('sendMessage', { chat_id: forum.chatId, text: 'x', message_thread_id: topic })
    expect(there.ok).toBe(true)
    const reply = { reply_parameters: { message_id: there.result.message_id } }
    const answered = await call('sendMessage', { chat_id: forum.chatId, text: 'y', ...reply })
    expect(answered.result, 'a reply is in the topic of its message').toMatchObject({ message_thread_id: topic })
    forum.closeTopic(topic)
    expect(await write(forum.chatId, reply)).toBe('400 Bad Request: TOPIC_CLOSED')
    forum.removeBot(ana)
    forum.addBot(ana, 'administrator')
    expect((await call('sendMessage', { chat_id: forum.chatId, text: 'x' })).ok).toBe(true)
    expect((await call('sendMessage', { chat_id: forum.chatId, text: 'x', message_thread_id: topic })).ok).toBe(true)
    forum.reopenTopic(1)
  })

  test('a chain of replies in a supergroup without topics has a message_thread_id, but is not a topic', async () => {
    const group = telegram.group('Turma', { supergroup: true })
    group.addBot(ana)
    const id = group.as(ana).send('/ajuda')
    const answered = await call('sendMessage', {
      chat_id: group.chatId,
      text: 'x',
      reply_parameters: { message_id: id },
    })
    expect(answered.result).toMatchObject({ message_thread_id: id })
    expect(answered.result).not.toHaveProperty('is_topic_message')
  })

  test('a reply needs an existing message, unless allow_sending_without_reply is set', async () => {
    const id = ana.send('question')
    expect((await sendToAna('answer', { reply_parameters: { message_id: id } })).result.reply_to_message).toMatchObject(
      {
        message_id: id,
        text: 'question',
      },
    )
    expect(await write(ana.chatId, { reply_parameters: { message_id: 999 } })).toBe(
      '400 Bad Request: message to be replied not found',
    )
    const lenient = { reply_parameters: { message_id: 999, allow_sending_without_reply: true } }
    expect((await sendToAna('answer', lenient)).result).not.toHaveProperty('reply_to_message')
  })
})

describe('groups in privacy mode', () => {
  test('let the bot receive commands, mentions and replies, and nothing else', async () => {
    const group = telegram.group('Família')
    group.addBot(ana)
    const participant = group.as(ana)
    const { result } = await call('sendMessage', { chat_id: group.chatId, text: 'oi' })
    participant.send('so among us')
    participant.send('/series')
    participant.send('/series@VigiaBot')
    participant.send('/series@OtherBot')
    participant.send('hey @VigiaBot')
    participant.send('yes', { replyTo: result.message_id })
    const received = telegram.pending().flatMap(({ message }) => message?.text ?? [])
    expect(received).toEqual(['/series', '/series@VigiaBot', 'hey @VigiaBot', 'yes'])
  })

  test('getChatMember returns the role of a member with the fields of the role', async () => {
    const group = telegram.group('Família')
    group.addBot(ana)
    group.as(ana, 'administrator')
    const member = async (user_id: number) =>
      (await call<ChatMember>('getChatMember', { chat_id: group.chatId, user_id })).result
    expect(await member(ana.id)).toMatchObject({
      status: 'administrator',
      is_anonymous: false,
      can_be_edited: false,
      can_manage_chat: true,
      can_promote_members: false,
    })
    expect(await member(telegram.id)).toEqual({ status: 'member', user: expect.objectContaining({ is_bot: true }) })
    group.as(ana, 'creator')
    expect(await member(ana.id)).toEqual({ status: 'creator', is_anonymous: false, user: expect.anything() })
    group.as(ana, 'kicked')
    expect(await member(ana.id)).toMatchObject({ status: 'kicked', until_date: 0 })
  })

  test('getChatMember refuses unknown and missing users, and groups that the bot has left', async () => {
    const group = telegram.group('Família')
    group.addBot(ana)
    const chat_id = group.chatId
    expect(await refusal('getChatMember', { chat_id, user_id: 1 })).toBe('400 Bad Request: PARTICIPANT_ID_INVALID')
    expect(await refusal('getChatMember', { chat_id })).toBe('400 Bad Request: invalid user_id specified')
    group.removeBot(ana)
    expect(await refusal('getChatMember', { chat_id, user_id: ana.id })).toBe(
      '403 Forbidden: bot is not a member of the group chat',
    )
  })

  test('a group that hides its members tells the role of others only to administrators, and its administrators to all', async () => {
    const group = telegram.group('Discreto', { supergroup: true, hidesMembers: true })
    group.addBot(ana)
    group.as(ana, 'creator')
    const chat_id = group.chatId
    expect(await refusal('getChatMember', { chat_id, user_id: ana.id })).toBe('400 Bad Request: CHAT_ADMIN_REQUIRED')
    expect((await call<ChatMember[]>('getChatAdministrators', { chat_id })).result).toEqual([
      { status: 'creator', is_anonymous: false, user: expect.objectContaining({ id: ana.id }) },
    ])
    group.addBot(ana, 'administrator')
    expect((await call<ChatMember>('getChatMember', { chat_id, user_id: ana.id })).result.status).toBe('creator')
    expect(await refusal('getChatAdministrators', { chat_id: ana.chatId })).toBe(
      '400 Bad Request: there are no administrators in the private chat',
    )
  })
})
