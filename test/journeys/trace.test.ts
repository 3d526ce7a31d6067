import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import type { SimulatedUser } from '#simulators/telegram.ts'
import { events, type Journey, startJourney, waitForReply } from '#test/support/journey.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { until } from '#test/support/until.ts'

let journey: Journey
let dataDir: string
let ana: SimulatedUser
beforeAll(async () => {
  dataDir = folder()
  journey = await startJourney({ env: { DATA_DIR: dataDir } })
})
afterAll(async () => {
  await journey?.stop()
})

const execute = promisify(execFile)

/** Runs `npm run trace` beside the running Vigia. */
const trace = async (...args: string[]) => {
  const { stdout } = await execute(process.execPath, ['infra/observability/trace/main.ts', ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir },
  })
  return stdout
}
const traced = async (...args: string[]) => JSON.parse(await trace(...args, '--json'))
const refusal = async (...args: string[]): Promise<string> => {
  const error = await trace(...args).then(
    text => new Error(`it printed ${text}`),
    (error: Error & { stderr: string }) => error,
  )
  return 'stderr' in error ? error.stderr : error.message
}

test('a message leads to its event, its causes up to the update of Telegram, the attempts, the log lines and the commit', {
  timeout: 600_000,
}, async () => {
  const { telegram, sites } = journey
  sites.set('/padaria', { kind: 'switch', on: true })
  ana = telegram.user('Ana Rastreio', { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
  ana.send(`/monitorar ${journey.sitesUrl}/padaria 10s`)
  await waitForReply(ana, /está no ar/)
  await journey.settled()
  const answer = ana.answers().find(({ text }) => /está no ar/.test(text))!

  const found = await traced(answer.text)
  expect(found.messages).toMatchObject([
    { chatId: ana.chatId, messageId: answer.id, state: 'sent', attempts: 1, sentBy: expect.stringMatching(/^\d/) },
  ])
  const types = found.steps.map(({ event }: { event?: { type: string } }) => event?.type.replace('dev.vigia.', ''))
  expect(types).toEqual(['message.requested', 'probe.finished', 'probe.requested', undefined])
  const [requested, , , update] = found.steps
  expect(requested.event.deliveries).toMatchObject([
    { trigger: 'telegram-notifier-message-requested', state: 'done', attempts: [{ status: 204, error: null }] },
  ])
  expect(update).toMatchObject({ id: expect.stringMatching(/^update\/700000001\/\d+$/), update: { state: 'done' } })
  const services = new Set(found.logs.lines.map((line: Record<string, string>) => line['service.name']))
  expect([...services]).toEqual(
    expect.arrayContaining(['telegram-webhook', 'uptime-prober', 'notification-fanout', 'telegram-notifier']),
  )
  for (const line of found.logs.lines) expect([found.traceId, undefined]).toContain(line['trace.id'])
  // The commit of the checkout of these tests, where it is a clone.
  const commit = await execute('git', ['rev-parse', 'HEAD'], { cwd: root }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
  if (commit !== undefined) expect(found.releases).toMatchObject([{ commit: { hash: commit } }])

  // The same message by its ids, and by the id of the event.
  expect((await traced(`${ana.chatId}/${answer.id}`)).steps).toEqual(found.steps)
  expect((await traced(`tg://openmessage?user_id=${ana.chatId}&message_id=${answer.id}`)).steps).toEqual(found.steps)
  const middle = await traced(found.steps[1].id)
  expect(middle.steps).toEqual(found.steps.slice(1))
  expect(middle.messages).toMatchObject([{ key: requested.id }])
  expect((await traced(update.id)).messages).toMatchObject([{ key: requested.id }])

  const text = await trace(answer.text)
  expect(text).toMatch(new RegExp(`^message     ${ana.chatId}/${answer.id}: sent `))
  expect(text).toContain(`caused by   ${update.id}, an update of Telegram`)
  expect(text).toMatch(/telegram-notifier-message-requested: done\n +\d{4}-.* 204 after \d+ ms/)
  expect(text).toContain(`Kibana      trace.id : "${found.traceId}" or event.id : "${requested.id}"`)
})

test('the message about an outage leads to the tick that requested the check', { timeout: 600_000 }, async () => {
  const { sites, vigia } = journey
  sites.set('/padaria', { kind: 'switch', on: false })
  const down = await until(() => ana.answers().find(({ text }) => /saiu do ar/.test(text)), {
    what: 'the message about the outage',
    timeoutMs: 90_000,
  })
  await journey.settled()
  const { steps } = await traced(`${ana.chatId}/${down.id}`)
  const types = steps.map(({ event }: { event?: { type: string } }) => event?.type)
  expect(types.slice(0, 3)).toEqual([
    'dev.vigia.message.requested',
    'dev.vigia.monitor.down',
    'dev.vigia.probe.requested',
  ])
  expect(types.at(-1)).toBe('dev.knative.sources.ping')
  expect((await events(vigia, '&type=dev.knative.sources.ping')).map(({ id }) => id)).toContain(steps.at(-1).id)
})

test('what is not found, what matches several messages and a link without the id of the chat are one line each', {
  timeout: 600_000,
}, async () => {
  expect(await refusal('this text was never sent')).toMatch(
    /^no event has the id "this text was never sent", and no message in the outbox contains this text; the broker keeps events for 7 days.*\n$/,
  )
  expect(await refusal('7/999999')).toMatch(/^Vigia has no message 999999 of chat 7 in its outbox;.*\n$/)
  expect(await refusal('padaria')).toMatch(
    /^(\d|more than 5) messages contain this text; trace one of them, the newest first: \d+\/\d+ of \d{4}-.*\n$/,
  )
  expect(await refusal('https://t.me/vigia_group/55')).toMatch(/^https:\S+ does not have the id of the chat, .*\n$/)
  expect(await refusal('v99.0.0')).toMatch(/^there is no release v99\.0\.0 in this clone/)
  expect(await refusal('padaria', '--context', 'lan')).toMatch(/^--context is for releases/)
  expect(await refusal()).toMatch(/^usage: npm run trace/)
})
