import { setTimeout } from 'node:timers/promises'
import type { ButtonPress, SimulatedUser } from '#simulators/telegram.ts'
import { settled, startSimulators } from '#test/support/journey.ts'
import { removeDataFolder, startVigia, temporaryFolder, type Vigia } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'
import { killPostgres, randomFrom, type Victim } from './kill-rounds.ts'

/** The result of one update: how often it was answered, and how often the bot apologised for a late answer. */
export interface UpdateResult {
  what: string
  answers: number
  /** Apologies before and after the first answer. They are allowed before a late answer, and never after an answer. */
  apologies: { before: number; after: number }
}

export interface UpdateRound {
  round: number
  victim: Victim
  killed: number
  delayMs: number
  /** Updates of this and earlier rounds that had no answer yet when the next round began. */
  waiting: number
}

/**
 * What users send, and how the bot's answer begins. Each request gets one answer. The answer to a search may also say
 * that TVmaze did not respond.
 */
const requests: [string, RegExp][] = [
  ['/ajuda', /^Séries\n/],
  ['/hoje', /ainda não segue nenhuma série/],
  ['/idioma', /^Em que idioma/],
  ['/fuso', /^Seu fuso é/],
  ['A Queda', /^(A Queda|O TVmaze, de onde)/],
]
const apology = /^Algo deu errado/
const latestKillMs = 1_200
/**
 * How many updates may be unanswered when a round begins. Some are unanswered because the lease of a killed process has
 * to expire first.
 */
const maxWaiting = 60

/**
 * Sends `updates` updates in `rounds` rounds. In most of the rounds the webhook function gets a kill -9, and in the
 * other rounds the runtime or PostgreSQL. The updates are commands, searches and button presses of new chats. Throws
 * when an update is never answered. Calls `onRound` after each round.
 */
export const killUpdates = async (
  { rounds, updates, seed }: { rounds: number; updates: number; seed: number },
  onRound: (round: UpdateRound) => void,
): Promise<UpdateResult[]> => {
  const random = randomFrom(seed)
  const simulators = await startSimulators()
  const dataDir = temporaryFolder()
  const start = () => startVigia({ env: simulators.env, dataDir })
  let vigia = await start()
  const sent: { what: string; person: SimulatedUser; expectedReply: RegExp; press?: ButtonPress }[] = []
  const isAnswered = ({ person, expectedReply, press }: (typeof sent)[number]) =>
    press ? press.answer() !== null : person.answers().some(({ text }) => expectedReply.test(text))
  const unanswered = () => sent.filter(one => !isAnswered(one))
  try {
    simulators.tvmaze.addShow({ name: 'A Queda', on: { us: 'Meridian' } })
    const cards: SimulatedUser[] = []
    for (let round = 1; round <= rounds; round++) {
      const share = Math.floor((updates * round) / rounds) - Math.floor((updates * (round - 1)) / rounds)
      for (let at = 0; at < share; at++) {
        const personWithCard =
          at % 5 === 0 ? cards.find(card => card.answers().some(({ text }) => /^A Queda/.test(text))) : null
        if (personWithCard) {
          cards.splice(cards.indexOf(personWithCard), 1)
          sent.push({
            what: 'seguir',
            person: personWithCard,
            expectedReply: /./,
            press: personWithCard.press('seguir'),
          })
          continue
        }
        const [what, expectedReply] = requests[Math.floor(random() * requests.length)]!
        const person = simulators.telegram.user(`Pessoa ${sent.length}`, { language: 'pt-br' })
        person.send(what)
        if (what === 'A Queda') cards.push(person)
        sent.push({ what, person, expectedReply })
      }

      const victim: Victim = round % 10 === 4 ? 'runtime' : round % 10 === 9 ? 'PostgreSQL' : 'function'
      const delayMs = Math.floor(random() * latestKillMs)
      // The seed chooses the time of the kill, so this is a pause and not a wait for a condition.
      await setTimeout(delayMs)
      const killed = await kill(victim, vigia, dataDir)
      if (victim === 'runtime') vigia = await start()
      await until(() => unanswered().length <= maxWaiting, {
        what: `the answers of round ${round}`,
        timeoutMs: 180_000,
      })
      onRound({ round, victim, killed, delayMs, waiting: unanswered().length })
    }
    await until(() => unanswered().length === 0, { what: 'the answers to all updates', timeoutMs: 300_000 }).catch(
      (error: Error) => {
        const missing = unanswered().map(
          ({ what, person }) => `${what} of ${person.name}: ${simulators.telegram.transcript(person.chatId)}`,
        )
        throw new Error(`${error.message}; missing:\n${missing.join('\n')}`, { cause: error })
      },
    )
    // An update that was answered right before the kill is delivered again when the lease of the update has expired.
    await until(() => simulators.telegram.pending().length === 0, {
      what: 'every update to be accepted',
      timeoutMs: 120_000,
    })
    await settled(vigia)
    return sent.map(({ what, person, expectedReply, press }): UpdateResult => {
      if (press) return { what, answers: 1, apologies: { before: 0, after: apologiesAfter(person, /^A Queda/) } }
      const texts = person.answers().map(({ text }) => text)
      const first = texts.findIndex(text => expectedReply.test(text))
      const count = (some: string[]) => some.filter(text => apology.test(text)).length
      return {
        what,
        answers: texts.filter(text => expectedReply.test(text)).length,
        apologies: { before: count(texts.slice(0, first)), after: count(texts.slice(first)) },
      }
    })
  } finally {
    await vigia.stop()
    await simulators.stop()
    await removeDataFolder(dataDir)
  }
}

const apologiesAfter = (person: SimulatedUser, answer: RegExp): number => {
  const texts = person.answers().map(({ text }) => text)
  return texts.slice(texts.findIndex(text => answer.test(text))).filter(text => apology.test(text)).length
}

/** Ends the victim with a kill -9. Returns how many processes the victim had. */
const kill = async (victim: Victim, vigia: Vigia, dataDir: string): Promise<number> => {
  if (victim === 'runtime') await vigia.kill9()
  else if (victim === 'PostgreSQL') killPostgres(dataDir)
  else {
    const replicas = await until(
      async () => {
        const { replicas: running } = await vigia.report('telegram-webhook')
        return running.length > 0 ? running : undefined
      },
      { what: 'the webhook function to run' },
    )
    for (const { pid } of replicas) process.kill(pid, 'SIGKILL')
    return replicas.length
  }
  return 1
}
