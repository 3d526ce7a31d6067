import { allowancesIn } from '#database/chats/allowances.ts'
import { apiKeysIn } from '#database/chats/api-keys.ts'
import { chatsIn } from '#database/chats/chats.ts'
import { personalDataIn } from '#database/chats/personal-data.ts'
import { telegramUpdatesIn } from '#database/chats/telegram-updates.ts'
import { postgres } from '#database/connect.ts'
import { mongo } from '#database/mongo.ts'
import { pageLogosIn } from '#database/pages/logos.ts'
import { pageDoorsIn } from '#database/pages/page-doors.ts'
import { postDraftsIn } from '#database/pages/post-drafts.ts'
import { pagePostsIn } from '#database/pages/posts.ts'
import { statusPagesIn } from '#database/pages/status-pages.ts'
import { subscribersIn } from '#database/pages/subscribers.ts'
import { reportSettingsIn } from '#database/reports/report-settings.ts'
import { catalogueIn } from '#database/series/catalogue.ts'
import { episodeCalendarsIn } from '#database/series/episode-calendars.ts'
import { followsIn } from '#database/series/follows.ts'
import { importsIn } from '#database/series/imports.ts'
import { noticeSettingsIn } from '#database/series/notice-settings.ts'
import { searchesIn } from '#database/series/searches.ts'
import { seenIn } from '#database/series/seen.ts'
import { seriesNamesIn } from '#database/series/series-names.ts'
import { tvmazeBudgetIn } from '#database/series/tvmaze-budget.ts'
import { waitingNoticesIn } from '#database/series/waiting-notices.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { incidentAnswersIn } from '#database/uptime/incident-answers.ts'
import { maintenanceIn } from '#database/uptime/maintenance.ts'
import { monitorChangesIn } from '#database/uptime/monitor-changes.ts'
import { monitorDraftsIn } from '#database/uptime/monitor-drafts.ts'
import { monitorHistoryIn } from '#database/uptime/monitor-history.ts'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { probeHoursIn } from '#database/uptime/probe-hours.ts'
import { removedMonitorsIn } from '#database/uptime/removed-monitors.ts'
import { silencesIn } from '#database/uptime/silences.ts'
import { uptimeIn } from '#database/uptime/uptime.ts'
import { webhooksIn } from '#database/webhooks/webhooks.ts'
import { UpdateDeferred } from '#events/update-deferred.ts'
import type { AddressGuard } from '#functions/dial/address.ts'
import { systemClock } from '#functions/host/clock.ts'
import { env, envOptional } from '#functions/host/env.ts'
import { on, serve } from '#functions/host/serve.ts'
import { limitsIn } from '#functions/monitors/limits.ts'
import { tvmaze } from '#functions/tvmaze/client.ts'
import { deferredUpdates } from './deferred-update.ts'
import { botIdOf, secretCheck, usableSecret } from './secret.ts'
import { telegramWebhook } from './telegram-webhook.ts'

const name = 'telegram-webhook'
const token = env('TELEGRAM_BOT_TOKEN')
const botId = botIdOf(token)
const secret = usableSecret(envOptional('TELEGRAM_WEBHOOK_SECRET'))
const apiRoot = env('TELEGRAM_API_ROOT', 'https://api.telegram.org')

const db = postgres(env('DATABASE_URL'), { max: 7, applicationName: name, statementTimeoutMs: 5_000 })
const shows = mongo(env('MONGODB_URI'))
const tvmazeBudget = tvmazeBudgetIn(db)

let guard: Promise<AddressGuard> | undefined
const loadGuard = async () => (await import('#functions/dial/address.ts')).addressGuard(envOptional('PROBE_ALLOW'))

const webhook = telegramWebhook({
  botId,
  isSecret: secretCheck(secret),
  deferredUpdates: deferredUpdates(secret, botId),
  updates: telegramUpdatesIn(db),
  openTelegram: async () => (await import('./telegraf-client.ts')).telegrafClient({ token, apiRoot }),
  conversation: {
    chats: chatsIn(db),
    follows: followsIn(db),
    searches: searchesIn(db),
    imports: importsIn(db),
    personalData: personalDataIn(db),
    noticeSettings: noticeSettingsIn(db),
    seen: seenIn(db),
    seriesNames: seriesNamesIn(db),
    waitingNotices: waitingNoticesIn(db),
    monitors: monitorsIn(db),
    heartbeats: heartbeatsIn(db),
    monitorChanges: monitorChangesIn(db),
    monitorDrafts: monitorDraftsIn(db),
    monitorHistory: monitorHistoryIn(db),
    removedMonitors: removedMonitorsIn(db),
    silences: silencesIn(db),
    maintenance: maintenanceIn(db),
    statusPages: statusPagesIn(db),
    pagePosts: pagePostsIn(db),
    postDrafts: postDraftsIn(db),
    pageDoors: pageDoorsIn(db),
    pageLogos: pageLogosIn(db),
    subscribers: subscribersIn(db),
    allowances: allowancesIn(db),
    apiKeys: apiKeysIn(db),
    webhooks: webhooksIn(db),
    episodeCalendars: episodeCalendarsIn(db),
    reportSettings: reportSettingsIn(db),
    probeHours: probeHoursIn(db),
    uptime: uptimeIn(db),
    incidentAnswers: incidentAnswersIn(db),
    catalogue: catalogueIn(shows),
    // A person waits, so the client waits for at most one short Retry-After. Then the bot offers a button "try again".
    tvmaze: tvmaze(env('TVMAZE_URL', 'https://api.tvmaze.com'), {
      attempts: 2,
      timeoutMs: 6_000,
      longestWaitMs: 5_500,
      budget: { take: () => tvmazeBudget.take('person'), pause: tvmazeBudget.pause },
    }),
    mayDial: async address => {
      guard ??= loadGuard()
      return (await guard)(address)
    },
    addressOf: async host => {
      const { addressOf } = await import('#functions/monitors/address-of.ts')
      return addressOf(host)
    },
    pingUrl: envOptional('PING_URL')?.replace(/\/+$/, '') ?? null,
    pagesUrl: envOptional('PAGES_URL')?.replace(/\/+$/, '') ?? null,
    apiUrl: envOptional('API_URL')?.replace(/\/+$/, '') ?? null,
    limits: limitsIn(process.env),
    clock: systemClock,
    warn: async (message, error) => (await import('#functions/host/log.ts')).logger(name).warn({ error }, message),
  },
})

serve({
  name,
  http: { admit: webhook.admit, handle: webhook.handle },
  admitEvent: webhook.admitEvent,
  events: [on(UpdateDeferred, webhook.deferred)],
  close: [() => db.end(), () => shows.end()],
})
