import type { Bot, TelegramState } from './state.ts'

/** The messages of a bot's chats, or of one chat, as text with one line per message, oldest first. */
export const transcript = (state: TelegramState, bot: Bot, chatId?: number): string =>
  [...bot.chats.values()]
    .filter(chat => chatId === undefined || chat.id === chatId)
    .flatMap(chat => chat.messages.map(message => ({ chat, message })))
    .sort((a, b) => a.message.date - b.message.date)
    .map(({ chat, message }) => {
      const author = message.from === null ? bot.name : (state.people.get(message.from)?.firstName ?? '?')
      const to = message.from === null ? ` → ${chat.title}` : ''
      const marks = [
        message.deleted ? '(deleted)' : '',
        message.photo === undefined ? '' : '(photo)',
        message.replyTo === undefined ? '' : `(reply to ${message.replyTo})`,
        message.editDate === undefined ? '' : '(edited)',
      ]
      const buttons = message.buttons.map(row => row.map(({ text }) => `[${text}]`).join(' ')).join(' / ')
      return [`#${message.id} ${author}${to}:`, ...marks, message.text.replaceAll('\n', ' ⏎ '), buttons]
        .filter(part => part !== '')
        .join(' ')
    })
    .join('\n')
