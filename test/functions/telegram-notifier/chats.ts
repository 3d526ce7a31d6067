import { chatsIn } from '#database/chats/chats.ts'
import type { SimulatedUser } from '#simulators/telegram.ts'
import { database, simulator } from './support.ts'

let people = 0
/** Creates a user who has started a chat with the bot. */
export const person = async (): Promise<SimulatedUser> => {
  const user = simulator.user(`Pessoa ${people++}`)
  user.send('/start')
  await chatsIn(database.db).upsert({ id: user.chatId, kind: 'private', language: 'pt-BR' })
  return user
}
export const group = async () => {
  const room = simulator.group('Turma')
  const seat = room.as(simulator.user('Ana'))
  room.addBot(simulator.user('Ana'))
  await chatsIn(database.db).upsert({ id: room.chatId, kind: 'group', language: 'pt-BR' })
  return { room, seat }
}

/** The texts that a chat has received so far, oldest first. */
export const texts = (user: { answers(): { text: string }[] }) =>
  user.answers().flatMap(({ text }) => (text === '' ? [] : [text]))
