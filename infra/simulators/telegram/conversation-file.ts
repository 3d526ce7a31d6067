import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { writeFileAtomic } from '#infra/files/atomic-write.ts'
import type { Update } from './bot-api.ts'
import type { Bot, Chat, Person, TelegramState } from './state.ts'

// What follows and monitors are to PostgreSQL, the conversation is to this file: both are there again after a restart.

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
/** A crash may lose the last moments; ids given out in them must not be given out again. */
const idGap = 100

/** Keeps the state in a file from now on, beginning with what the file holds. Answers with what writes the last of it. */
export const persistIn = (
  path: string,
  state: TelegramState,
  log: (line: string) => void = () => {},
): (() => Promise<void>) => {
  mkdirSync(dirname(path), { recursive: true })
  const kept = read(path, log)
  if (kept !== null) restore(state, kept)
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
      .catch((error: Error) => log(`the simulated chat could not be kept: ${error.message}`))
    return writing
  }
  const soon = () => {
    if (isDirty) return
    isDirty = true
    cancel = state.time.after(writeDelayMs, () => void write())
  }
  state.watchers.add(soon)
  return () => {
    state.watchers.delete(soon)
    isDirty = true
    return write()
  }
}

/** What was kept; null where there is nothing. What cannot be read is put aside, and the conversation begins anew. */
const read = (path: string, log: (line: string) => void): SavedConversation | null => {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as SavedConversation | null
    if (kept?.version === 1 && kept.bots.every(bot => Array.isArray(bot.chats) && Array.isArray(bot.pending)))
      return kept
    throw new Error('it is not a conversation of this version')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    renameSync(path, `${path}.damaged`)
    log(
      `${path} is damaged (${(error as Error).message}); it is now ${path}.damaged, and the simulated chat begins anew`,
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

const restore = (state: TelegramState, kept: SavedConversation): void => {
  for (const person of kept.people) state.people.set(person.id, person)
  state.nextPersonId = Math.max(state.nextPersonId, kept.nextPersonId)
  state.nextChatId = Math.max(state.nextChatId, kept.nextChatId)
  state.nextQueryId = kept.nextQueryId + idGap
  for (const former of kept.bots) {
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
