import { maxOpenImports, type SeriesImport } from '#database/series/imports.ts'
import { ImportRequested } from '#events/import-requested.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import { importTexts, questionView, refusedView, reviewView } from '#functions/imports/views.ts'
import type { ImportStep } from '#functions/telegram/callback-data.ts'
import type { ChatContext } from './context.ts'
import { editReply, type Reply, sendReply, toastReply, type View } from './reply.ts'
import { refusedChange } from './roles.ts'

/** The largest file that Telegram lets a bot download. */
const maxFileBytes = 20 * 1024 * 1024
/** First fetches of followed series that are requested at once. The function importer requests the others. */
const fetchesAtOnce = 30

/**
 * Begins the import of a file with series. The function importer reads the file and shows the progress. Null for a file
 * in a group that is not a list of series.
 */
export const importFile = async (
  context: ChatContext,
  { fileId, name, bytes }: { fileId: string; name: string; bytes: number },
): Promise<Reply | null> => {
  const { deps, chat, origin, cause } = context
  if (!/\.(?:zip|csv|json|txt)$/i.test(name))
    return chat.kind === 'private' ? sendReply(refusedView('unknownFile', chat.language)) : null
  const refused = await refusedChange(context)
  if (refused !== null) return refused
  if (bytes > maxFileBytes) return sendReply(refusedView('fileTooBig', chat.language))
  const file = { chatId: chat.id, threadId: origin.threadId ?? null, fileId, fileName: name }
  const importId = await deps.imports.add(file, cause.id, deps.clock())
  if (importId === null) return sendReply({ html: importTexts[chat.language].tooManyOpen(maxOpenImports) })
  return {
    effects: [],
    events: [ImportRequested.from(cause, { subject: `chat/${chat.id}`, data: { chatId: chat.id, importId } })],
  }
}

/** Goes on with an import after the press of a button. */
export const pressImport = async (context: ChatContext, id: number, step: ImportStep): Promise<Reply> => {
  const { deps, chat } = context
  const texts = importTexts[chat.language]
  const tooOld = toastReply(texts.tooOld, true)
  const found = await deps.imports.find(chat.id, id)
  if (found === null) return tooOld
  switch (step) {
    case 'review':
      return found.state === 'review' ? editReply(await reviewView(deps.imports, found, chat.language)) : tooOld
    case 'check':
      return found.state === 'review' ? editReply(await nextQuestion(context, found)) : tooOld
    case 'apply':
      return (await follow(context, found)) ?? tooOld
    case 'cancel': {
      const isCancelled = found.state === 'cancelled' || (await deps.imports.move(id, ['review'], 'cancelled'))
      return isCancelled ? editReply({ html: texts.cancelled() }) : tooOld
    }
    case 'undo': {
      const removed = await deps.imports.undo(id, chat.id)
      return removed === null ? tooOld : editReply({ html: texts.undone(removed) })
    }
    default:
      return step satisfies never
  }
}

/** Stores which series of TVmaze a series of the file is, and asks the next question. */
export const pressImportChoice = async (
  context: ChatContext,
  { id, position, show }: { id: number; position: number; show: number },
): Promise<Reply> => {
  const { deps, chat } = context
  const found = await deps.imports.find(chat.id, id)
  if (found?.state !== 'review') return toastReply(importTexts[chat.language].tooOld, true)
  // A repeated press finds the question answered, and shows the next one.
  await deps.imports.choose(id, position, show === 0 ? null : show)
  return editReply(await nextQuestion(context, found))
}

/** The next question, or the review if all are answered. */
const nextQuestion = async ({ deps, chat }: ChatContext, found: SeriesImport): Promise<View> => {
  const unsure = await deps.imports.firstUnsure(found.id)
  if (unsure === null) return reviewView(deps.imports, found, chat.language)
  const { unsure: left } = await deps.imports.counts(found.id)
  return questionView(found.id, unsure, left, chat.language)
}

/** Follows the series of an import, and says how many. Null if the import is not in review. */
const follow = async (context: ChatContext, found: SeriesImport): Promise<Reply | null> => {
  const { deps, chat } = context
  const { id } = found
  const texts = importTexts[chat.language]
  const applied = await deps.imports.apply(found, deps.limits.followsPerChat, deps.clock())
  if (applied === null) return null
  const buttons: View['buttons'] =
    applied.added + applied.episodes > 0 ? [[{ text: texts.undo, press: { act: 'import', id, step: 'undo' } }]] : []
  const toFetch = (await deps.imports.toFetch(fetchesAtOnce, deps.clock())).filter(({ chatId }) => chatId === chat.id)
  return {
    effects: [{ do: 'edit', view: { html: texts.done(applied, deps.limits.followsPerChat), buttons } }],
    events: toFetch.map(({ chatId, showId, followedAt }) =>
      SeriesFollowed.from(context.cause, {
        key: String(showId),
        subject: `show/${showId}`,
        data: { chatId, showId, followedAt: followedAt.toISOString() },
      }),
    ),
  }
}
