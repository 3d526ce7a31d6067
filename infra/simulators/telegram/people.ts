import { generalTopicId } from './addressing.ts'
import type { Entity, InlineButton } from './bot-api.ts'
import {
  addMessage,
  apiChat,
  apiMessage,
  type Bot,
  botUser,
  type CallbackQuery,
  type Chat,
  type Membership,
  newChat,
  notifyWatchers,
  type Person,
  privateChat,
  queueUpdate,
  type StoredMessage,
  type TelegramState,
  unixSeconds,
  userOf,
} from './state.ts'
import { normalized } from './text.ts'

/** A message as a person sees it on the screen. */
export interface VisibleMessage {
  id: number
  /** `bot`, or the first name of the person who wrote it. */
  from: string
  mine: boolean
  text: string
  entities: Entity[]
  /** The photo's URL (or file_id), or null. */
  photo: string | null
  buttons: { text: string; data?: string; url?: string }[][]
  /** Id of the message it replies to, or null. */
  replyTo: number | null
  edited: boolean
  silent: boolean
  threadId: number | null
  at: Date
}

/** What became of a press: Telegram's little notice, once the bot has answered. */
export interface ButtonPress {
  id: string
  answer(): { text: string; alert: boolean } | null
}

/** A person in a chat: what they can do and what they see there. */
export interface Participant {
  readonly chatId: number
  /** Writes a message; answers with its id. */
  send(text: string, options?: { replyTo?: number; threadId?: number }): number
  /**
   * Presses the button with this text on the newest message that has it (or on the message given).
   * Throws where no such button is on the screen. A link button is followed, not sent: then there is no query. Where two buttons of
   * a message have one text, `data` tells them apart.
   */
  press(button: string | RegExp, options?: { message?: number; data?: string | undefined }): ButtonPress
  /** Oldest first, without the deleted ones. */
  messages(): VisibleMessage[]
  /** The bot's own, oldest first. */
  answers(): VisibleMessage[]
  last(): VisibleMessage | undefined
}

export interface SimulatedUser extends Participant {
  readonly id: number
  readonly name: string
  /** Blocks the bot, as from the menu of the chat. */
  block(): void
  unblock(): void
  isBlocked(): boolean
  /** Deletes the account. */
  deactivate(): void
  setLanguage(code: string | undefined): void
}

export interface SimulatedGroup {
  readonly chatId: number
  /** A person's place in the group; they join it when they are not in yet. */
  as(user: SimulatedUser, membership?: Membership): Participant
  addBot(by: SimulatedUser, membership?: 'member' | 'administrator'): void
  kickBot(by: SimulatedUser): void
  removeBot(by: SimulatedUser): void
  /** Becomes a supergroup; answers with its place under the new id. */
  upgrade(): SimulatedGroup
  /** The group is deleted. */
  remove(): void
  openTopic(name: string): number
  /** General has the number 1. Administrators may still write to a closed topic. */
  closeTopic(id: number): void
  reopenTopic(id: number): void
  deleteTopic(id: number): void
}

const pressQueueOffset = 3 * 2 ** 33
const memberQueueOffset = 5 * 2 ** 33
const pressLifetimeS = 150

export const addPerson = (
  state: TelegramState,
  name: string,
  languageCode: string | undefined,
  id?: number,
): Person => {
  const person: Person = {
    id: id ?? state.nextPersonId++,
    firstName: name,
    ...(languageCode === undefined ? {} : { languageCode }),
    deactivated: false,
  }
  state.people.set(person.id, person)
  return person
}

export const simulatedUser = (state: TelegramState, bot: Bot, person: Person): SimulatedUser => {
  const chat = privateChat(bot, person)
  const stand = (from: Membership, to: Membership) => {
    chat.standing = to
    queueMembershipUpdate(state, bot, chat, person, from, to)
  }
  return {
    ...participant(state, bot, chat, person),
    id: person.id,
    name: person.firstName,
    block: () => {
      if (chat.blocked) return
      chat.blocked = true
      stand('member', 'kicked')
    },
    unblock: () => {
      if (!chat.blocked) return
      chat.blocked = false
      stand('kicked', 'member')
    },
    isBlocked: () => chat.blocked,
    deactivate: () => {
      person.deactivated = true
      notifyWatchers(state, bot, chat.id)
    },
    setLanguage: code => {
      if (code === undefined) delete person.languageCode
      else person.languageCode = code
    },
  }
}

export const addGroup = (
  state: TelegramState,
  bot: Bot,
  title: string,
  options: { supergroup?: boolean; forum?: boolean },
) => {
  const isSuper = options.supergroup === true || options.forum === true
  const serial = state.nextChatId++
  const chat = newChat(isSuper ? -(1_000_000_000_000 + serial) : -serial, isSuper ? 'supergroup' : 'group', title)
  chat.forum = options.forum === true
  bot.chats.set(chat.id, chat)
  return simulatedGroup(state, bot, chat)
}

export const simulatedGroup = (state: TelegramState, bot: Bot, chat: Chat): SimulatedGroup => {
  const stand = (by: SimulatedUser, to: Membership) => {
    const person = state.people.get(by.id)
    const from = chat.standing
    if (person === undefined || from === to) return
    chat.standing = to
    queueMembershipUpdate(state, bot, chat, person, from, to)
  }
  const topic = (id: number, topicState: 'open' | 'closed' | 'deleted') => {
    if (id === generalTopicId && chat.forum && topicState !== 'deleted')
      return void chat.topics.set(id, { name: 'General', state: topicState })
    const known = chat.topics.get(id)
    if (known === undefined) throw new Error(`no topic ${id} in "${chat.title}"`)
    known.state = topicState
  }
  return {
    chatId: chat.id,
    as: (user, membership = 'member') => {
      const person = state.people.get(user.id)
      if (person === undefined) throw new Error(`nobody with id ${user.id}`)
      chat.members.set(user.id, membership)
      return participant(state, bot, chat, person)
    },
    addBot: (by, membership = 'member') => stand(by, membership),
    kickBot: by => stand(by, 'kicked'),
    removeBot: by => stand(by, 'left'),
    upgrade: () => upgradeToSupergroup(state, bot, chat),
    remove: () => {
      chat.gone = true
    },
    openTopic: name => {
      const service = { from: null, entities: [], buttons: [], silent: true }
      // A topic has the number of its first message, and the first number of all is General's.
      if (chat.messages.length === 0) addMessage(state, bot, chat, { ...service, text: 'Group created' })
      const id = (chat.messages.at(-1)?.id ?? 0) + 1
      addMessage(state, bot, chat, { ...service, text: `Topic: ${name}` })
      chat.topics.set(id, { name, state: 'open' })
      return id
    },
    closeTopic: id => topic(id, 'closed'),
    reopenTopic: id => topic(id, 'open'),
    deleteTopic: id => topic(id, 'deleted'),
  }
}

const upgradeToSupergroup = (state: TelegramState, bot: Bot, chat: Chat): SimulatedGroup => {
  const fresh = newChat(-(1_000_000_000_000 + state.nextChatId++), 'supergroup', chat.title)
  fresh.standing = chat.standing
  fresh.members = new Map(chat.members)
  bot.chats.set(fresh.id, fresh)
  chat.upgradedTo = fresh.id
  const service = { from: null, text: '', entities: [], buttons: [], silent: true }
  const farewell = addMessage(state, bot, chat, { ...service, migratedTo: fresh.id })
  const welcome = addMessage(state, bot, fresh, { ...service, migratedFrom: chat.id })
  queueUpdate(bot, { message: apiMessage(state, bot, chat, farewell) }, 'message', chat.id)
  queueUpdate(bot, { message: apiMessage(state, bot, fresh, welcome) }, 'message', fresh.id)
  return simulatedGroup(state, bot, fresh)
}

const participant = (state: TelegramState, bot: Bot, chat: Chat, person: Person): Participant => {
  const messages = () =>
    chat.messages.filter(message => !message.deleted).map(message => visibleMessage(state, person, message))
  return {
    chatId: chat.id,
    send: (text, options = {}) => {
      if (person.deactivated) throw new Error(`${person.firstName}'s account is deleted`)
      if (chat.blocked) throw new Error(`${person.firstName} has blocked the bot; unblock it first`)
      chat.started = true
      const formatted = normalized({ text, entities: [] })
      if (formatted.text === '') throw new Error('Telegram sends no empty message')
      const message = addMessage(state, bot, chat, {
        from: person.id,
        ...formatted,
        buttons: [],
        silent: false,
        ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
        ...(options.threadId === undefined ? {} : { threadId: options.threadId }),
      })
      if (reachesBot(bot, chat, message)) {
        queueUpdate(bot, { message: apiMessage(state, bot, chat, message) }, 'message', chat.id)
      }
      return message.id
    },
    press: (button, options = {}) => press(state, bot, chat, person, button, options),
    messages,
    answers: () => messages().filter(({ mine, from }) => !mine && from === 'bot'),
    last: () => messages().at(-1),
  }
}

/** Privacy mode: of a group the bot hears commands for it, mentions and replies to itself. Removed from it, nothing. */
const reachesBot = (bot: Bot, chat: Chat, message: StoredMessage): boolean => {
  if (chat.kind === 'private') return true
  if (chat.standing === 'administrator') return true
  if (chat.standing !== 'member') return false
  const mine = `@${bot.username}`.toLowerCase()
  const marks = message.entities.map(({ type, offset, length }) => ({
    type,
    text: message.text.slice(offset, offset + length).toLowerCase(),
  }))
  const commanded = marks.some(
    ({ type, text }) => type === 'bot_command' && (!text.includes('@') || text.endsWith(mine)),
  )
  const mentioned = marks.some(({ type, text }) => type === 'mention' && text === mine)
  const replied = chat.messages.some(({ id, from }) => id === message.replyTo && from === null)
  return commanded || mentioned || replied
}

const press = (
  state: TelegramState,
  bot: Bot,
  chat: Chat,
  person: Person,
  wanted: string | RegExp,
  at: { message?: number; data?: string | undefined },
): ButtonPress => {
  const matches = ({ text, callback_data }: InlineButton) =>
    (typeof wanted === 'string' ? text === wanted : wanted.test(text)) &&
    (at.data === undefined || callback_data === at.data)
  const shown = chat.messages.filter(({ id, deleted }) => !deleted && (at.message === undefined || id === at.message))
  const message = shown.findLast(({ buttons }) => buttons.flat().some(matches))
  const button = message?.buttons.flat().find(matches)
  if (message === undefined || button === undefined) {
    const there = shown.flatMap(({ buttons }) => buttons.flat().map(({ text }) => `[${text}]`))
    throw new Error(
      `no button ${String(wanted)} on ${person.firstName}'s screen; there is ${there.join(' ') || 'none'}`,
    )
  }
  if (button.callback_data === undefined) return { id: '', answer: () => null }
  const query: CallbackQuery = {
    id: String(4_000_000_000_000_000 + state.nextQueryId++),
    personId: person.id,
    chatId: chat.id,
    messageId: message.id,
    at: unixSeconds(state.time),
  }
  bot.queries.set(query.id, query)
  const callback_query = {
    id: query.id,
    from: userOf(person),
    message: apiMessage(state, bot, chat, message),
    chat_instance: String(chat.id * 31),
    data: button.callback_data,
  }
  queueUpdate(bot, { callback_query }, 'callback_query', person.id + pressQueueOffset, pressLifetimeS)
  notifyWatchers(state, bot, chat.id)
  return { id: query.id, answer: () => query.answer ?? null }
}

const queueMembershipUpdate = (
  state: TelegramState,
  bot: Bot,
  chat: Chat,
  by: Person,
  from: Membership,
  to: Membership,
): void => {
  const user = botUser(bot)
  const member = (status: Membership) => ({ status, user, ...(status === 'kicked' ? { until_date: 0 } : {}) })
  const my_chat_member = {
    chat: apiChat(state, chat),
    from: userOf(by),
    date: unixSeconds(state.time),
    old_chat_member: member(from),
    new_chat_member: member(to),
  }
  queueUpdate(bot, { my_chat_member }, 'my_chat_member', chat.id + memberQueueOffset)
  notifyWatchers(state, bot, chat.id)
}

export const visibleMessage = (state: TelegramState, person: Person, message: StoredMessage): VisibleMessage => ({
  id: message.id,
  from: message.from === null ? 'bot' : (state.people.get(message.from)?.firstName ?? '?'),
  mine: message.from === person.id,
  text: message.text,
  entities: message.entities,
  photo: message.photo?.url ?? null,
  buttons: message.buttons.map(row =>
    row.map(({ text, callback_data, url }) => ({
      text,
      ...(callback_data === undefined ? {} : { data: callback_data }),
      ...(url === undefined ? {} : { url }),
    })),
  ),
  replyTo: message.replyTo ?? null,
  edited: message.editDate !== undefined,
  silent: message.silent,
  threadId: message.threadId ?? null,
  at: new Date(message.date * 1000),
})

/** What was said in a bot's chats, line by line, as one would tell it. */
export const transcript = (state: TelegramState, bot: Bot, chatId?: number): string =>
  [...bot.chats.values()]
    .filter(chat => chatId === undefined || chat.id === chatId)
    .flatMap(chat => chat.messages.map(message => ({ chat, message })))
    .sort((a, b) => a.message.date - b.message.date)
    .map(({ chat, message }) => {
      const who = message.from === null ? bot.name : (state.people.get(message.from)?.firstName ?? '?')
      const where = message.from === null ? ` → ${chat.title}` : ''
      const marks = [
        message.deleted ? '(deleted)' : '',
        message.photo === undefined ? '' : '(photo)',
        message.replyTo === undefined ? '' : `(reply to ${message.replyTo})`,
        message.editDate === undefined ? '' : '(edited)',
      ]
      const buttons = message.buttons.map(row => row.map(({ text }) => `[${text}]`).join(' ')).join(' / ')
      return [`#${message.id} ${who}${where}:`, ...marks, message.text.replaceAll('\n', ' ⏎ '), buttons]
        .filter(part => part !== '')
        .join(' ')
    })
    .join('\n')
