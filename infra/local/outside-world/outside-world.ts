import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { writeFileAtomicSync } from '#infra/files/atomic-write.ts'
import type { Settings } from '../environment.ts'

/** Telegram, TVmaze and the sites to watch: the real ones, or the simulators. */
export interface OutsideWorld {
  isSimulated: boolean
  apiRoot: string
  botToken: string
  webhookSecret: string
  /** The values for the functions' variables, by the keys in their manifests. */
  variables: Record<string, string | undefined>
  /** Answers requests to `sites.localhost`. */
  sites?: (request: IncomingMessage, response: ServerResponse) => void
  /** Answers requests of the chat in the browser; returns false for paths that do not belong to the chat. */
  chat?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>
  stop(): Promise<void>
}

const telegramApiRoot = 'https://api.telegram.org'

/**
 * Uses the real Telegram if a bot token is set. Otherwise it starts simulators of Telegram, the sites and (without
 * TVMAZE_URL) TVmaze.
 */
export const startOutsideWorld = async (
  settings: Settings,
  dataDir: string,
  log: (line: string) => void,
): Promise<OutsideWorld> =>
  settings.telegram.botToken === undefined ? simulated(settings, dataDir, log) : real(settings, dataDir, log)

const real = (
  { telegram, tvmazeUrl, probeAllow, probeReference }: Settings,
  dataDir: string,
  log: (line: string) => void,
): OutsideWorld => {
  const apiRoot = telegram.apiRoot ?? telegramApiRoot
  const webhookSecret = telegram.webhookSecret ?? storedSecret(dataDir, log)
  return {
    isSimulated: false,
    apiRoot,
    botToken: telegram.botToken!,
    webhookSecret,
    variables: {
      TELEGRAM_API_ROOT: apiRoot,
      TELEGRAM_BOT_TOKEN: telegram.botToken,
      TELEGRAM_WEBHOOK_SECRET: webhookSecret,
      TELEGRAM_OPS_BOT_TOKEN: telegram.opsBotToken,
      TELEGRAM_OPS_CHAT_ID: telegram.opsChatId,
      TELEGRAM_BOT_NAME: telegram.botName,
      TVMAZE_URL: tvmazeUrl,
      PROBE_ALLOW: probeAllow,
      PROBE_REFERENCE: probeReference,
    },
    stop: async () => {},
  }
}

// The simulated bots have the same tokens at every start, so that the database recognises the bot.
const simulatedBotToken = '700000001:simulated-bot'
const simulatedOperatorsBotToken = '700000002:simulated-operators-bot'
const loopbackRanges = '127.0.0.0/8,::1/128'

const simulated = async (
  { telegram: given, tvmazeUrl, probeAllow, probeReference }: Settings,
  dataDir: string,
  log: (line: string) => void,
): Promise<OutsideWorld> => {
  const [{ startTelegram }, { startTvmaze }, { startSites }] = await Promise.all([
    import('#simulators/telegram.ts'),
    import('#simulators/tvmaze.ts'),
    import('#simulators/sites.ts'),
  ])
  const tvmaze = tvmazeUrl === undefined ? await startTvmaze({ newcomer: true }) : undefined
  const [telegram, sites] = await Promise.all([
    startTelegram({
      botToken: simulatedBotToken,
      opsToken: simulatedOperatorsBotToken,
      newcomer: {
        conversationFile: join(dataDir, 'simulated-telegram.json'),
        log,
        hasSites: true,
        ...(tvmaze === undefined ? {} : { nextEpisode: tvmaze.nextFiveMinuteEpisode }),
      },
    }),
    startSites(),
  ])
  const webhookSecret = given.webhookSecret ?? storedSecret(dataDir, log)
  return {
    isSimulated: true,
    apiRoot: telegram.url,
    botToken: simulatedBotToken,
    webhookSecret,
    variables: {
      TELEGRAM_API_ROOT: telegram.url,
      TELEGRAM_BOT_TOKEN: simulatedBotToken,
      TELEGRAM_WEBHOOK_SECRET: webhookSecret,
      TELEGRAM_OPS_BOT_TOKEN: simulatedOperatorsBotToken,
      TELEGRAM_OPS_CHAT_ID: String(telegram.person.id),
      TELEGRAM_BOT_NAME: telegram.username,
      TVMAZE_URL: tvmazeUrl ?? tvmaze!.url,
      // The simulated sites are on this machine. Without these ranges, monitors may not check the sites.
      PROBE_ALLOW: probeAllow === undefined ? loopbackRanges : `${probeAllow},${loopbackRanges}`,
      // The reference is not the simulated Bot API, because the simulated Bot API answers without a network too.
      PROBE_REFERENCE: probeReference ?? 'tcp://api.telegram.org:443',
    },
    chat: telegram.chatPage,
    sites: (request, response) => {
      if (!sites.handler(request, response)) response.writeHead(404).end()
    },
    stop: async () => {
      await Promise.all([telegram.stop(), tvmaze?.stop(), sites.stop()])
    },
  }
}

/**
 * The secret by which the webhook function recognises Telegram's updates. It is created at the first start and stored.
 * Every start sends the secret to Telegram again, so a secret that a power cut has damaged can be replaced.
 */
const storedSecret = (dataDir: string, log: (line: string) => void): string => {
  const file = join(dataDir, 'webhook-secret')
  const stored = existsSync(file) ? readFileSync(file, 'utf8').trim() : null
  if (stored !== null && /^[0-9a-f]{64}$/.test(stored)) return stored
  if (stored !== null) log(`${file} is damaged and is created again; no data is lost`)
  const secret = randomBytes(32).toString('hex')
  writeFileAtomicSync(file, `${secret}\n`)
  return secret
}
