import type { OwnedCounts } from '#database/chats/personal-data.ts'
import { dayOf } from '#functions/wording/dates.ts'
import type { ChatContext } from './context.ts'
import type { PersonalDataTexts } from './messages/personal-data-pt-BR.ts'
import { editReply, type Reply, sendReply, toastReply } from './reply.ts'
import { refusedToMembers } from './roles.ts'

/** Sends everything that Vigia keeps of the chat, as a file. */
export const exportCommand = async (context: ChatContext): Promise<Reply> => {
  const refused = await refusedToMembers(context)
  if (refused !== null) return refused
  const { deps, chat, messages } = context
  const now = deps.clock()
  const { exportFile } = await import('./export-file.ts')
  const { bytes, cut } = await deps.personalData.read(chat.id, tables => exportFile(tables, now))
  const file = { name: `vigia-${dayOf(now, chat.zone)}.zip`, bytes }
  return { effects: [{ do: 'document', file, html: messages.personalData.exported(cut.join(', ')) }] }
}

/** Asks whether everything of the chat is to be deleted, and says what that is. */
export const eraseCommand = async (context: ChatContext): Promise<Reply> => {
  const refused = await refusedToMembers(context)
  if (refused !== null) return refused
  const { deps, chat, messages } = context
  const texts = messages.personalData
  return sendReply({
    html: texts.question(sayOwned(await deps.personalData.counts(chat.id), texts)),
    buttons: [
      [{ text: texts.eraseNow, press: { act: 'erase', answer: 'yes' } }],
      [{ text: texts.keep, press: { act: 'erase', answer: 'no' } }],
    ],
  })
}

/**
 * Deletes everything of the chat, and says what was deleted. `isNew`: only this press made the chat, so an earlier one
 * has deleted everything.
 */
export const pressErase = async (
  { deps, chat, messages }: ChatContext,
  answer: 'yes' | 'no',
  isNew: boolean,
): Promise<Reply> => {
  const texts = messages.personalData
  if (answer === 'no') return editReply({ html: texts.kept() })
  const erased = await deps.personalData.erase(chat.id)
  return erased === null || isNew
    ? toastReply(texts.alreadyErased, true)
    : editReply({ html: texts.erased(sayOwned(erased, texts)) })
}

const sayOwned = (
  { series, monitors, pages, imports, keys, webhooks }: OwnedCounts,
  texts: PersonalDataTexts,
): string => texts.owned(series, monitors, pages, imports, keys, webhooks)
