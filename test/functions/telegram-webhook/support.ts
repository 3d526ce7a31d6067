import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { allowancesIn } from '#database/chats/allowances.ts'
import { apiKeysIn } from '#database/chats/api-keys.ts'
import { chatsIn } from '#database/chats/chats.ts'
import { personalDataIn } from '#database/chats/personal-data.ts'
import { telegramUpdatesIn } from '#database/chats/telegram-updates.ts'
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
import type { VigiaEvent } from '#events/event.ts'
import { UpdateDeferred } from '#events/update-deferred.ts'
import { addressGuard } from '#functions/dial/address.ts'
import { on } from '#functions/host/function-definition.ts'
import { inBinaryMode } from '#functions/host/publish.ts'
import { createFunctionServer } from '#functions/host/server.ts'
import { defaultLimits } from '#functions/monitors/limits.ts'
import type { Dependencies } from '#functions/telegram-webhook/context.ts'
import { deferredUpdates } from '#functions/telegram-webhook/deferred-update.ts'
import { botIdOf, secretCheck } from '#functions/telegram-webhook/secret.ts'
import { telegrafClient } from '#functions/telegram-webhook/telegraf-client.ts'
import { telegramWebhook } from '#functions/telegram-webhook/telegram-webhook.ts'
import { tvmaze as tvmazeClient } from '#functions/tvmaze/client.ts'
import { type SimulatedUser, startTelegram, type TelegramSimulator } from '#simulators/telegram.ts'
import { startTvmaze } from '#simulators/tvmaze.ts'
import { freshDatabase, freshMongo } from '#test/support/database.ts'
import { until } from '#test/support/until.ts'

// By default the function logs a line for each request. The tests do not need these lines.
process.env.LOG_LEVEL ??= 'silent'

export const token = '700000001:test-token-of-the-bot-AAAAAAAAAAAAA'
export const secret = 'a-secret_of-the-tests'

/** Starts a broker for the function under test. The broker accepts all events until a test calls `refuse`. */
const startBroker = async () => {
  const events: VigiaEvent[] = []
  let [refusals, refusal] = [0, 503]
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', chunk => {
      body += chunk
    })
    request.on('end', () => {
      if (refusals > 0) {
        refusals--
        response.writeHead(refusal).end()
        return
      }
      const own = Object.entries(request.headers).filter(([name]) => name.startsWith('ce-'))
      const attributes = Object.fromEntries(own.map(([name, value]) => [name.slice(3), value]))
      events.push({
        ...attributes,
        vigiahops: Number(attributes.vigiahops),
        data: JSON.parse(body),
      } as unknown as VigiaEvent)
      response.writeHead(202).end()
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The published events, oldest first. Events with the same id are listed once. */
    events: (type?: string) =>
      [...new Map(events.map(event => [event.id, event])).values()].filter(
        event => type === undefined || event.type === `dev.vigia.${type}`,
      ),
    refuse: (times: number, status = 503) => {
      refusals = times
      refusal = status
    },
    stop: () => new Promise<void>(resolve => server.close(() => resolve()).closeAllConnections()),
  }
}

/** Starts the function's HTTP server with a simulated Telegram and TVmaze, a test broker and real databases. */
export const startWebhook = async ({ now = '2026-11-21T15:00:00Z', allow = '' } = {}) => {
  const [database, catalogueServer, telegram, tvmaze, broker] = await Promise.all([
    freshDatabase(),
    freshMongo(),
    startTelegram({ botToken: token, rates: false }),
    startTvmaze({ limit: false, clock: () => new Date(now) }),
    startBroker(),
  ])
  const { db } = database
  const time = { now: new Date(now) }
  const catalogue = catalogueIn(catalogueServer.mongo)
  const client = tvmazeClient(tvmaze.url, { callsPerTenSeconds: 10_000 })
  const guard = addressGuard(allow)
  const warnings: string[] = []
  const addresses = new Map<string, string>()
  const deps: Dependencies = {
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
    catalogue,
    tvmaze: client,
    mayDial: async address => guard(address),
    // The host names of the tests have no address, except those that a test adds to `addresses`.
    addressOf: async host => addresses.get(host) ?? null,
    pingUrl: 'https://vigia.test/ping',
    pagesUrl: 'https://vigia.test/status',
    apiUrl: 'https://vigia.test/api/v1',
    // The tests' clock stands still. With a limit, a person who has used up all searches could never search again.
    limits: { ...defaultLimits, searchSeconds: 0 },
    clock: () => time.now,
    warn: message => warnings.push(message),
  }
  const botId = botIdOf(token)
  const name = 'telegram-webhook'
  const webhook = telegramWebhook({
    botId,
    isSecret: secretCheck(secret),
    deferredUpdates: deferredUpdates(secret, botId),
    updates: telegramUpdatesIn(db),
    conversation: deps,
    openTelegram: () => telegrafClient({ token, apiRoot: telegram.url }),
  })
  const host = createFunctionServer(
    {
      name,
      http: { admit: webhook.admit, handle: webhook.handle },
      admitEvent: webhook.admitEvent,
      events: [on(UpdateDeferred, webhook.deferred)],
    },
    { sink: broker.url },
  )
  const { port } = await host.listen(0, '127.0.0.1')
  const url = `http://127.0.0.1:${port}/`
  await fetch(`${telegram.url}/bot${token}/setWebhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url, secret_token: secret }),
  })
  /** Sends an update to the function, as Telegram does. `requestSecret` is the secret in the request. */
  const post = (update: unknown, requestSecret: string | null = secret) =>
    fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(requestSecret === null ? {} : { 'x-telegram-bot-api-secret-token': requestSecret }),
      },
      body: typeof update === 'string' || Buffer.isBuffer(update) ? update : JSON.stringify(update),
    })
  /** Waits until Telegram has delivered every update. */
  const settled = () => until(() => telegram.pending().length === 0, { what: 'every update to be delivered' })

  return {
    url,
    db,
    databaseUrl: database.url,
    deps,
    time,
    telegram,
    tvmaze,
    broker,
    catalogue,
    warnings,
    addresses,
    settled,
    post,
    /** Stores shows in the catalogue, as series-refresher does. */
    fillCatalogue: async (...ids: number[]) => {
      for (const id of ids) await catalogue.keep(await client.show(id))
    },
    /** Creates a person who sends messages, presses buttons and reads the bot's newest message. */
    person: (who: string, language = 'pt-br') =>
      personActions(telegram, telegram.user(who, { language }), settled, post),
    /** Delivers an event to the function, as the broker does. */
    deliver: (event: VigiaEvent) => {
      const { headers, body } = inBinaryMode(event)
      return fetch(url, { method: 'POST', headers, body: new Uint8Array(body) })
    },
    stop: async () => {
      await telegram.stop()
      await host.drain(1_000)
      await Promise.all([tvmaze.stop(), broker.stop(), database.end(), catalogueServer.end()])
    },
  }
}

export type Webhook = Awaited<ReturnType<typeof startWebhook>>

let lastForgedId = 900_000_000

const personActions = (
  telegram: TelegramSimulator,
  seat: SimulatedUser,
  settled: () => Promise<unknown>,
  post: (update: unknown) => Promise<Response>,
) => ({
  ...seat,
  says: async (text: string) => {
    seat.send(text)
    await settled()
    return seat.answers().at(-1)!
  },
  /** Sends a file. Returns the bot's newest message, if it has sent one. */
  sendsFile: async (name: string, bytes: Buffer) => {
    seat.sendFile({ name, bytes })
    await settled()
    return seat.answers().at(-1)
  },
  /** Presses a button. Returns the toast, and the message `message`; if it no longer exists, the newest message. */
  presses: async (button: string | RegExp, message?: number) => {
    const press = seat.press(button, message === undefined ? {} : { message })
    await settled()
    const shown = seat.answers()
    return { toast: press.answer()?.text ?? null, shown: shown.find(({ id }) => id === message) ?? shown.at(-1)! }
  },
  /** Presses a button with forged data, as a modified Telegram client can do. */
  forges: async (message: number, data: string) => {
    const id = String(++lastForgedId)
    await post({
      update_id: lastForgedId,
      callback_query: {
        id,
        from: { id: seat.id, is_bot: false, first_name: seat.name, language_code: 'pt-br' },
        message: {
          message_id: message,
          date: 1,
          chat: { id: seat.chatId, type: 'private', first_name: seat.name },
          text: 'something',
        },
        chat_instance: '1',
        data,
      },
    })
    const answered = telegram.calls('answerCallbackQuery').find(({ params }) => params.callback_query_id === id)
    return { toast: answered?.params.text ?? null, shown: seat.answers().at(-1)! }
  },
})
