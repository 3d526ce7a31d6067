import { parseArgs } from 'node:util'
import { killRounds } from './kill-rounds.ts'
import { killUpdates } from './kill-updates.ts'

/**
 * `npm run test:kill [-- --rounds 100 --updates 5000 --seed 7]` exits with 1 when a message or an answer is lost, when
 * a message arrives twice although it was not being sent at the time of the kill, or when an apology follows an answer.
 * Answers that arrive twice are only counted.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string' }, updates: { type: 'string' }, seed: { type: 'string' } },
})
const rounds = Number(values.rounds ?? 100)
const updates = Number(values.updates ?? 5_000)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const print = (line: string) => process.stdout.write(`${line}\n`)
print(`${rounds} rounds, ${updates} updates, seed ${seed}`)

const answered =
  updates === 0
    ? []
    : await killUpdates({ rounds, updates, seed }, ({ round, victim, killed, delayMs, waiting }) =>
        print(
          `${String(round).padStart(4)}  updates: ${victim} (${killed}) killed after ${String(delayMs).padStart(4)} ms; ${waiting} updates not answered yet`,
        ),
      )
const repeatedAnswers = answered.filter(({ answers }) => answers > 1)
const lost = answered.filter(({ answers }) => answers < 1)
const apologisedAfter = answered.filter(({ apologies }) => apologies.after > 0)
const apologisedBefore = answered.filter(({ apologies }) => apologies.before > 0)
print(
  `${answered.length} updates: ${lost.length} lost, ${repeatedAnswers.length} answered more than once, ` +
    `${apologisedAfter.length} with an apology after the answer, ${apologisedBefore.length} with an apology before the answer; seed ${seed}`,
)

const results = await killRounds(rounds, seed, ({ round, victim, functionName, delayMs, messages, ambiguous }) =>
  print(
    `${String(round).padStart(4)}  ${(functionName ?? victim).padEnd(20)} killed after ${String(delayMs).padStart(3)} ms: ${messages} message${messages === 1 ? '' : 's'}${messages > 1 && ambiguous ? ' (the message was being sent at the time of the kill)' : ''}`,
  ),
)
const wrong = results.filter(({ messages, ambiguous }) => messages < 1 || (messages > 1 && !ambiguous))
const repeated = results.filter(({ messages }) => messages > 1)
print(
  `${results.length} rounds: ${repeated.length} messages sent more than once, ${wrong.length} lost, or repeated although they were not being sent at the time of the kill; seed ${seed}`,
)
const passed = lost.length === 0 && apologisedAfter.length === 0 && wrong.length === 0 && results.length === rounds
process.exit(passed ? 0 : 1)
