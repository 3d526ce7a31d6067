import { startSites } from '#local/simulators/sites.ts'
import { startTelegram, type UserSeat } from '#local/simulators/telegram.ts'
import { startTvmaze } from '#local/simulators/tvmaze.ts'
import { until } from './until.ts'
import { startVigia } from './vigia.ts'

const botToken = '700000001:journey-bot-token-AAAAAAAAAAAAAAAA'
const opsToken = '700000002:journey-operators-token-AAAAAAAAAA'

/** The world outside: a Telegram with an operator, a TVMaze and some sites, which live on when Vigia is killed. */
export const startWorld = async () => {
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

export type World = Awaited<ReturnType<typeof startWorld>>

/** The built functions behind `npm start`, in a world of their own. With `twice` every event is delivered a second time. */
export const startJourney = async ({
  twice = false,
  env = {},
}: {
  twice?: boolean
  env?: Record<string, string>
} = {}) => {
  const world = await startWorld()
  const vigia = await startVigia({
    env: { ...world.env, ...(twice ? { VIGIA_DELIVER_EVERY_EVENT_TWICE: '1' } : {}), ...env },
  })
  return {
    ...world,
    vigia,
    fire: (source: string) => fire(vigia, source),
    settled: () => settled(vigia),
    stop: async () => {
      await vigia.stop()
      await world.stop()
    },
  }
}

export type Journey = Awaited<ReturnType<typeof startJourney>>
type Vigia = Awaited<ReturnType<typeof startVigia>>

/** A tick of a PingSource, now, or not at all. */
export const fireOnce = async (vigia: Vigia, source: string): Promise<void> => {
  await vigia.api(`/api/sources/${source}/fire`, { method: 'POST' })
}

/** A tick of a PingSource, as soon as the broker takes it. */
export const fire = async (vigia: Vigia, source: string): Promise<void> => {
  await until(() => fireOnce(vigia, source).then(() => true), { what: `the tick of ${source}` })
}

interface EventRow {
  seq: number
  id: string
  type: string
  state: 'pending' | 'done' | 'dead'
}

export const events = (vigia: Vigia, query = ''): Promise<EventRow[]> =>
  vigia.api(`/api/events?limit=1000${query}`) as Promise<EventRow[]>

/** Nothing that was published is still on its way, checks that wait for their slot left out. */
export const settled = (vigia: Vigia): Promise<unknown> =>
  until(
    async () =>
      (await events(vigia)).every(({ state, type }) => state !== 'pending' || type === 'dev.vigia.probe.requested'),
    { what: 'every event to be done', timeoutMs: 60_000 },
  )

/** What the bot says to a person after they did something: the first new message or edit that the test accepts. */
export const answer = (person: UserSeat, accepts: RegExp): Promise<unknown> =>
  until(() => person.answers().some(({ text }) => accepts.test(text)), {
    what: `an answer like ${accepts}; there is:\n${person
      .answers()
      .map(({ text }) => text)
      .join('\n---\n')}`,
    timeoutMs: 45_000,
  })

/** The bot's messages that say this. */
export const saying = (person: UserSeat, words: RegExp) => person.answers().filter(({ text }) => words.test(text))

/** How often each event of a type was delivered. */
export const deliveriesOf = async (vigia: Vigia, type: string): Promise<number[]> => {
  const found = await events(vigia, `&type=dev.vigia.${type}`)
  const details = await Promise.all(found.map(({ seq }) => vigia.api(`/api/events/${seq}`)))
  return (details as { deliveries: { attempts: unknown[] }[] }[]).flatMap(({ deliveries }) =>
    deliveries.map(({ attempts }) => attempts.length),
  )
}
