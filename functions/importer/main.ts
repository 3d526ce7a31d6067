import { chatsIn } from '#database/chats/chats.ts'
import { postgres } from '#database/connect.ts'
import { importsIn } from '#database/series/imports.ts'
import { tvmazeBudgetIn } from '#database/series/tvmaze-budget.ts'
import { ImportRequested } from '#events/import-requested.ts'
import { ImportsDue } from '#events/imports-due.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { telegram } from '#functions/telegram/client.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { importer, importsDue } from './importer.ts'

const db = postgres(env('DATABASE_URL'), { max: 2, applicationName: 'importer' })
const budget = tvmazeBudgetIn(db)
const dependencies = {
  imports: importsIn(db),
  chats: chatsIn(db),
  telegram: telegram({
    apiRoot: env('TELEGRAM_API_ROOT', 'https://api.telegram.org'),
    token: env('TELEGRAM_BOT_TOKEN'),
  }),
  tvmaze: tvmaze(env('TVMAZE_URL', 'https://api.tvmaze.com'), {
    attempts: 3,
    longestWaitMs: 25_000,
    budget: { take: () => budget.take('import'), pause: budget.pause },
  }),
  clock: systemClock,
}

serve({
  name: 'importer',
  events: [
    on(ImportsDue, event => importsDue(event, dependencies)),
    on(ImportRequested, (event, { log, signal }) => importer(event, { ...dependencies, log }, signal)),
  ],
  close: [() => db.end()],
})
