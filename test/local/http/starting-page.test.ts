import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { freePort } from '#infra/net/free-port.ts'
import { functionNames } from '#infra/repository.ts'
import { listen, type Server } from '#local/http/server.ts'
import { type StartPage, startPage } from '#local/http/starting/page.ts'
import { createStartProgress, type StartProgress } from '#local/http/starting/progress.ts'
import { accessibilityFaults, browserPath, desktop, phone, startBrowser } from '#test/support/browser.ts'
import { sendRequest } from '#test/support/http.ts'
import { copyCheckout, spawnVigia, startVigia } from '#test/support/npm-start.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { until } from '#test/support/until.ts'

const browser = { host: 'localhost', accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

/** The folder for screenshots of the page. Without PICTURES the tests take no screenshots. */
const pictures = process.env.PICTURES

describe('until the runtime is ready', () => {
  let progress: StartProgress
  let page: StartPage
  let server: Server
  beforeEach(async () => {
    progress = createStartProgress()
    page = startPage(progress)
    server = await listen(0, page.handle)
  })
  afterEach(() => server.close())
  const get = (headers: Record<string, string>, method = 'GET', path = '/chat?x=1') =>
    sendRequest(server.port, { method, path, headers: { host: 'localhost', ...headers } })

  test('a browser gets a page that shows the steps and reloads the same address by itself', async () => {
    progress.set('PostgreSQL', { state: 'working', detail: 'preparing <a> new folder' })
    progress.set('functions', { state: 'working', detail: '3/8' })
    const { status, headers, body } = await get(browser)
    expect(status).toBe(503)
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      refresh: '2; url=/chat?x=1',
      'retry-after': '1',
      'cache-control': 'no-store',
    })
    expect(body).toContain('<html lang="en">')
    expect(body).toContain('preparing &lt;a&gt; new folder')
    expect(body).toContain('3/8')
  })

  test.each([
    ['pt-BR,pt;q=0.9,en;q=0.8', 'O Vigia está iniciando'],
    ['de-DE,en;q=0.5', 'Vigia is starting'],
    ['', 'Vigia is starting'],
  ])('the page is in the language of Accept-Language "%s"', async (language, title) => {
    const { body } = await get({ ...browser, 'accept-language': language })
    expect(body).toContain(`<h1>${title}</h1>`)
  })

  test.each(['*/*', 'application/json', '', 'text/css,*/*;q=0.1', 'text/html;q=0, */*'])(
    'a program that accepts "%s" gets JSON and Retry-After',
    async accept => {
      const { status, headers, body } = await get({ accept })
      expect(status).toBe(503)
      expect(headers['retry-after']).toBe('1')
      expect(JSON.parse(body)).toEqual({
        error: 'Vigia is starting',
        waitingFor: ['PostgreSQL', 'MongoDB', 'telegram-webhook', 'broker', 'functions'],
      })
    },
  )

  test('a POST gets JSON, a HEAD request gets no body, and a foreign Host header gets 403', async () => {
    expect(JSON.parse((await get(browser, 'POST')).body)).toMatchObject({ error: 'Vigia is starting' })
    expect((await get(browser, 'HEAD')).body).toBe('')
    expect((await get({ ...browser, host: 'evil.example.org' })).status).toBe(403)
  })

  test('an open page shows the reason of a failure and does not reload again', async () => {
    await get(browser)
    progress.set('PostgreSQL', { state: 'working' })
    progress.fail(['DATABASE_URL does not answer: <refused>'])
    const seen = page.failureSeen()
    const { headers, body } = await get({ ...browser, 'accept-language': 'pt' })
    expect(body).toContain('O Vigia não iniciou')
    expect(body).toContain('DATABASE_URL does not answer: &lt;refused&gt;')
    expect(headers.refresh).toBeUndefined()
    await seen
  })

  test('the page reloads its own address if a browser would read the requested path as another host', async () => {
    for (const path of ['//evil.example.org/', '/\\evil.example.org/'])
      expect((await get(browser, 'GET', path)).headers.refresh).toBe('2')
  })

  test('a failed start does not wait if no page is open', async () => {
    progress.fail(['something'])
    await page.failureSeen()
  })
})

describe.runIf(browserPath)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser.close())

  test('the page loads the requested address when the runtime is ready, even without scripts, in either theme and at either width', async () => {
    for (const [at, size] of [phone, desktop].entries())
      for (const colorScheme of ['light', 'dark'] as const) {
        const progress = createStartProgress()
        const server = await listen(0, startPage(progress).handle)
        const context = await browser.newContext({ ...size, colorScheme, javaScriptEnabled: at === 1, locale: 'pt-BR' })
        try {
          progress.set('PostgreSQL', { state: 'done' })
          progress.set('functions', { state: 'working', detail: '3/8' })
          const page = await context.newPage()
          await page.goto(`http://localhost:${server.port}/chat?from=page#operators`)
          expect(await page.locator('h1').textContent()).toBe('O Vigia está iniciando')
          if (pictures)
            await page.screenshot({ path: join(pictures, `starting-${colorScheme}-${[375, 1280][at]}.png`) })
          server.serve({
            hosts: { functions: new Set(), simulated: false },
            broker: () => {},
            brokerPath: '/vigia/default',
            function: () => {},
            localPages: ({ url }, response) => response.setHeader('content-type', 'text/html').end(`<p>up at ${url}`),
            failed: () => {},
          })
          await page.getByText('up at /chat?from=page').waitFor()
          if (at === 1) expect(page.url()).toContain('#operators')
        } finally {
          await context.close()
          await server.close()
        }
      }
  })

  test('axe-core finds no fault in the page of a failed start, and the page fits the width of a phone, in either theme', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const progress = createStartProgress()
      const server = await listen(0, startPage(progress).handle)
      const context = await browser.newContext({ ...phone, colorScheme, bypassCSP: true })
      try {
        progress.set('PostgreSQL', { state: 'working', detail: 'preparing a new PostgreSQL data folder' })
        progress.set('MongoDB', { state: 'done' })
        progress.fail(['PORT is taken', 'by another program'])
        const page = await context.newPage()
        await page.goto(`http://localhost:${server.port}/`)
        expect(await accessibilityFaults(page)).toEqual([])
        const width = await page.evaluate('document.documentElement.scrollWidth')
        expect(width).toBe(375)
        if (pictures) await page.screenshot({ path: join(pictures, `starting-failed-${colorScheme}-375.png`) })
      } finally {
        await context.close()
        await server.close()
      }
    }
  })
})

describe('npm start', () => {
  test('shows the page from the beginning of the start, and ends when the start is interrupted', async () => {
    // A server that accepts connections and never answers: the start waits for it.
    const silent = createTcpServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const port = await freePort()
    const url = `postgresql://ana:secret@127.0.0.1:${(silent.address() as AddressInfo).port}/vigia`
    const running = spawnVigia({ dataDir: folder(), env: { PORT: String(port), DATABASE_URL: url } })
    const get = () => sendRequest(port, { method: 'GET', path: '/chat', headers: browser })
    const shown = await until(
      () => get().then(({ body }) => /waiting for the server of DATABASE_URL/.test(body) && body),
      {
        what: 'the page to say what it waits for',
        timeoutMs: 60_000,
      },
    )
    expect(shown).not.toContain('secret')
    silent.close()
    silent.on('connection', socket => socket.destroy())
    running.kill('SIGINT')
    expect(await running.ended).toBe(0)
  })

  test('opens the chat while the other functions are built, and delivers their events later', async () => {
    const checkout = join(folder(), 'checkout')
    copyCheckout(checkout)
    const vigia = await startVigia({ checkout, dataDir: folder() })
    try {
      const readyz = await vigia.call('/readyz')
      if (readyz.status === 503)
        expect(await readyz.json()).toMatchObject({
          ready: false,
          waitingFor: [expect.stringMatching(new RegExp(`^functions \\(\\d+ of ${functionNames().length} built\\)$`))],
        })
      await vigia.api('/api/sources/episode-checker/fire', { method: 'POST' })
      await until(
        async () =>
          ((await vigia.api('/api/events?type=dev.knative.sources.ping')) as { state: string }[])[0]?.state === 'done',
        { what: 'the tick to be handled', timeoutMs: 90_000 },
      )
      await until(async () => (await vigia.call('/readyz')).status === 200, { timeoutMs: 90_000 })
      expect(((await vigia.api('/api/dead-letters')) as unknown[]).length).toBe(0)
    } finally {
      expect(await vigia.stop()).toBe(0)
    }
  })

  test("ends with the compiler's message when a function cannot be built", async () => {
    const checkout = join(folder(), 'checkout')
    copyCheckout(checkout)
    writeFileSync(join(checkout, 'functions/error-notifier/main.ts'), 'const half = {\n')
    const running = spawnVigia({ checkout, dataDir: folder() })
    expect(await running.ended).toBe(1)
    expect(running.output()).toMatch(
      /vigia: the functions could not be built:\n(?:.*\n)*.*error-notifier\/main\.ts:\d+:\d+/,
    )
  })
})
