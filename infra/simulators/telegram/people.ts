import { GENERAL } from './addressing.ts'
import type { Entity, InlineButton } from './bot-api.ts'
import { finished } from './text.ts'
import {
  apiChat,
  apiMessage,
  type Bot,
  botUser,
  type CallbackQuery,
  type Chat,
  changed,
  keepMessage,
  type Membership,
  newChat,
  type Person,
  privateChat,
  type StoredMessage,
  tell,
  unixSeconds,
  userOf,
  type World,
} from './world.ts'

/** A message as a person sees it on the screen. */
export interface Seen {
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
export interface Press {
  id: string
  answer(): { text: string; alert: boolean } | null
}

/** A person in a chat: what they can do and what they see there. */
export interface Seat {
  readonly chatId: number
  /** Writes a message; answers with its id. */
  send(text: string, options?: { replyTo?: number; threadId?: number }): number
  /**
   * Presses the button with this text on the newest message that has it (or on the message given).
   * Throws where no such button is on the screen. A link button is followed, not sent: then there is no query. Where two buttons of
   * a message have one text, `data` tells them apart.
   */
  press(button: string | RegExp, options?: { message?: number; data?: string | undefined }): Press
  /** Oldest first, without the deleted ones. */
  messages(): Seen[]
  /** The bot's own, oldest first. */
  answers(): Seen[]
  last(): Seen | undefined
}

export interface UserSeat extends Seat {
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

export interface GroupSeat {
  readonly chatId: number
  /** A person's place in the group; they join it when they are not in yet. */
  as(user: UserSeat, membership?: Membership): Seat
  addBot(by: UserSeat, membership?: 'member' | 'administrator'): void
  kickBot(by: UserSeat): void
  removeBot(by: UserSeat): void
  /** Becomes a supergroup; answers with its place under the new id. */
  upgrade(): GroupSeat
  /** The group is deleted. */
  remove(): void
  openTopic(name: string): number
  /** General has the number 1. Administrators may still write to a closed topic. */
  closeTopic(id: number): void
  reopenTopic(id: number): void
  deleteTopic(id: number): void
}

const PRESS_QUEUE = 3 * 2 ** 33
const MEMBER_QUEUE = 5 * 2 ** 33
const PRESS_LIFE_S = 150

export const addPerson = (world: World, name: string, languageCode: string | undefined, id?: number): Person => {
  const person: Person = {
    id: id ?? world.nextPersonId++,
    firstName: name,
    ...(languageCode === undefined ? {} : { languageCode }),
    deactivated: false,
  }
  world.people.set(person.id, person)
  return person
}

export const userSeat = (world: World, bot: Bot, person: Person): UserSeat => {
  const chat = privateChat(bot, person)
  const stand = (from: Membership, to: Membership) => {
    chat.standing = to
    standingChanged(world, bot, chat, person, from, to)
  }
  return {
    ...seat(world, bot, chat, person),
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
      changed(world, bot, chat.id)
    },
    setLanguage: code => {
      if (code === undefined) delete person.languageCode
      else person.languageCode = code
    },
  }
}

export const addGroup = (world: World, bot: Bot, title: string, options: { supergroup?: boolean; forum?: boolean }) => {
  const isSuper = options.supergroup === true || options.forum === true
  const serial = world.nextChatId++
  const chat = newChat(isSuper ? -(1_000_000_000_000 + serial) : -serial, isSuper ? 'supergroup' : 'group', title)
  chat.forum = options.forum === true
  bot.chats.set(chat.id, chat)
  return groupSeat(world, bot, chat)
}

export const groupSeat = (world: World, bot: Bot, chat: Chat): GroupSeat => {
  const stand = (by: UserSeat, to: Membership) => {
    const person = world.people.get(by.id)
    const from = chat.standing
    if (person === undefined || from === to) return
    chat.standing = to
    standingChanged(world, bot, chat, person, from, to)
  }
  const topic = (id: number, state: 'open' | 'closed' | 'deleted') => {
    if (id === GENERAL && chat.forum && state !== 'deleted') return void chat.topics.set(id, { name: 'General', state })
    const known = chat.topics.get(id)
    if (known === undefined) throw new Error(`no topic ${id} in "${chat.title}"`)
    known.state = state
  }
  return {
    chatId: chat.id,
    as: (user, membership = 'member') => {
      const person = world.people.get(user.id)
      if (person === undefined) throw new Error(`nobody with id ${user.id}`)
      chat.members.set(user.id, membership)
      return seat(world, bot, chat, person)
    },
    addBot: (by, membership = 'member') => stand(by, membership),
    kickBot: by => stand(by, 'kicked'),
    removeBot: by => stand(by, 'left'),
    upgrade: () => upgraded(world, bot, chat),
    remove: () => {
      chat.gone = true
    },
    openTopic: name => {
      const service = { from: null, entities: [], buttons: [], silent: true }
      // A topic has the number of its first message, and the first number of all is General's.
      if (chat.messages.length === 0) keepMessage(world, bot, chat, { ...service, text: 'Group created' })
      const id = (chat.messages.at(-1)?.id ?? 0) + 1
      keepMessage(world, bot, chat, { ...service, text: `Topic: ${name}` })
      chat.topics.set(id, { name, state: 'open' })
      return id
    },
    closeTopic: id => topic(id, 'closed'),
    reopenTopic: id => topic(id, 'open'),
    deleteTopic: id => topic(id, 'deleted'),
  }
}

const upgraded = (world: World, bot: Bot, chat: Chat): GroupSeat => {
  const fresh = newChat(-(1_000_000_000_000 + world.nextChatId++), 'supergroup', chat.title)
  fresh.standing = chat.standing
  fresh.members = new Map(chat.members)
  bot.chats.set(fresh.id, fresh)
  chat.upgradedTo = fresh.id
  const service = { from: null, text: '', entities: [], buttons: [], silent: true }
  const farewell = keepMessage(world, bot, chat, { ...service, migratedTo: fresh.id })
  const welcome = keepMessage(world, bot, fresh, { ...service, migratedFrom: chat.id })
  tell(bot, { message: apiMessage(world, bot, chat, farewell) }, 'message', chat.id)
  tell(bot, { message: apiMessage(world, bot, fresh, welcome) }, 'message', fresh.id)
  return groupSeat(world, bot, fresh)
}

const seat = (world: World, bot: Bot, chat: Chat, person: Person): Seat => {
  const messages = () => chat.messages.filter(message => !message.deleted).map(message => seen(world, person, message))
  return {
    chatId: chat.id,
    send: (text, options = {}) => {
      if (person.deactivated) throw new Error(`${person.firstName}'s account is deleted`)
      if (chat.blocked) throw new Error(`${person.firstName} has blocked the bot; unblock it first`)
      chat.started = true
      const formatted = finished({ text, entities: [] })
      if (formatted.text === '') throw new Error('Telegram sends no empty message')
      const message = keepMessage(world, bot, chat, {
        from: person.id,
        ...formatted,
        buttons: [],
        silent: false,
        ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
        ...(options.threadId === undefined ? {} : { threadId: options.threadId }),
      })
      if (reachesBot(bot, chat, message)) {
        tell(bot, { message: apiMessage(world, bot, chat, message) }, 'message', chat.id)
      }
      return message.id
    },
    press: (button, options = {}) => press(world, bot, chat, person, button, options),
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
  world: World,
  bot: Bot,
  chat: Chat,
  person: Person,
  wanted: string | RegExp,
  at: { message?: number; data?: string | undefined },
): Press => {
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
    id: String(4_000_000_000_000_000 + world.nextQueryId++),
    personId: person.id,
    chatId: chat.id,
    messageId: message.id,
    at: unixSeconds(world.time),
  }
  bot.queries.set(query.id, query)
  const callback_query = {
    id: query.id,
    from: userOf(person),
    message: apiMessage(world, bot, chat, message),
    chat_instance: String(chat.id * 31),
    data: button.callback_data,
  }
  tell(bot, { callback_query }, 'callback_query', person.id + PRESS_QUEUE, PRESS_LIFE_S)
  changed(world, bot, chat.id)
  return { id: query.id, answer: () => query.answer ?? null }
}

const standingChanged = (world: World, bot: Bot, chat: Chat, by: Person, from: Membership, to: Membership): void => {
  const user = botUser(bot)
  const member = (status: Membership) => ({ status, user, ...(status === 'kicked' ? { until_date: 0 } : {}) })
  const my_chat_member = {
    chat: apiChat(world, chat),
    from: userOf(by),
    date: unixSeconds(world.time),
    old_chat_member: member(from),
    new_chat_member: member(to),
  }
  tell(bot, { my_chat_member }, 'my_chat_member', chat.id + MEMBER_QUEUE)
  changed(world, bot, chat.id)
}

export const seen = (world: World, person: Person, message: StoredMessage): Seen => ({
  id: message.id,
  from: message.from === null ? 'bot' : (world.people.get(message.from)?.firstName ?? '?'),
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
export const transcript = (world: World, bot: Bot, chatId?: number): string =>
  [...bot.chats.values()]
    .filter(chat => chatId === undefined || chat.id === chatId)
    .flatMap(chat => chat.messages.map(message => ({ chat, message })))
    .sort((a, b) => a.message.date - b.message.date)
    .map(({ chat, message }) => {
      const who = message.from === null ? bot.name : (world.people.get(message.from)?.firstName ?? '?')
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
