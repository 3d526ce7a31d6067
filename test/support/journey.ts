import { startSites } from '#simulators/sites.ts'
import { type SimulatedUser, startTelegram } from '#simulators/telegram.ts'
import { startTvmaze } from '#simulators/tvmaze.ts'
import { startVigia, type VigiaOptions } from './npm-start.ts'
import { until } from './until.ts'

const botToken = '700000001:journey-bot-token-AAAAAAAAAAAAAAAA'
const opsToken = '700000002:journey-operators-token-AAAAAAAAAA'

/**
 * Starts the simulators: Telegram with an operator, TVmaze and sites. The simulators keep running when Vigia is killed.
 */
export const startSimulators = async () => {
  const telegram = await startTelegram({ botToken, opsToken })
  const tvmaze = await startTvmaze({ limit: false })
  const sites = await startSites()
  const operator = telegram.operators.user('Operadora', { language: 'pt-br' })
  operator.send('/start')
  return {
    telegram,
    tvmaze,
    sites,
    operator,
    env: {
      TELEGRAM_API_ROOT: telegram.url,
      TELEGRAM_BOT_TOKEN: botToken,
      TELEGRAM_OPS_BOT_TOKEN: opsToken,
      TELEGRAM_OPS_CHAT_ID: String(operator.chatId),
      TVMAZE_URL: tvmaze.url,
      PROBE_ALLOW: '127.0.0.0/8',
    },
    stop: async () => {
      await Promise.all([telegram.stop(), tvmaze.stop(), sites.stop()])
    },
  }
}

export type Simulators = Awaited<ReturnType<typeof startSimulators>>

type Rewrite = NonNullable<VigiaOptions['manifests']>

/** Adds a copy of every Trigger, so that a function gets each event twice at once. */
const everyTriggerTwice: Rewrite = (text, file) =>
  file.startsWith('triggers/')
    ? `${text}---\n${text.replaceAll(/^ {2}name: (\S+)$/gm, '  name: $1-twin').replaceAll(/uri: (\S+)$/gm, 'uri: $1-twin')}`
    : text

/** The values of `twice`, with their names in test titles. */
export const deliveryModes = [
  ['delivered once', false],
  ['delivered twice to each of two Triggers', true],
] as const

/**
 * Starts the simulators, and `npm start` with the built functions. With `twice`, every event goes to two Triggers at
 * once, and goes to each of the two again after it was handled.
 */
export const startJourney = async ({
  twice = false,
  env = {},
  manifests = text => text,
}: {
  twice?: boolean
  env?: Record<string, string>
  manifests?: Rewrite
} = {}) => {
  const simulators = await startSimulators()
  const vigia = await startVigia({
    env: { ...simulators.env, ...(twice ? { VIGIA_DELIVER_EVERY_EVENT_TWICE: '1' } : {}), ...env },
    manifests: twice ? (text, file) => everyTriggerTwice(manifests(text, file), file) : manifests,
  })
  return {
    ...simulators,
    sitesUrl: simulators.sites.url,
    vigia,
    fire: (source: string) => fire(vigia, source),
    settled: () => settled(vigia),
    stop: async () => {
      await vigia.stop()
      await simulators.stop()
    },
  }
}

export type Journey = Awaited<ReturnType<typeof startJourney>>
type Vigia = Awaited<ReturnType<typeof startVigia>>

/** Fires a PingSource once; throws if the broker does not accept the tick. */
export const fireOnce = async (vigia: Vigia, source: string): Promise<void> => {
  await vigia.api(`/api/sources/${source}/fire`, { method: 'POST' })
}

/** Fires a PingSource, and tries again until the broker accepts the tick. */
export const fire = async (vigia: Vigia, source: string): Promise<void> => {
  await until(() => fireOnce(vigia, source).then(() => true), { what: `the tick of ${source}` })
}

type State = 'pending' | 'done' | 'dead'

interface EventRow {
  seq: number
  id: string
  type: string
  state: State
}

interface EventDetail {
  seq: number
  state: State
  event: Record<string, unknown>
  deliveries: {
    trigger: string
    function: string | null
    state: State
    attempts: { at: string; ms: number; status: number | null; error: string | null }[]
  }[]
}

export const events = (vigia: Vigia, query = ''): Promise<EventRow[]> =>
  vigia.api(`/api/events?limit=1000${query}`) as Promise<EventRow[]>

export const eventDetail = (vigia: Vigia, seq: number): Promise<EventDetail> =>
  vigia.api(`/api/events/${seq}`) as Promise<EventDetail>

/** For each finished event with deliveries: its type, and how many attempts were answered with 204. */
export const timesHandled = async (vigia: Vigia): Promise<{ type: string; times: number }[]> => {
  const details = await Promise.all((await events(vigia)).map(({ seq }) => eventDetail(vigia, seq)))
  return details
    .filter(({ state, deliveries }) => state === 'done' && deliveries.length > 0)
    .map(({ event, deliveries }) => ({
      type: String(event.type),
      times: deliveries.flatMap(({ attempts }) => attempts).filter(({ status }) => status === 204).length,
    }))
}

/** Waits until no event is pending, except the checks that wait for their slot. */
export const settled = (vigia: Vigia): Promise<unknown> =>
  until(
    async () =>
      (await events(vigia)).every(({ state, type }) => state !== 'pending' || type === 'dev.vigia.probe.requested'),
    { what: 'every event to be done', timeoutMs: 60_000 },
  )

/** Waits until a message of the bot to this person matches. */
export const waitForReply = (person: SimulatedUser, pattern: RegExp): Promise<unknown> =>
  until(() => person.answers().some(({ text }) => pattern.test(text)), {
    what: () => {
      const texts = person.answers().map(({ text }) => text)
      return `a reply like ${pattern}; the bot sent:\n${texts.join('\n---\n')}`
    },
    timeoutMs: 45_000,
  })

/** Waits until the newest message of the bot to this person has a button with this text. */
export const waitForButton = (person: SimulatedUser, button: string): Promise<unknown> =>
  until(
    () =>
      person
        .last()
        ?.buttons.flat()
        .some(({ text }) => text === button),
    { what: `the button "${button}"` },
  )

/** The messages that the bot sent to this person and whose text matches. */
export const repliesMatching = (person: SimulatedUser, words: RegExp) =>
  person.answers().filter(({ text }) => words.test(text))
