import { afterEach, beforeEach, expect, test } from 'vitest'
import { vigia } from '#infra/cli/vigia.ts'
import { startServer } from '#test/support/http.ts'

interface Ping {
  method: string
  url: URL
  body: string
}

let pings: Ping[]
let statuses: number[]
let server: Awaited<ReturnType<typeof startServer>>

beforeEach(async () => {
  pings = []
  statuses = []
  server = await startServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const url = new URL(request.url!, 'http://vigia.test')
    pings.push({ method: request.method!, url, body: Buffer.concat(chunks).toString() })
    response.writeHead(statuses.shift() ?? 200, { 'retry-after': '1' }).end('OK')
  })
})
afterEach(() => server.stop())

const run = async (...command: string[]) => {
  const errors: string[] = []
  const code = await vigia(['run', '--ping', `${server.url}/ping/key/backup?create=1`, '--', ...command], {
    env: process.env,
    print: () => {},
    printError: text => errors.push(text),
  })
  return { code, errors }
}

const script = (text: string) => [process.execPath, '-e', text]

test('a job pings its start and its end with one run id, and its output is the log', async () => {
  expect(await run(...script('console.log("copied"); console.error("1 warning")'))).toEqual({ code: 0, errors: [] })
  expect(pings.map(({ method, url }) => [method, url.pathname])).toEqual([
    ['POST', '/ping/key/backup/start'],
    ['POST', '/ping/key/backup/0'],
  ])
  expect(new Set(pings.map(({ url }) => url.searchParams.get('rid'))).size).toBe(1)
  expect(pings.every(({ url }) => url.searchParams.get('create') === '1')).toBe(true)
  expect(pings[1]!.body.split('\n').toSorted()).toEqual(['', '1 warning', 'copied'])
})

test('the exit code of the job is that of the command, and is pinged', async () => {
  expect((await run(...script('process.exit(3)'))).code).toBe(3)
  expect(pings.at(-1)!.url.pathname).toBe('/ping/key/backup/3')
})

test('of a long output, the last 10,000 bytes are the log', async () => {
  await run(...script('process.stdout.write("x".repeat(12_000) + "end")'))
  expect([pings.at(-1)!.body.length, pings.at(-1)!.body.endsWith('xend')]).toEqual([10_000, true])
})

test('a command that does not exist fails with 127', async () => {
  expect(await run('/no/such/command')).toEqual({ code: 127, errors: ['/no/such/command: ENOENT'] })
  expect(pings.at(-1)!.url.pathname).toBe('/ping/key/backup/127')
})

test('a command that a signal ends has the exit code of a shell', async () => {
  expect((await run(...script('process.kill(process.pid, "SIGKILL")'))).code).toBe(137)
})

test('a ping that Vigia could not store is sent again', async () => {
  statuses = [200, 503]
  expect(await run(...script(''))).toEqual({ code: 0, errors: [] })
  expect(pings.map(({ url }) => url.pathname.split('/').at(-1))).toEqual(['start', '0', '0'])
})

test('a ping that is refused changes nothing for the job', async () => {
  statuses = [404, 404]
  const { code, errors } = await run(...script('process.exit(4)'))
  expect(code).toBe(4)
  expect(errors).toEqual(['the ping /start was not accepted: status 404', 'the ping /4 was not accepted: status 404'])
})

test('wrong arguments start nothing', async () => {
  const printed: string[] = []
  const shell = { env: {}, print: () => {}, printError: (text: string) => printed.push(text) }
  expect(await vigia(['run', '--', 'true'], shell)).toBe(2)
  expect(await vigia(['run', '--ping', server.url], shell)).toBe(2)
  expect(pings).toEqual([])
})
