import type { Chat, Chats } from '#database/chats/chats.ts'
import type { Imports, SeriesImport } from '#database/series/imports.ts'
import { isUnavailable } from '#database/unavailable.ts'
import type { Cause, EventOf, VigiaEvent } from '#events/event.ts'
import { ImportRequested } from '#events/import-requested.ts'
import { SeriesFollowed } from '#events/series-followed.ts'
import type { Clock } from '#functions/host/clock.ts'
import { asError, Permanent, RetryLater } from '#functions/host/errors.ts'
import type { Logger } from '#functions/host/log.ts'
import { type ImportView, importTexts, refusedView, reviewView } from '#functions/imports/views.ts'
import { type Telegram, TelegramError, TelegramUnreachable } from '#functions/telegram/client.ts'
import { refusalOf } from '#functions/telegram/refusals.ts'
import type { Tvmaze } from '#functions/tvmaze/client.ts'
import { TvmazeUnavailable } from '#functions/tvmaze/errors.ts'
import { matchSeries } from './match-series.ts'
import { progressMessage } from './progress-message.ts'
import { readSeries } from './read-series.ts'
import { RefusedFile } from './refused-file.ts'

export interface Dependencies {
  imports: Imports
  chats: Pick<Chats, 'find' | 'markUnreachable'>
  telegram: Telegram
  tvmaze: Pick<Tvmaze, 'within'>
  clock: Clock
  log: Logger
}

/** The largest file that Telegram lets a bot download. */
const maxFileBytes = 20 * 1024 * 1024
/** After this time an event looks no other series up. The next event goes on with the rest. */
const stepMs = 110_000
/** The calls to TVmaze of one event end within this time, which is shorter than the lease and the broker's timeout. */
const callsMs = 130_000
/** Series that are read from the table at once. */
const batch = 50
/** When an import goes on after TVmaze did not answer. */
const tvmazePauseMs = 30_000
/** An import that has failed so many times in a row, or whose process has ended so often, is given up. */
const maxTries = 3
const pauseAfterErrorMs = 30_000
/** Follows of imports whose first fetch is requested in a minute. TVmaze's limit allows about thirty a minute. */
const fetchesPerMinute = 30

/**
 * Handles imports.due, once a minute: requests the next part of every import that waits, and the first fetch of series
 * that imports followed. The fetches are spread over the minutes, because all at once would exceed the limit of TVmaze.
 */
export const importsDue = async (
  due: Cause,
  { imports, clock }: Pick<Dependencies, 'imports' | 'clock'>,
): Promise<VigiaEvent[]> => {
  const idle = await imports.idle(clock())
  const toFetch = await imports.toFetch(fetchesPerMinute, clock())
  return [
    ...idle.map(({ id, chatId }) =>
      ImportRequested.from(due, { key: String(id), subject: `chat/${chatId}`, data: { chatId, importId: id } }),
    ),
    ...toFetch.map(({ chatId, showId, followedAt }) =>
      SeriesFollowed.from(due, {
        key: `${chatId}/${showId}`,
        subject: `show/${showId}`,
        data: { chatId, showId, followedAt: followedAt.toISOString() },
      }),
    ),
  ]
}

/**
 * Handles import.requested: reads the file, looks its series up, and shows the review. All of it is stored in rows, so
 * after a restart another event goes on where this one stopped.
 */
export const importer = async (
  event: EventOf<typeof ImportRequested>,
  deps: Dependencies,
  signal?: AbortSignal,
): Promise<void> => {
  const { imports, chats, clock } = deps
  const begunAt = clock()
  const work = await imports.lease(event.data.importId, begunAt)
  if (work === null) return
  const chat = await chats.find(work.chatId)
  if (chat === null || chat.unreachableSince !== null) return await imports.release(work.id, begunAt)
  try {
    if (work.tries > maxTries) await giveUp(work, chat, deps, new Error('its process ended each time'))
    await imports.release(work.id, await doNextPart(work, chat, begunAt, deps, signal))
  } catch (error) {
    await handleFailure(asError(error), work, chat, deps)
  }
}

/** Does as much of the import as fits into one event. Returns when the next event may go on. */
const doNextPart = async (
  work: SeriesImport,
  chat: Chat,
  begunAt: Date,
  deps: Dependencies,
  signal?: AbortSignal,
): Promise<Date> => {
  const { imports, clock } = deps
  const message = progressMessage(deps, work, chat)
  const texts = importTexts[chat.language]
  const end = async (state: 'refused' | 'review', view: ImportView): Promise<Date> => {
    await message.show(view)
    await imports.move(work.id, ['reading', 'matching'], state)
    return begunAt
  }
  if (work.state === 'reading') {
    if (work.messageId === null) await message.show({ html: texts.reading(work.fileName), buttons: [] })
    const refusal = await readFile(work, deps)
    if (refusal !== null) return await end('refused', refusedView(refusal, chat.language))
  }
  const left = await matchAll(work, begunAt, deps, message, texts, signal)
  if (left === 'none') return await end('review', await reviewView(imports, work, chat.language))
  return left === 'TVmaze does not answer' ? new Date(clock().getTime() + tvmazePauseMs) : begunAt
}

/**
 * A chat that cannot be reached gets no import. While Telegram or PostgreSQL is unavailable, the broker tries again.
 * After any other error, the next imports.due tries again, a few times.
 */
const handleFailure = async (error: Error, work: SeriesImport, chat: Chat, deps: Dependencies): Promise<void> => {
  const { imports, chats, clock, log } = deps
  if (error instanceof Permanent) throw error
  if (error instanceof TelegramError && isChatGone(error)) {
    await chats.markUnreachable(work.chatId, error.description)
    return await imports.release(work.id, clock())
  }
  if (error instanceof TelegramUnreachable || isUnavailable(error)) {
    await imports.release(work.id, clock())
    throw error
  }
  if (error instanceof TelegramError && error.code === 429) {
    await imports.release(work.id, clock())
    throw new RetryLater(error.message, error.retryAfter ?? 1, { cause: error })
  }
  if (work.tries >= maxTries) await giveUp(work, chat, deps, error)
  log.error({ error, what: `import ${work.id}` }, `an import failed; try ${work.tries} of ${maxTries}`)
  await imports.releaseFailed(work.id, new Date(clock().getTime() + pauseAfterErrorMs))
}

const isChatGone = (error: TelegramError) => ['chat-forbidden', 'chat-not-found'].includes(refusalOf(error).kind)

/** Tells the person that the import failed, and throws what the operators get. */
const giveUp = async (work: SeriesImport, chat: Chat, deps: Dependencies, error: Error): Promise<never> => {
  const message = progressMessage(deps, work, chat)
  await message.show(refusedView('ourFault', chat.language)).catch(refused => {
    // A message that Telegram refuses must not keep the import open.
    if (!(refused instanceof TelegramError) || refused.code === 429) throw refused
  })
  await deps.imports.move(work.id, ['reading', 'matching'], 'refused')
  throw new Permanent(`import ${work.id} was given up after ${maxTries} tries: ${error.message}`, { cause: error })
}

/** Reads the file and stores its series. Returns the reason if the file is refused. */
const readFile = async (work: SeriesImport, { telegram, imports }: Dependencies) => {
  try {
    const bytes = await telegram.download(work.fileId, { maxBytes: maxFileBytes })
    if (bytes === null) return 'fileTooBig'
    await imports.keepSeries(work.id, await readSeries(work.fileName, bytes))
    return null
  } catch (error) {
    if (error instanceof RefusedFile) return error.reason
    if (error instanceof TelegramError && error.code === 400)
      return /file is too big/i.test(error.description) ? 'fileTooBig' : 'unreadable'
    throw error
  }
}

/** Looks the series up one after another. Returns whether some are left, and why. */
const matchAll = async (
  work: SeriesImport,
  begunAt: Date,
  { imports, tvmaze, clock, log }: Dependencies,
  message: ReturnType<typeof progressMessage>,
  texts: (typeof importTexts)['en'],
  signal?: AbortSignal,
): Promise<'none' | 'time is over' | 'TVmaze does not answer'> => {
  const end = begunAt.getTime() + stepMs
  const calls = tvmaze.within(begunAt.getTime() + callsMs - clock().getTime())
  const counts = async (say: (done: number, all: number) => ImportView['html']) => {
    const { all, waiting } = await imports.counts(work.id)
    return say(all - waiting, all)
  }
  await imports.matchKnown(work.id, clock())
  for (;;) {
    const waiting = await imports.waiting(work.id, batch)
    if (waiting.length === 0) return 'none'
    for (const series of waiting) {
      if (clock().getTime() > end || signal?.aborted) return 'time is over'
      try {
        await imports.keepMatch(work.id, series.position, await matchSeries(series, calls))
      } catch (error) {
        if (!(error instanceof TvmazeUnavailable)) throw error
        if (clock().getTime() > end) return 'time is over'
        log.warn({ what: `import ${work.id}`, tvmazeStatus: error.status }, error.message)
        await message.progress(() => counts(texts.waiting))
        return 'TVmaze does not answer'
      }
      await message.progress(() => counts(texts.progress))
    }
  }
}
