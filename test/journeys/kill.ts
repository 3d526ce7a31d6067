import { parseArgs } from 'node:util'
import { killRounds } from './kill-rounds.ts'

/** `npm run test:kill [-- --rounds 100 --seed 7]`: exits 1 when a message was lost, or came twice without the one excuse there is. */
const { values } = parseArgs({ options: { rounds: { type: 'string' }, seed: { type: 'string' } } })
const rounds = Number(values.rounds ?? 100)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
process.stdout.write(`${rounds} rounds, seed ${seed}\n`)

const outcome = await killRounds(rounds, seed, ({ round, victim, name, delayMs, messages, ambiguous }) =>
  process.stdout.write(
    `${String(round).padStart(4)}  ${(name ?? victim).padEnd(20)} killed after ${String(delayMs).padStart(3)} ms: ${messages} message${messages === 1 ? '' : 's'}${messages > 1 && ambiguous ? ' (in the gap between the sending and its receipt)' : ''}\n`,
  ),
)
const wrong = outcome.filter(({ messages, ambiguous }) => messages < 1 || (messages > 1 && !ambiguous))
const repeated = outcome.filter(({ messages }) => messages > 1)
process.stdout.write(
  `${outcome.length} rounds: none lost, ${repeated.length} sent twice in the gap, ${wrong.length} wrong; seed ${seed}\n`,
)
process.exit(wrong.length === 0 && outcome.length === rounds ? 0 : 1)
