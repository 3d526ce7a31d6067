import { setTimeout } from 'node:timers/promises'
import type { ButtonPress, SimulatedUser } from '#simulators/telegram.ts'
import { settled, startSimulators } from '#test/support/journey.ts'
import { removeDataFolder, startVigia, temporaryFolder, type Vigia } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'
import { killPostgres, randomFrom, type Victim } from './kill-rounds.ts'

/** What became of one update: how often it was answered, and how often its chat was told that the answer is late. */
export interface Answered {
  what: string
  answers: number
  /** Before the first answer, where that is late, and after it, which must not be. */
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

/** What people say, and how the bot's answer begins. Each has one answer; a search may be told that TVmaze gave none in time. */
const sayings: [string, RegExp][] = [
  ['/ajuda', /^Séries\n/],
  ['/hoje', /ainda não segue nenhuma série/],
  ['/idioma', /^Em que idioma/],
  ['/fuso', /^Seu fuso é/],
  ['A Queda', /^(A Queda|O TVmaze, de onde)/],
]
const apology = /^Algo deu errado/
const latestKillMs = 1_200
/** So many may wait for their answer when a round begins: a lease that died with its process takes its time. */
const mostWaiting = 60

/**
 * `updates` updates in `rounds` rounds, and in each round a kill -9 of the webhook function, in some of the runtime or of PostgreSQL.
 * Half of a round is commands of new chats, the rest texts and presses. Throws where an update is never answered.
 */
export const killUpdates = async (
  { rounds, updates, seed }: { rounds: number; updates: number; seed: number },
  say: (round: UpdateRound) => void,
): Promise<Answered[]> => {
  const random = randomFrom(seed)
  const world = await startSimulators()
  const dataDir = temporaryFolder()
  const start = () => startVigia({ env: world.env, dataDir })
  let vigia = await start()
  const asked: { what: string; person: SimulatedUser; wanted: RegExp; press?: ButtonPress }[] = []
  const isAnswered = ({ person, wanted, press }: (typeof asked)[number]) =>
    press ? press.answer() !== null : person.answers().some(({ text }) => wanted.test(text))
  const unanswered = () => asked.filter(one => !isAnswered(one))
  try {
    world.tvmaze.addShow({ name: 'A Queda', on: { us: 'Meridian' } })
    const cards: SimulatedUser[] = []
    for (let round = 1; round <= rounds; round++) {
      const share = Math.floor((updates * round) / rounds) - Math.floor((updates * (round - 1)) / rounds)
      for (let at = 0; at < share; at++) {
        const withCard =
          at % 5 === 0 ? cards.find(card => card.answers().some(({ text }) => /^A Queda/.test(text))) : null
        if (withCard) {
          cards.splice(cards.indexOf(withCard), 1)
          asked.push({ what: 'seguir', person: withCard, wanted: /./, press: withCard.press('seguir') })
          continue
        }
        const [what, wanted] = sayings[Math.floor(random() * sayings.length)]!
        const person = world.telegram.user(`Pessoa ${asked.length}`, { language: 'pt-br' })
        person.send(what)
        if (what === 'A Queda') cards.push(person)
        asked.push({ what, person, wanted })
      }

      const victim: Victim = round % 10 === 4 ? 'runtime' : round % 10 === 9 ? 'PostgreSQL' : 'function'
      const delayMs = Math.floor(random() * latestKillMs)
      // The moment is what the seed chooses.
      await setTimeout(delayMs)
      const killed = await kill(victim, vigia, dataDir)
      if (victim === 'runtime') vigia = await start()
      await until(() => unanswered().length <= mostWaiting, {
        what: `the answers of round ${round}`,
        timeoutMs: 180_000,
      })
      say({ round, victim, killed, delayMs, waiting: unanswered().length })
    }
    await until(() => unanswered().length === 0, { what: 'every answer', timeoutMs: 300_000 }).catch((error: Error) => {
      const missing = unanswered().map(
        ({ what, person }) => `${what} of ${person.name}: ${world.telegram.transcript(person.chatId)}`,
      )
      throw new Error(`${error.message}; missing:\n${missing.join('\n')}`, { cause: error })
    })
    // What was answered before its process died comes again when its lease has run out.
    await until(() => world.telegram.pending().length === 0, { what: 'every update taken', timeoutMs: 120_000 })
    await settled(vigia)
    return asked.map(({ what, person, wanted, press }): Answered => {
      if (press) return { what, answers: 1, apologies: { before: 0, after: apologiesAfter(person, /^A Queda/) } }
      const texts = person.answers().map(({ text }) => text)
      const first = texts.findIndex(text => wanted.test(text))
      const count = (some: string[]) => some.filter(text => apology.test(text)).length
      return {
        what,
        answers: texts.filter(text => wanted.test(text)).length,
        apologies: { before: count(texts.slice(0, first)), after: count(texts.slice(first)) },
      }
    })
  } finally {
    await vigia.stop()
    await world.stop()
    await removeDataFolder(dataDir)
  }
}

const apologiesAfter = (person: SimulatedUser, answer: RegExp): number => {
  const texts = person.answers().map(({ text }) => text)
  return texts.slice(texts.findIndex(text => answer.test(text))).filter(text => apology.test(text)).length
}

/** Ends the victim with a kill -9; how many processes there were. */
const kill = async (victim: Victim, vigia: Vigia, dataDir: string): Promise<number> => {
  if (victim === 'runtime') await vigia.kill9()
  else if (victim === 'PostgreSQL') killPostgres(dataDir)
  else {
    const replicas = await until(
      async () => {
        const { replicas: running } = await vigia.report('telegram-webhook')
        return running.length > 0 ? running : undefined
      },
      { what: 'the webhook function at work' },
    )
    for (const { pid } of replicas) process.kill(pid, 'SIGKILL')
    return replicas.length
  }
  return 1
}
