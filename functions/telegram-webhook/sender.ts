import { encode } from '#functions/telegram/callback-data.ts'
import { TelegramError, TelegramUnreachable } from '#functions/telegram/client.ts'
import { cut, plain } from '#functions/telegram/html.ts'
import { inlineKeyboard, maxCaptionLength, maxTextLength } from '#functions/telegram/message.ts'
import { refusalKindOf, refusalOf } from '#functions/telegram/refusals.ts'
import { smallerPoster } from '#functions/tvmaze/client.ts'
import { type Asked, ChatGone, type Effect, type Fault, type PressedMessage, type View } from './bot.ts'

/** One method of the Bot API. Throws TelegramError and TelegramUnreachable. */
export type Call = (method: string, params: Record<string, unknown>) => Promise<unknown>

/** Where to speak; for a press also what was pressed. */
export interface Listener {
  chatId: number
  threadId?: number
  press?: { queryId: string; message: PressedMessage | null }
}

export const listenerOf = (asked: Asked): Listener => ({
  chatId: asked.place.chatId,
  ...(asked.place.threadId === undefined ? {} : { threadId: asked.place.threadId }),
  ...(asked.kind === 'press' ? { press: { queryId: asked.queryId, message: asked.message } } : {}),
})

const isRefusal = (error: unknown): error is TelegramError => error instanceof TelegramError && error.code === 400

/** Does effects at Telegram, and takes each of its refusals for what it means. */
export const speaking = (call: Call, listener: Listener) => {
  const { press } = listener
  const faults: Fault[] = []
  const to = {
    chat_id: listener.chatId,
    ...(listener.threadId === undefined ? {} : { message_thread_id: listener.threadId }),
  }

  const send = async (view: View): Promise<void> => {
    await delivered(view, async (form, where) => {
      for (const photo of form.photos) {
        try {
          await call('sendPhoto', { ...where, photo, ...form.caption, ...form.keyboard })
          return
        } catch (error) {
          if (refusalKindOf(error) !== 'photo') throw error
        }
      }
      await call('sendMessage', { ...where, ...form.text, ...form.keyboard })
    })
  }

  const edit = async (view: View, samePhoto: boolean): Promise<void> => {
    const message = press?.message
    if (!message || message.shows === 'unknown') return send(view)
    const where = { chat_id: listener.chatId, message_id: message.id }
    const isPhoto = message.shows === 'photo'
    // A photo cannot become a text nor, in older apps, a text a photo: then a new message takes the place of the old one.
    if (!samePhoto && isPhoto !== Boolean(view.photo)) return replace(view, where)
    try {
      await delivered(view, async form => {
        if (!isPhoto) await call('editMessageText', { ...where, ...form.text, ...form.keyboard })
        else if (samePhoto) await call('editMessageCaption', { ...where, ...form.caption, ...form.keyboard })
        else {
          const media = { type: 'photo', media: form.photos[0], ...form.caption }
          await call('editMessageMedia', { ...where, media, ...form.keyboard })
        }
      })
    } catch (error) {
      const refused = refusalKindOf(error)
      if (refused === 'not-modified') return
      if (refused === 'photo') return replace(view, where)
      if (refused !== 'message-not-editable') throw error
      await send(view)
    }
  }

  const replace = async (view: View, where: { chat_id: number; message_id: number }): Promise<void> => {
    await send(view)
    // The answer is there; an old message that stays above it is no reason to give the answer again.
    await call('deleteMessage', where).catch(() => {})
  }

  /** Tries the view as it is, then without what Telegram refuses: a topic that is gone, formatting that it cannot read. */
  const delivered = async (
    view: View,
    attempt: (form: Form, where: typeof to) => Promise<void>,
    where = to,
    form = formOf(view),
  ): Promise<void> => {
    try {
      await attempt(form, where)
    } catch (error) {
      const refused = refusalKindOf(error)
      if (refused === 'topic-unavailable' && where.message_thread_id !== undefined)
        return delivered(view, attempt, { chat_id: to.chat_id }, form)
      if (refused === 'markup' && !form.isPlain) {
        faults.push({ ...faultOf(error as TelegramError), delivered: true })
        return delivered(view, attempt, where, plainFormOf(view))
      }
      throw error
    }
  }

  const toast = async (text?: string, alert = false): Promise<void> => {
    if (!press) return
    const words = text === undefined ? {} : { text: [...text].slice(0, 200).join(''), show_alert: alert }
    await call('answerCallbackQuery', { callback_query_id: press.queryId, ...words }).catch(error => {
      if (refusalKindOf(error) !== 'query-expired') throw error
    })
  }

  const does = async (effect: Effect): Promise<void> => {
    switch (effect.do) {
      case 'send':
        return send(effect.view)
      case 'edit':
        return edit(effect.view, effect.samePhoto === true)
      case 'toast':
        return toast(effect.text, effect.alert)
      default:
        return effect satisfies never
    }
  }

  return async (effects: readonly Effect[]): Promise<Fault[]> => {
    const toasts = effects.filter(effect => effect.do === 'toast')
    // A button waits until its press is answered, whether there is something to say or not; and the answer waits for nothing.
    const answered = Promise.allSettled([...toasts.map(does), ...(press && toasts.length === 0 ? [toast()] : [])])
    const messages = effects.filter(effect => effect.do !== 'toast')
    try {
      for (const effect of messages) await does(effect)
    } catch (error) {
      await answered
      faults.push(meaningOf(error))
      return faults
    }
    for (const outcome of await answered) {
      // A note that would come late is worth nothing.
      if (outcome.status === 'fulfilled' || refusalKindOf(outcome.reason) === 'flood') continue
      if (messages.length === 0) faults.push(meaningOf(outcome.reason))
      else if (isRefusal(outcome.reason)) faults.push({ ...faultOf(outcome.reason), delivered: true })
    }
    return faults
  }
}

/** A refusal that repeating cannot change is a fault of ours; everything else is thrown as what it means for the chat. */
const meaningOf = (error: unknown): Fault => {
  if (error instanceof TelegramUnreachable || !(error instanceof TelegramError)) throw error
  const fault: Fault = { ...faultOf(error), delivered: false }
  const { kind } = refusalOf(error)
  if (kind === 'chat-forbidden') throw new ChatGone(error.description)
  if (kind === 'chat-not-found') throw new ChatGone(error.description, fault)
  if (kind === 'chat-migrated' || error.code !== 400) throw error
  return fault
}

const faultOf = ({ method, code, description }: TelegramError) => ({ code, reason: `${method}: ${description}` })

/** A view in Telegram's words. */
interface Form {
  isPlain: boolean
  /** In the order in which to try them. */
  photos: string[]
  text: Record<string, unknown>
  caption: Record<string, unknown>
  keyboard: Record<string, unknown>
}

const formOf = (view: View): Form => form(view, limit => cut(view.html, limit), { parse_mode: 'HTML' })
const plainFormOf = (view: View): Form => form(view, limit => plain(view.html).slice(0, limit), {})

const form = ({ photo, buttons }: View, words: (limit: number) => string, mode: { parse_mode?: 'HTML' }): Form => {
  const smaller = photo ? smallerPoster(photo) : undefined
  return {
    isPlain: mode.parse_mode === undefined,
    photos: [...(photo ? [photo] : []), ...(smaller ? [smaller] : [])],
    text: { text: words(maxTextLength), ...mode, link_preview_options: { is_disabled: true } },
    caption: { caption: words(maxCaptionLength), ...mode },
    keyboard: {
      reply_markup: inlineKeyboard(
        (buttons ?? []).map(row =>
          row.map(button => ('url' in button ? button : { text: button.text, data: encode(button.press) })),
        ),
      ),
    },
  }
}
