import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { writeFileAtomicSync } from '#infra/files/atomic-write.ts'
import type { Settings } from '../environment.ts'

/** Telegram, TVMaze and the sites to watch: the real ones, or ours. */
export interface OutsideWorld {
  isSimulated: boolean
  apiRoot: string
  botToken: string
  webhookSecret: string
  /** What functions are told of it, by the names in their manifests. */
  variables: Record<string, string | undefined>
  /** `sites.localhost`. */
  sites?: (request: IncomingMessage, response: ServerResponse) => void
  /** The chat in the browser; false for paths that are not its own. */
  chat?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>
  stop(): Promise<void>
}

const API_ROOT = 'https://api.telegram.org'

/** With a token the real Telegram, else simulators of everything that has no address of its own. */
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
  const apiRoot = telegram.apiRoot ?? API_ROOT
  const webhookSecret = telegram.webhookSecret ?? keptSecret(dataDir, log)
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
      TVMAZE_URL: tvmazeUrl,
      PROBE_ALLOW: probeAllow,
      PROBE_REFERENCE: probeReference,
    },
    stop: async () => {},
  }
}

// The same at every start, so that the bot is the same bot to what the database remembers of it.
const BOT = '700000001:simulated-bot'
const OPERATORS_BOT = '700000002:simulated-operators-bot'
const LOOPBACK = '127.0.0.0/8,::1/128'

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
      botToken: BOT,
      opsToken: OPERATORS_BOT,
      newcomer: {
        conversationFile: join(dataDir, 'simulated-telegram.json'),
        log,
        hasSites: true,
        ...(tvmaze === undefined ? {} : { nextEpisode: tvmaze.nextFiveMinuteEpisode }),
      },
    }),
    startSites(),
  ])
  const webhookSecret = given.webhookSecret ?? keptSecret(dataDir, log)
  return {
    isSimulated: true,
    apiRoot: telegram.url,
    botToken: BOT,
    webhookSecret,
    variables: {
      TELEGRAM_API_ROOT: telegram.url,
      TELEGRAM_BOT_TOKEN: BOT,
      TELEGRAM_WEBHOOK_SECRET: webhookSecret,
      TELEGRAM_OPS_BOT_TOKEN: OPERATORS_BOT,
      TELEGRAM_OPS_CHAT_ID: String(telegram.person.id),
      TVMAZE_URL: tvmazeUrl ?? tvmaze!.url,
      // The sites lie on this machine, which monitors may not look at otherwise.
      PROBE_ALLOW: probeAllow === undefined ? LOOPBACK : `${probeAllow},${LOOPBACK}`,
      // The simulated Bot API is on this machine and answers without a network.
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
 * Made at the first start: Telegram shows with it that an update is its own. Every start tells Telegram the secret again, so one that
 * a power cut has damaged can be made anew.
 */
const keptSecret = (dataDir: string, log: (line: string) => void): string => {
  const file = join(dataDir, 'webhook-secret')
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : null
  if (kept !== null && /^[0-9a-f]{64}$/.test(kept)) return kept
  if (kept !== null) log(`${file} is damaged and is created again; no data is lost`)
  const secret = randomBytes(32).toString('hex')
  writeFileAtomicSync(file, `${secret}\n`)
  return secret
}
