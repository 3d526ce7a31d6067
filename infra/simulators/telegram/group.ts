import { generalTopicId } from './addressing.ts'
import { changeMembership } from './membership.ts'
import { type Participant, participant } from './participant.ts'
import {
  addMessage,
  apiMessage,
  type Bot,
  type Chat,
  type Membership,
  newChat,
  queueUpdate,
  type TelegramState,
} from './state.ts'
import type { SimulatedUser } from './user.ts'

/** A group, a supergroup or a forum (a supergroup with topics). */
export interface SimulatedGroup {
  readonly chatId: number
  /** The person as a participant of the group. Sets their membership, which is `member` by default. */
  as(user: SimulatedUser, membership?: Membership): Participant
  addBot(by: SimulatedUser, membership?: 'member' | 'administrator'): void
  kickBot(by: SimulatedUser): void
  removeBot(by: SimulatedUser): void
  /** Turns the group into a supergroup and returns the supergroup, which has another id. */
  upgrade(): SimulatedGroup
  /** Deletes the group. */
  remove(): void
  /** Opens a topic and returns its id. */
  openTopic(name: string): number
  /** Closes a topic; only administrators may still write to it. The topic General has the id 1. */
  closeTopic(id: number): void
  reopenTopic(id: number): void
  deleteTopic(id: number): void
}

/** `hidesMembers`: only administrators see who is in the group. */
export interface GroupOptions {
  supergroup?: boolean
  forum?: boolean
  hidesMembers?: boolean
}

export const addGroup = (state: TelegramState, bot: Bot, title: string, options: GroupOptions) => {
  const isSupergroup = options.supergroup === true || options.forum === true
  const serial = state.nextChatId++
  const chat = newChat(
    isSupergroup ? -(1_000_000_000_000 + serial) : -serial,
    isSupergroup ? 'supergroup' : 'group',
    title,
  )
  chat.forum = options.forum === true
  chat.hidesMembers = options.hidesMembers === true
  bot.chats.set(chat.id, chat)
  return simulatedGroup(state, bot, chat)
}

export const simulatedGroup = (state: TelegramState, bot: Bot, chat: Chat): SimulatedGroup => {
  const setBotMembership = (by: SimulatedUser, to: Membership) => {
    const person = state.people.get(by.id)
    if (person === undefined || chat.standing === to) return
    changeMembership(state, bot, chat, person, to)
  }
  const setTopicState = (id: number, topicState: 'open' | 'closed' | 'deleted') => {
    if (id === generalTopicId && chat.forum && topicState !== 'deleted')
      return void chat.topics.set(id, { name: 'General', state: topicState })
    const known = chat.topics.get(id)
    if (known === undefined) throw new Error(`the group "${chat.title}" has no topic ${id}; open it first`)
    known.state = topicState
  }
  return {
    chatId: chat.id,
    as: (user, membership = 'member') => {
      const person = state.people.get(user.id)
      if (person === undefined) throw new Error(`the simulator has no person with the id ${user.id}`)
      chat.members.set(user.id, membership)
      return participant(state, bot, chat, person)
    },
    addBot: (by, membership = 'member') => setBotMembership(by, membership),
    kickBot: by => setBotMembership(by, 'kicked'),
    removeBot: by => setBotMembership(by, 'left'),
    upgrade: () => upgradeToSupergroup(state, bot, chat),
    remove: () => {
      chat.gone = true
    },
    openTopic: name => {
      const service = { from: null, entities: [], buttons: [], silent: true }
      // The id of a topic is the id of its first message. Id 1 is reserved for the topic General, so an empty group
      // first gets another message.
      if (chat.messages.length === 0) addMessage(state, bot, chat, { ...service, text: 'Group created' })
      const id = (chat.messages.at(-1)?.id ?? 0) + 1
      addMessage(state, bot, chat, { ...service, text: `Topic: ${name}` })
      chat.topics.set(id, { name, state: 'open' })
      return id
    },
    closeTopic: id => setTopicState(id, 'closed'),
    reopenTopic: id => setTopicState(id, 'open'),
    deleteTopic: id => setTopicState(id, 'deleted'),
  }
}

const upgradeToSupergroup = (state: TelegramState, bot: Bot, chat: Chat): SimulatedGroup => {
  const supergroup = newChat(-(1_000_000_000_000 + state.nextChatId++), 'supergroup', chat.title)
  supergroup.standing = chat.standing
  supergroup.members = new Map(chat.members)
  supergroup.hidesMembers = chat.hidesMembers
  bot.chats.set(supergroup.id, supergroup)
  chat.upgradedTo = supergroup.id
  const service = { from: null, text: '', entities: [], buttons: [], silent: true }
  const lastMessage = addMessage(state, bot, chat, { ...service, migratedTo: supergroup.id })
  const firstMessage = addMessage(state, bot, supergroup, { ...service, migratedFrom: chat.id })
  queueUpdate(bot, { message: apiMessage(state, bot, chat, lastMessage) }, 'message', chat.id)
  queueUpdate(bot, { message: apiMessage(state, bot, supergroup, firstMessage) }, 'message', supergroup.id)
  return simulatedGroup(state, bot, supergroup)
}
