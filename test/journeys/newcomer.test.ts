import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { startVigia, type Vigia } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'

/*
 * These tests check what the README promises to a newcomer who has only Node.js: `npm start` without any variable, and
 * `npm run chat` at the same time. The simulated Telegram delivers updates to the webhook, as the real Telegram does if
 * PUBLIC_URL is set.
 */

let vigia: Vigia
let chat: ChildProcess
let screen = ''

beforeAll(async () => {
  vigia = await startVigia()
  chat = spawn(process.execPath, [join(root, 'infra/local/chat/main.ts')], {
    env: { PATH: process.env.PATH, LC_ALL: 'pt_BR.UTF-8', PORT: String(vigia.port) },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  chat.stdout!.setEncoding('utf8').on('data', (text: string) => {
    screen += text
  })
})
afterAll(async () => {
  if (chat?.exitCode === null) {
    chat.stdin!.end(':q\n')
    await once(chat, 'close')
  }
  await vigia?.stop()
})

/** Waits until the output after position `after` matches, and returns the match. */
const waitForText = async (words: RegExp, after: number): Promise<string> => {
  const [found] = await until(() => words.exec(screen.slice(after)), {
    what: () => `${words} on the screen, which shows:\n${screen}\n`,
    timeoutMs: 45_000,
  })
  return found!
}
/** Types a line and waits for an answer that matches. */
const sendLine = (line: string, answer: RegExp) => {
  const before = screen.length
  chat.stdin!.write(`${line}\n`)
  return waitForText(answer, before)
}

test('a newcomer with only Node.js talks to the bot and follows a series that airs within minutes', async () => {
  expect(vigia.output()).toMatch(/✓ MongoDB.*✓ PostgreSQL.*✓ broker.*Vigia is up.*\/chat.*data .*stop +Ctrl-C/s)
  await sendLine('/start', /Eu sou o Vigia/)
  const card = await sendLine('plantão relâmpago', /Plantão Relâmpago.*\d seguir/s)
  await sendLine(/(\d) seguir/.exec(card)![1]!, /seguindo/)
  await until(
    async () =>
      ((await vigia.api('/api/events?type=dev.vigia.series.followed')) as { state: string }[])[0]?.state === 'done',
    { what: 'series.followed to be handled' },
  )
  await sendLine('/proximos', /Plantão Relâmpago.*\d\d:\d\d/s)
  expect(await vigia.api('/api/dead-letters')).toEqual([])
})

test('a newcomer gets a message when a site goes down and when it comes back', async () => {
  const host = `sites.localhost:${vigia.port}`
  const turn = (on: boolean) =>
    vigia.ask(host, '/_/sites', {
      method: 'POST',
      headers: { 'vigia-local': '1', 'content-type': 'application/json' },
      body: JSON.stringify({ path: '/shop', on }),
    })
  await sendLine(`/monitorar http://${host}/shop 10s`, /está no ar/)
  let before = screen.length
  expect((await turn(false)).status).toBe(200)
  await waitForText(/saiu do ar/, before)
  before = screen.length
  expect((await turn(true)).status).toBe(200)
  await waitForText(/voltou ao ar/, before)
  expect(await vigia.api('/api/dead-letters')).toEqual([])
})
