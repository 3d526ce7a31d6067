import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  events,
  fire,
  fireOnce,
  repliesMatching,
  settled,
  startSimulators,
  waitForReply,
} from '#test/support/journey.ts'
import { removeDataFolder, startVigia, temporaryFolder } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'

export type Victim = 'runtime' | 'PostgreSQL' | 'function'

export interface Round {
  round: number
  victim: Victim
  /** Name of the killed function; undefined when the victim is not a function. */
  functionName: string | undefined
  /** Time between the tick and the kill. */
  delayMs: number
  /** How many times the message arrived. */
  messages: number
  /**
   * Whether the first message was being sent to Telegram at the time of the kill. Only then may the message arrive
   * twice.
   */
  ambiguous: boolean
}

/** A generator of numbers in [0, 1). The same seed gives the same numbers (mulberry32). */
export const randomFrom = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const victims: Victim[] = ['runtime', 'PostgreSQL', 'function']
const latestKillMs = 400

/** The functions that work between the tick and the message. */
const functionsInvolved = ['episode-checker', 'notification-fanout', 'telegram-notifier']

/**
 * How long the notifier may take from Telegram's response to the commit in PostgreSQL, on a machine that is busy with a
 * restart.
 */
const commitMs = 1_000

/**
 * Runs `rounds` rounds of one journey: an episode of a followed series airs, and the runtime, PostgreSQL or a function
 * gets a kill -9 at some time between the tick and the message. Calls `onRound` after each round.
 */
export const killRounds = async (rounds: number, seed: number, onRound: (round: Round) => void): Promise<Round[]> => {
  const random = randomFrom(seed)
  const simulators = await startSimulators()
  const dataDir = temporaryFolder()
  const start = () => startVigia({ env: simulators.env, dataDir })
  let vigia = await start()
  try {
    const ana = simulators.telegram.user('Ana', { language: 'pt-br' })
    ana.send('/start')
    await waitForReply(ana, /Vigia/)
    const show = simulators.tvmaze.addShow({ name: 'A Queda', on: { us: 'Meridian' } })
    ana.send('A Queda')
    await waitForReply(ana, /A Queda/)
    ana.press('seguir')
    await until(async () => (await events(vigia, '&type=dev.vigia.series.followed')).length > 0, {
      what: 'the follow to be stored',
    })
    await settled(vigia)

    const results: Round[] = []
    // The victims take turns, so that a few rounds cover all of them. The seed chooses the first victim.
    const first = Math.floor(random() * victims.length)
    for (let round = 1; round <= rounds; round++) {
      const airs = new Date(Math.ceil(Date.now() / 1000 + 0.5) * 1000)
      const name = `Rodada ${round} de ${rounds}`
      simulators.tvmaze.addEpisode(show.id, { airs: { at: airs }, season: 1, number: round, name })
      await fire(vigia, 'series-refresher')
      await settled(vigia)
      await until(() => Date.now() >= airs.getTime(), { what: 'the time of the episode' })

      const victim = victims[(first + round) % victims.length]!
      const delayMs = Math.floor(random() * latestKillMs)
      const tick = fireOnce(vigia, 'episode-checker').catch(() => undefined)
      // The seed chooses the time of the kill, so this is a pause and not a wait for a condition.
      await setTimeout(delayMs)
      const killedAt = Date.now()
      const killed = await kill(victim, vigia, dataDir, random)
      await tick
      if (victim === 'runtime') vigia = await start()

      const arrived = () => repliesMatching(ana, new RegExp(`${name}$`, 'm'))
      // A tick that was lost with the runtime is not replayed. The next tick continues at the cursor.
      await until(
        async () => {
          if (arrived().length > 0) return true
          await fireOnce(vigia, 'episode-checker').catch(() => undefined)
          await until(() => arrived().length > 0, { what: 'the message', timeoutMs: 1_500 }).catch(() => undefined)
          return arrived().length > 0
        },
        {
          what: `the message of round ${round} (seed ${seed}, ${victim} killed after ${delayMs} ms)`,
          timeoutMs: 60_000,
        },
      )
      await until(async () => (await fetch(`${vigia.url}/readyz`)).status === 200, {
        what: 'the runtime to be ready',
        timeoutMs: 30_000,
      })
      await fire(vigia, 'episode-checker')
      await fire(vigia, 'telegram-notifier')
      await settled(vigia)

      const sentAt = arrived()[0]!.at.getTime()
      const result: Round = {
        round,
        victim,
        functionName: killed,
        delayMs,
        messages: arrived().length,
        ambiguous: Math.abs(killedAt - sentAt) < commitMs,
      }
      onRound(result)
      results.push(result)
    }
    return results
  } finally {
    await vigia.stop()
    await simulators.stop()
    await removeDataFolder(dataDir)
  }
}

/** Ends the victim with a kill -9. Returns the name of the function if the victim is a function. */
const kill = async (
  victim: Victim,
  vigia: Awaited<ReturnType<typeof startVigia>>,
  dataDir: string,
  random: () => number,
): Promise<string | undefined> => {
  switch (victim) {
    case 'runtime':
      await vigia.kill9()
      return undefined
    case 'PostgreSQL':
      killPostgres(dataDir)
      return undefined
    case 'function': {
      const chosen = await until(
        async () => {
          const functions = (await vigia.api('/api/functions')) as { name: string; replicas: { pid: number }[] }[]
          const running = functions.filter(
            ({ replicas, name }) => replicas.length > 0 && functionsInvolved.includes(name),
          )
          return running[Math.floor(random() * running.length)]
        },
        { what: 'a function that runs' },
      )
      for (const { pid } of chosen.replicas) process.kill(pid, 'SIGKILL')
      return chosen.name
    }
    default:
      return victim satisfies never
  }
}

/** Ends the PostgreSQL server of a data folder with a kill -9. */
export const killPostgres = (dataDir: string): void => {
  const file = readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).find(name => name.endsWith('postmaster.pid'))
  if (!file) throw new Error(`no postmaster.pid below ${dataDir}`)
  process.kill(Number.parseInt(readFileSync(join(dataDir, file), 'utf8'), 10), 'SIGKILL')
}
