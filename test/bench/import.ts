import { rm } from 'node:fs/promises'
import pino from 'pino'
import { chatsIn } from '#database/chats/chats.ts'
import { postgres } from '#database/connect.ts'
import { migrate } from '#database/migrate.ts'
import { importsIn } from '#database/series/imports.ts'
import { tvmazeBudgetIn } from '#database/series/tvmaze-budget.ts'
import { ImportRequested } from '#events/import-requested.ts'
import { systemClock } from '#functions/host/clock.ts'
import { importer } from '#functions/importer/importer.ts'
import { telegram } from '#functions/telegram/client.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { startPostgres } from '#local/databases/postgres.ts'
import { startTelegram } from '#simulators/telegram.ts'
import { startTvmaze } from '#simulators/tvmaze.ts'
import { tvTimeZip } from '#test/functions/importer/tv-time-zip.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import { sampleEvent } from '#test/support/sample-events.ts'
import type { Bench } from './bench.ts'

const token = '700000001:bench-bot-token-AAAAAAAAAAAAAAAAAA'
const seriesCount = Number(process.env.SERIES ?? 117)

/**
 * Imports the file of a TV Time user with the budget of calls that all functions share, from a TVmaze that refuses more
 * than 20 calls in 10 seconds, and measures the time until the review is shown.
 */
export const bench: Bench = {
  title: `a ZIP of TV Time with ${seriesCount} series and 4,000 watched episodes`,
  run: async log => {
    const dataDir = await temporaryFolder()
    const server = await startPostgres({ dataDir })
    const db = postgres(server.url)
    const bot = await startTelegram({ botToken: token })
    const catalogue = await startTvmaze()
    try {
      await migrate(server.url)
      const person = bot.user('Ana')
      person.send('/start')
      await chatsIn(db).upsert({ id: person.chatId, kind: 'private', language: 'pt-BR' })
      const series = Array.from({ length: seriesCount }, (_, at) => {
        const thetvdb = 700_000 + at
        catalogue.addShow({ name: `Series ${at}`, externals: { tvrage: null, thetvdb, imdb: null } })
        return { name: `Series ${at}`, thetvdb, watched: at < 100 ? 40 : 0 }
      })
      const zip = tvTimeZip(series)
      const budget = tvmazeBudgetIn(db)
      const dependencies = {
        imports: importsIn(db),
        chats: chatsIn(db),
        telegram: { ...telegram({ apiRoot: bot.url, token }), download: async () => zip },
        tvmaze: tvmaze(catalogue.url, {
          attempts: 3,
          longestWaitMs: 25_000,
          budget: { take: () => budget.take('import'), pause: budget.pause },
        }),
        clock: systemClock,
        log: pino({ level: 'silent' }),
      }
      const file = { chatId: person.chatId, threadId: null, fileId: 'file', fileName: 'tv-time.zip' }
      const importId = (await dependencies.imports.add(file, 'bench', new Date()))!
      const event = sampleEvent(ImportRequested, { chatId: person.chatId, importId })
      const begun = performance.now()
      let events = 0
      while ((await dependencies.imports.find(person.chatId, importId))!.state !== 'review') {
        await importer(event, dependencies)
        events++
        log(`${events} events, ${JSON.stringify(await dependencies.imports.counts(importId))}`)
      }
      const seconds = Math.round((performance.now() - begun) / 100) / 10
      const calls = catalogue.calls()
      return {
        columns: ['series', 'calls to TVmaze', 'refused by TVmaze', 'events', 'edits of the message', 'seconds'],
        rows: [
          [
            ...[seriesCount, calls.length, calls.filter(({ status }) => status === 429).length, events],
            ...[bot.calls('editMessageText').length, seconds],
          ],
        ],
        notes: ['goal: 117 series in at most 120 seconds'],
      }
    } finally {
      await Promise.all([bot.stop(), catalogue.stop()])
      await db.end()
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
}
