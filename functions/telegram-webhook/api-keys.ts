import { type ApiKey, keyScopes } from '#database/chats/api-keys.ts'
import type { Press } from '#functions/telegram/callback-data.ts'
import { joined } from '#functions/telegram/html.ts'
import { knownZone, sayDuration } from '#functions/wording/dates.ts'
import { tellInstant } from '#functions/wording/times.ts'
import type { ChatContext } from './context.ts'
import { label } from './pages.ts'
import { type Button, editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { refusedChange } from './roles.ts'

/**
 * Handles /chave. In a group, where every member would read a new key, it leads the administrator to the private chat:
 * a link opens it with `/start k_<id of the group>`.
 */
export const keysCommand = async (context: ChatContext): Promise<Reply> => {
  const { chat, messages, telegram } = context
  if (chat.kind === 'private') return sendReply(await keysView(context, chat.id))
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  const url = `https://t.me/${await telegram.botName()}?start=k_${chat.id}`
  return sendReply({ html: messages.keys.inPrivate(), buttons: [[{ text: messages.keys.openPrivate, url }]] })
}

/** Handles `/start k_<id>`: the keys of a group, for its administrators. */
export const keysByLink = async (context: ChatContext, chatId: number): Promise<Reply> =>
  (await mayManage(context, chatId))
    ? sendReply(await keysView(context, chatId))
    : sendReply({ html: context.messages.keys.administratorsOnly() })

type KeyPress = Extract<Press, { act: 'makeKey' | 'revokeKey' }>

/** Handles the buttons of the keys. A press can be forged, so the person's role is asked for again. */
export const pressKeyButton = async (context: ChatContext, press: KeyPress): Promise<Reply> => {
  const { messages, deps } = context
  if (!(await mayManage(context, press.chat))) return toastReply(messages.administratorsOnly, true)
  switch (press.act) {
    case 'makeKey':
      return makeKey(context, press.chat, press.scope)
    case 'revokeKey': {
      const revoked = await deps.apiKeys.revoke(press.chat, press.key)
      const { effects } = editReply(await keysView(context, press.chat))
      return { effects: [...toastReply(revoked ? messages.keys.revoked : messages.keys.gone).effects, ...effects] }
    }
    default:
      return press satisfies never
  }
}

/**
 * Whether the person may see and change the keys, or the webhooks, of a chat here. Secrets are shown only in private
 * chats.
 */
export const mayManage = async ({ chat, deps, telegram }: ChatContext, chatId: number): Promise<boolean> => {
  if (chat.kind !== 'private') return false
  if (chatId === chat.id) return true
  // Telegram is asked only about groups that use the bot, because the id in a link can be any number.
  return chatId < 0 && (await deps.chats.find(chatId)) !== null && (await telegram.administers(chatId))
}

/** Makes a key and shows it, once. Only its hash is stored. */
const makeKey = async (context: ChatContext, chatId: number, scope: ApiKey['scope']): Promise<Reply> => {
  const { deps, messages, origin, cause } = context
  const wanted = { chatId, scope, personId: origin.personId, cause: cause.id }
  const key = await deps.apiKeys.create(wanted, deps.clock())
  if (key === null) return toastReply(messages.keys.full, true)
  const url = deps.apiUrl ?? '/api/v1'
  const example = scope === 'read' ? `${url}/monitors` : `-X POST '${url}/maintenance?for=20m'`
  const shown: View = {
    html: joined(
      [
        messages.keys.made(key, messages.keys.scopes[scope]),
        messages.keys.usage(`curl -H 'Authorization: Bearer ${key}' ${example}`, `${url}/openapi.json`),
        deps.apiUrl === null && messages.keys.urlUnknown(),
      ],
      '\n\n',
    ),
    buttons: [[{ text: messages.keys.copy, copy: key }]],
    isSecret: true,
  }
  const { effects } = editReply(await keysView(context, chatId))
  return { effects: [...effects, { do: 'send', view: shown }] }
}

/** The keys of a chat with buttons to revoke them and to make another. */
const keysView = async (context: ChatContext, chatId: number): Promise<View> => {
  const { deps, chat, messages } = context
  const keys = await deps.apiKeys.of(chatId)
  const reader = { language: chat.language, zone: knownZone(chat.zone), now: deps.clock() }
  const entry = ({ scope, createdAt, usedAt }: ApiKey, index: number) => {
    const used = usedAt && sayDuration(Math.max(0, reader.now.getTime() - usedAt.getTime()), chat.language)
    return messages.keys.entry(index + 1, messages.keys.scopes[scope], tellInstant(createdAt, reader), used)
  }
  return {
    html: joined(
      [
        chatId === chat.id ? messages.keys.title() : messages.keys.titleOfGroup(),
        keys.length === 0 ? messages.keys.none() : joined(keys.map(entry)),
        messages.keys.choose(),
      ],
      '\n\n',
    ),
    buttons: [
      ...keys.map(({ id, scope }, index): Button[] => [
        {
          text: label(messages.keys.revoke(index + 1, messages.keys.scopes[scope])),
          press: { act: 'revokeKey', chat: chatId, key: id },
        },
      ]),
      ...keyScopes.map((scope): Button[] => [
        {
          text: label(messages.keys.make(messages.keys.scopes[scope])),
          press: { act: 'makeKey', chat: chatId, scope },
        },
      ]),
    ],
  }
}
