import type { Context, Telegraf } from 'telegraf'
import type { CallbackQuery, ChatMember, Message, Update as TelegramUpdate } from 'telegraf/types'
import type { ChatKind } from '#database/chats/chats.ts'
import type { Language } from '#database/chats/language.ts'
import { TelegramError, TelegramUnreachable } from '#functions/telegram/client.ts'
import type { Asked, BotPort, Place, PressedMessage, Speak } from './bot.ts'
import { commandNamed, parseCommand } from './commands.ts'
import { type Call, type Listener, listenerOf, speaking } from './sender.ts'

/** One call of Telegram's takes at most this long; the whole update has its own end. */
const CALL_MS = 6_000
/** Telegraf's own end of an update: behind ours, which also keeps what still runs from speaking. */
const BACKSTOP_MS = 10_000

export interface BotOptions {
  token: string
  /** The number before the token's colon. */
  botId: number
  apiRoot: string
}

/** Telegraf as our bot: it routes updates and calls Telegram. Loads the library; nothing else in the function imports it. */
export const telegrafBot = async ({ token, botId, apiRoot }: BotOptions): Promise<BotPort> => {
  const [library, { message }] = await Promise.all([import('telegraf'), import('telegraf/filters')])
  const bot: Telegraf = new library.Telegraf(token, {
    handlerTimeout: BACKSTOP_MS,
    // Telegraf resolves against it as against a folder.
    telegram: { apiRoot: apiRoot.replace(/\/*$/, '/'), webhookReply: false },
  })
  // Preset: Telegraf would ask getMe at the first update, and keep the failure of that call for ever.
  bot.botInfo = {
    id: botId,
    is_bot: true,
    first_name: 'Vigia',
    username: '',
    can_join_groups: true,
    can_read_all_group_messages: false,
    supports_inline_queries: false,
  }
  bot.catch(error => {
    throw error
  })

  const callUntil =
    (signal: AbortSignal): Call =>
    async (method, params) => {
      const end = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)])
      try {
        // The cast: Telegraf's types know one method at a time, and the Bot API of its day.
        return await bot.telegram.callApi(method as 'sendMessage', params as never, { signal: end as never })
      } catch (error) {
        if (!(error instanceof library.TelegramError)) throw unreachable(method, error, end)
        const { code, description, parameters } = error
        if (code >= 500) throw new TelegramUnreachable(method, `${code} ${description}`, { status: code })
        throw new TelegramError(method, code, withoutToken(description ?? '', token), {
          ...(parameters?.retry_after === undefined ? {} : { retryAfter: parameters.retry_after }),
          ...(parameters?.migrate_to_chat_id === undefined ? {} : { migrateTo: parameters.migrate_to_chat_id }),
        })
      }
    }

  interface Handling {
    signal: AbortSignal
    answer: Parameters<BotPort['handle']>[2]
  }
  const inHand = new WeakMap<object, Handling>()

  const speakTo = (listener: Listener, signal: AbortSignal): Speak => {
    const call = callUntil(signal)
    let hasSpoken = false
    const noting: Call = async (method, params) => {
      try {
        const result = await call(method, params)
        hasSpoken ||= reachesTheChat(method)
        return result
      } catch (error) {
        hasSpoken ||= reachesTheChat(method) && error instanceof TelegramUnreachable && error.acted === 'unknown'
        throw error
      }
    }
    const speak = (effects: Parameters<Speak>[0], inChat = listener.chatId) =>
      speaking(noting, { ...listener, chatId: inChat })(effects)
    return Object.assign(speak, { mayHaveSpoken: () => hasSpoken })
  }

  const ask = (context: Context, kind: Kind) => {
    const { update } = context
    const place = placeIn(update)
    const handling = inHand.get(update)
    if (!place || !handling) return Promise.resolve()
    const asked: Asked = { ...kind, updateId: update.update_id, place }
    return handling.answer(asked, speakTo(listenerOf(asked), handling.signal))
  }

  bot.on('my_chat_member', context => {
    const { old_chat_member: before, new_chat_member: after } = context.myChatMember
    const member = maySpeak(after)
    return ask(context, {
      kind: 'membership',
      member,
      joined: member && !maySpeak(before),
      reason: after.status === 'kicked' ? 'the bot was blocked or removed' : `the bot's status is ${after.status}`,
    })
  })
  bot.on(message('migrate_to_chat_id'), context =>
    ask(context, { kind: 'moved', toChatId: context.message.migrate_to_chat_id }),
  )
  bot.on('callback_query', context => {
    const query = context.callbackQuery
    return ask(context, {
      kind: 'press',
      data: 'data' in query ? query.data : '',
      queryId: query.id,
      message: pressedMessage(query),
    })
  })
  // By a function, for names are matched without regard to capitals: phones begin a message with one.
  bot.command(
    name => (commandNamed(name) ? (/^/.exec('') as RegExpExecArray) : null),
    context =>
      ask(context, { kind: 'command', command: commandNamed(context.command)!, argument: spoken(context.payload) }),
  )
  bot.on(message('text'), context => {
    const kind = textKind(spoken(context.message.text), context.chat.type === 'private', context.me)
    return kind ? ask(context, kind) : undefined
  })
  bot.on('message', context => {
    const isPrivate = context.chat.type === 'private'
    // People also write commands and names below a photo.
    const caption = 'caption' in context.message ? spoken(context.message.caption ?? '') : ''
    const kind = caption === '' ? null : textKind(caption, isPrivate, context.me)
    if (kind) return ask(context, kind)
    return isPrivate && isWordless(context.message) ? ask(context, { kind: 'wordless' }) : undefined
  })

  /** Commands in groups may name a bot (`/hoje@VigiaBot`); only then its own name matters, and is asked for once. */
  const learnName = async (update: TelegramUpdate, signal: AbortSignal) => {
    const { text, caption = '' } = ('message' in update ? update.message : {}) as { text?: string; caption?: string }
    const said = spoken(text ?? caption)
    const namesABot = parseCommand(said)?.bot != null || mention.test(said)
    if (bot.botInfo?.username !== '' || !namesABot) return
    const { username } = (await callUntil(signal)('getMe', {})) as { username: string }
    bot.botInfo = { ...bot.botInfo, username }
  }

  return {
    handle: async (update, signal, answer) => {
      const typed = update as unknown as TelegramUpdate
      inHand.set(typed, { signal, answer })
      await learnName(typed, signal)
      await bot.handleUpdate(typed)
    },
    placeOf: (update, signal) => {
      const place = placeIn(update as unknown as TelegramUpdate)
      if (!place) return null
      const { chatId, threadId } = place
      const listener = { chatId, ...(threadId === undefined ? {} : { threadId }) }
      return { place, speak: speakTo(listener, signal) }
    },
  }
}

/** An Asked without what every one has. */
type Kind = Asked extends infer One ? (One extends Asked ? Omit<One, 'updateId' | 'place'> : never) : never

const unreachable = (method: string, error: unknown, end: AbortSignal): TelegramUnreachable => {
  // The library's message has the address in it, and the address the token: only the code gets out.
  const code = (error as { code?: unknown }).code
  const words = end.aborted ? 'no answer in time' : `no answer (${typeof code === 'string' ? code : 'unreadable'})`
  return new TelegramUnreachable(method, words, { acted: code === 'ECONNREFUSED' ? false : 'unknown' })
}

const reachesTheChat = (method: string) => /^(send|editMessage)/.test(method)

const withoutToken = (text: string, token: string) => text.replaceAll(token, '***')

/** In the chat and, where that is a right of its own (channels), allowed to post. */
const maySpeak = (member: ChatMember) =>
  member.status !== 'left' &&
  member.status !== 'kicked' &&
  !('can_post_messages' in member && member.can_post_messages === false)

/** Without the characters that nobody sees or means: NUL, which PostgreSQL refuses, zero-width ones, marks of direction. */
const spoken = (text: string) => text.replace(/[\0\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g, '').trim()

const languageOf = (code: string | undefined): Language =>
  code === undefined || code.toLowerCase().startsWith('pt') ? 'pt-BR' : 'en'

const placeIn = (update: TelegramUpdate): Place | null => {
  const at =
    'message' in update
      ? {
          chat: update.message.chat,
          from: update.message.from,
          // An anonymous administrator speaks as the chat; Telegram then names one and the same account for all of them.
          inTheNameOf: update.message.sender_chat,
          thread: threadOf(update.message),
        }
      : 'callback_query' in update
        ? {
            chat: update.callback_query.message?.chat,
            from: update.callback_query.from,
            thread: threadOf(update.callback_query.message),
          }
        : 'my_chat_member' in update
          ? { chat: update.my_chat_member.chat, from: update.my_chat_member.from, thread: undefined }
          : null
  if (!at?.chat) return null
  return {
    chatId: at.chat.id,
    kind: at.chat.type as ChatKind,
    ...(at.thread === undefined ? {} : { threadId: at.thread }),
    personId: ('inTheNameOf' in at && at.inTheNameOf?.id) || (at.from?.id ?? at.chat.id),
    language: languageOf(at.from?.language_code),
    name: at.from?.first_name ?? '',
  }
}

const threadOf = (message: object | undefined): number | undefined => {
  const { is_topic_message: isTopic, message_thread_id: id } = (message ?? {}) as Partial<Message.CommonMessage>
  // The General topic, 1, is where a message without a topic goes; Telegram does not take its number.
  return isTopic && id !== 1 ? id : undefined
}

const pressedMessage = ({ message }: CallbackQuery): PressedMessage | null => {
  if (!message) return null
  const shows = 'photo' in message ? 'photo' : 'text' in message ? 'text' : 'unknown'
  return { id: message.message_id, shows }
}

/** `@VigiaBot Severance`: a name that begins with whom it is said to. */
const mention = /^@(\w+)\s+(?=\S)/

/** What a text means that Telegraf took for no command of ours. */
const textKind = (text: string, isPrivate: boolean, ownName: string): Kind | null => {
  // Telegram sees commands in plain letters only: of "/séries" it sees "/s".
  const parsed = parseCommand(text)
  if (!parsed) {
    const isToUs = mention.exec(text)?.[1]?.toLowerCase() === ownName.toLowerCase()
    const words = isToUs ? text.replace(mention, '') : text
    return isPrivate || isToUs ? { kind: 'text', text: words } : null
  }
  const { name, bot, argument } = parsed
  if (bot !== null && bot.toLowerCase() !== ownName.toLowerCase()) return null
  const command = commandNamed(name)
  if (command) return { kind: 'command', command, argument }
  return isPrivate || bot !== null ? { kind: 'unknownCommand' } : null
}

const readable = 'sticker photo voice video video_note audio document animation location contact dice poll story'.split(
  ' ',
)

/** The words of an album are below one of its pictures; the others arrive as messages of their own, and say nothing. */
const isWordless = (message: object) => !('media_group_id' in message) && readable.some(kind => kind in message)
