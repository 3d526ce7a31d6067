import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeFileAtomic } from '#infra/files/atomic-write.ts'
import type { Update } from './bot-api.ts'
import type { Bot, Chat, Person, TelegramState } from './state.ts'

// The simulated chats must survive a restart, because PostgreSQL keeps the follows and monitors of these chats.

interface SavedConversation {
  version: 1
  people: Person[]
  nextPersonId: number
  nextChatId: number
  nextQueryId: number
  bots: {
    token: string
    nextMessageId: number
    nextUpdateId: number
    chats: (Omit<Chat, 'members' | 'topics'> & { members: [number, Membership][]; topics: [number, Topic][] })[]
    pending: { update: Update; queue: number; expiresAt: number }[]
  }[]
}
type Membership = Chat['members'] extends Map<number, infer M> ? M : never
type Topic = Chat['topics'] extends Map<number, infer T> ? T : never

const savedMessagesPerChat = 300
const writeDelayMs = 300
/** How many ids a start skips. A crash loses the ids of the last `writeDelayMs`, and no id may be used twice. */
const idGap = 100

/**
 * Restores the state from the file at `path`, if it exists, and writes every later change to the file. The returned
 * function writes the file a last time, and then no more changes are written.
 */
export const persistIn = (
  path: string,
  state: TelegramState,
  log: (line: string) => void = () => {},
): (() => Promise<void>) => {
  mkdirSync(dirname(path), { recursive: true })
  const saved = read(path, log)
  if (saved !== null) restore(state, saved)
  let isDirty = false
  let cancel = () => {}
  let writing = Promise.resolve()
  const write = () => {
    cancel()
    if (!isDirty) return writing
    isDirty = false
    const text = JSON.stringify(snapshot(state))
    writing = writing
      .then(() => writeFileAtomic(path, text))
      .catch((error: Error) => log(`the simulated chat could not be written to ${path}: ${error.message}`))
    return writing
  }
  const writeSoon = () => {
    if (isDirty) return
    isDirty = true
    cancel = state.time.after(writeDelayMs, () => void write())
  }
  state.watchers.add(writeSoon)
  return () => {
    state.watchers.delete(writeSoon)
    isDirty = true
    return write()
  }
}

/** The saved conversation, or null if there is none. A damaged file is renamed, and the conversation starts empty. */
const read = (path: string, log: (line: string) => void): SavedConversation | null => {
  try {
    const saved = JSON.parse(readFileSync(path, 'utf8')) as SavedConversation | null
    if (saved?.version === 1 && saved.bots.every(bot => Array.isArray(bot.chats) && Array.isArray(bot.pending)))
      return saved
    throw new Error('it is not a conversation in the format of this version')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    renameSync(path, `${path}.damaged`)
    log(
      `${path} is damaged (${(error as Error).message}); it is now ${path}.damaged, and the simulated chat starts empty`,
    )
    return null
  }
}

const snapshot = (state: TelegramState): SavedConversation => ({
  version: 1,
  people: [...state.people.values()],
  nextPersonId: state.nextPersonId,
  nextChatId: state.nextChatId,
  nextQueryId: state.nextQueryId,
  bots: [...state.bots.values()].map(bot => ({
    token: bot.token,
    nextMessageId: bot.nextMessageId,
    nextUpdateId: bot.updates.nextId(),
    chats: [...bot.chats.values()].map(chat => ({
      ...chat,
      members: [...chat.members],
      topics: [...chat.topics],
      messages: chat.messages.slice(-savedMessagesPerChat),
    })),
    pending: bot.updates.pending(),
  })),
})

const restore = (state: TelegramState, saved: SavedConversation): void => {
  for (const person of saved.people) state.people.set(person.id, person)
  state.nextPersonId = Math.max(state.nextPersonId, saved.nextPersonId)
  state.nextChatId = Math.max(state.nextChatId, saved.nextChatId)
  state.nextQueryId = saved.nextQueryId + idGap
  for (const former of saved.bots) {
    const bot: Bot | undefined = state.bots.get(former.token)
    if (bot === undefined) continue
    bot.nextMessageId = former.nextMessageId + idGap
    bot.updates.startAt(former.nextUpdateId + idGap)
    bot.updates.restore(former.pending)
    for (const chat of former.chats) {
      bot.chats.set(chat.id, { ...chat, members: new Map(chat.members), topics: new Map(chat.topics) })
      for (const { photo } of chat.messages) {
        for (const { file_id } of photo?.sizes ?? []) bot.files.set(file_id, photo?.sizes ?? [])
      }
    }
  }
}
