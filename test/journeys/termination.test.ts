import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { commandOf } from '#local/databases/processes.ts'
import {
  events,
  fireOnce,
  repliesMatching,
  type Simulators,
  settled,
  startSimulators,
  waitForReply,
} from '#test/support/journey.ts'
import {
  removeDataFolder,
  startVigia,
  temporaryFolder,
  type Vigia,
  type VigiaOptions,
} from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'

let simulators: Simulators
let dataDir: string

beforeEach(async () => {
  dataDir = temporaryFolder()
  simulators = await startSimulators()
})
afterEach(async () => {
  await simulators.stop()
  await removeDataFolder(dataDir)
})

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const readme = readFileSync(join(root, 'infra/local/README.md'), 'utf8')
const execStart = /^ExecStart=(.+)$/m.exec(readme)![1]!

/** The process and all its descendants, in any process group. */
const treeOf = (pid: number): number[] => {
  const pairs = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(line => line.trim().split(/\s+/).map(Number) as [number, number])
  const found = [pid]
  for (const parent of found) found.push(...pairs.filter(([, ppid]) => ppid === parent).map(([child]) => child))
  return found
}

const sendSignal = (pids: readonly number[], signal: NodeJS.Signals) => {
  for (const pid of pids)
    try {
      process.kill(pid, signal)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
}

/** A zombie counts as ended, because process 1 of some containers does not reap zombies. */
const allEnded = (pids: readonly number[]) =>
  until(async () => (await Promise.all(pids.map(commandOf))).every(command => command === null), {
    what: 'the end of every process',
  })

const messages = 5
/** Enough for two starts, and for the expiry of the lease of the message that was in flight. */
const testTimeoutMs = 300_000

/**
 * Starts Vigia and publishes messages. On return, the first message is being sent to Telegram, which responds slowly.
 */
const startWithMessageInFlight = async (options: VigiaOptions): Promise<{ vigia: Vigia; person: Person }> => {
  const vigia = await startVigia({ env: simulators.env, dataDir, ...options })
  const person = simulators.telegram.user('Ana', { language: 'en' })
  person.send('/start')
  await waitForReply(person, /Vigia/)
  await settled(vigia)
  simulators.telegram.failNext('sendMessage', { delayMs: 2_000, status: 500 })
  for (let number = 1; number <= messages; number++) {
    const attributes = { type: 'dev.vigia.message.requested', id: `m${number}`, subject: `chat/${person.chatId}` }
    const data = { chatId: person.chatId, html: `message ${number} of ${messages}` }
    expect(await vigia.publish({ ...attributes, vigiahops: '0' }, data)).toBe(202)
  }
  await until(async () => (await vigia.report('telegram-notifier')).replicas.some(({ inFlight }) => inFlight > 0), {
    what: 'a message that is being sent',
  })
  return { vigia, person }
}
type Person = ReturnType<Simulators['telegram']['user']>

/** Starts Vigia again on the same data, and expects that every message is delivered once. */
const expectNothingLost = async (person: Person) => {
  const again = await startVigia({ env: simulators.env, dataDir })
  try {
    await until(
      async () => {
        await fireOnce(again, 'telegram-notifier').catch(() => undefined)
        return repliesMatching(person, /^message \d of/).length >= messages
      },
      { what: 'the messages', timeoutMs: 90_000 },
    )
    await settled(again)
    expect((await events(again)).filter(({ state }) => state === 'dead')).toEqual([])
    expect(await again.api('/api/dead-letters')).toEqual([])
    for (let number = 1; number <= messages; number++)
      expect(repliesMatching(person, new RegExp(`^message ${number} of`))).toHaveLength(1)
  } finally {
    expect(await again.stop()).toBe(0)
  }
}

/** The output after the line that begins with "stopping". */
const afterStop = (output: string) => /\nstopping[^\n]*\n(.*)$/s.exec(output)?.[1]

// Windows has no signals.
test.skipIf(process.platform === 'win32')(
  'a SIGTERM to every process at once, as systemd sends it by default, ends Vigia with exit code 0 and loses no message',
  async () => {
    const { vigia, person } = await startWithMessageInFlight({ ownGroup: true })
    const tree = treeOf(vigia.pid)
    expect(tree.length).toBeGreaterThan(4)
    sendSignal(tree, 'SIGTERM')
    expect(await vigia.ended).toBe(0)
    expect(afterStop(vigia.output())).toBe('')
    await allEnded(tree)
    await expectNothingLost(person)
  },
  testTimeoutMs,
)

test.skipIf(process.platform === 'win32')(
  'a SIGTERM to every process of npm start, including npm and its shell, ends all of them and loses no message',
  async () => {
    const { vigia, person } = await startWithMessageInFlight({ ownGroup: true, command: ['npm', 'start', '--'] })
    const tree = treeOf(vigia.pid)
    sendSignal(tree, 'SIGTERM')
    // npm itself ends by the signal, which systemd counts as a clean exit.
    await vigia.ended
    expect(afterStop(vigia.output())).toBe('')
    await allEnded(tree)
    await expectNothingLost(person)
  },
  testTimeoutMs,
)

test.skipIf(process.platform !== 'linux')(
  "a SIGTERM to the unit's main process alone, as with KillMode=mixed, ends every process and loses no message",
  async () => {
    // The unit does not start npm, because npm's shell would end without passing the signal on, and systemd would then
    // kill the other processes.
    expect(execStart).toBe(`/opt/vigia/node_modules/.bin/${scripts.start}`)
    const [program, ...args] = execStart.replace('/opt/vigia', root).split(' ')
    const { vigia, person } = await startWithMessageInFlight({ ownGroup: true, command: [program!, ...args] })
    const tree = treeOf(vigia.pid)
    process.kill(vigia.pid, 'SIGTERM')
    expect(await vigia.ended).toBe(0)
    expect(afterStop(vigia.output())).toBe('')
    await allEnded(tree)
    await expectNothingLost(person)
  },
  testTimeoutMs,
)
