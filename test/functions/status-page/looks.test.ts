import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { style } from '#functions/status-page/html/style.ts'
import { browserPath, desktop, phone, startBrowser } from '#test/support/browser.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { startPageServer } from './page-server.ts'
import { addCrowdedPage, addLargeAndEmptyPages, addPageWithLogo, addSamplePage } from './sample-page.ts'
import { startStatusPage } from './support.ts'

let database: TestDatabase
let server: Awaited<ReturnType<typeof startPageServer>>
let monitor: string
let get: ReturnType<typeof startStatusPage>['get']
beforeAll(async () => {
  database = await freshDatabase()
  const ids = await addSamplePage(database.db)
  await addCrowdedPage(database.db)
  await addLargeAndEmptyPages(database.db)
  await addPageWithLogo(database.db, ids)
  monitor = `/status/acme/${ids[1]}`
  const page = startStatusPage(database.db)
  get = page.get
  server = await startPageServer(page)
})
afterAll(async () => {
  await server?.stop()
  await database?.end()
})

test('an unknown address is a page in both languages, and the first one is that of the visitor', async () => {
  for (const [language, first, other] of [
    ['pt-BR', 'Página não encontrada', 'Page not found'],
    ['en', 'Page not found', 'Página não encontrada'],
  ] as const) {
    const { status, text } = await get('/status/unknown', { 'accept-language': language })
    expect([status, text.includes(`<h1>${first}</h1>`), text.includes(`${other}. `)]).toEqual([404, true, true])
  }
})

test('an unknown address has an icon, which the policy of this page and of no other lets a browser show', async () => {
  const { text, headers } = await get('/status/unknown')
  expect(text).toContain('<link rel="icon" type="image/svg+xml" href="data:image/svg+xml,%3Csvg')
  expect(headers['content-security-policy']).toContain('img-src data:;')
  expect((await get('/status/acme')).headers['content-security-policy']).toContain("img-src 'self';")
})

test('a page without services says how they come onto it, and nothing about outages', async () => {
  for (const [language, words, outages] of [
    ['pt-BR', 'assim que forem adicionados', 'Quedas'],
    ['en', 'as soon as they are added', 'Outages'],
  ] as const) {
    const { text } = await get('/status/empty', { 'accept-language': language })
    expect([text.includes(words), text.includes(`<h2>${outages}</h2>`)]).toEqual([true, false])
  }
})

test('a page of 2,000 services begins with all that have problems, and shows the others in parts', async () => {
  const { text } = await get('/status/large', { 'accept-language': 'pt-BR' })
  expect(text).toContain('5 de 2.000 serviços estão fora do ar')
  expect(text).toMatch(/<h2>Serviços com problemas<\/h2>.*Serviço 8<.*Serviço 1608<.*Período mostrado.*Parte 1 de 50/s)
  expect(text.match(/<article>/g)).toHaveLength(40)
})

test('nothing moves on a page, so there is nothing to reduce', () => {
  expect(style).not.toMatch(/animation|transition|@keyframes|scroll-behavior/)
})

test('in a long list, a group in which everything is up is closed, and one with an outage is open', async () => {
  const { text } = await get('/status/crowded')
  const groups = [...text.matchAll(/<details class="group"( open)?>.*?<span class="state (\w+)">/gs)]
  expect(groups.length).toBeGreaterThan(10)
  for (const [, open, state] of groups) expect([state, open]).toEqual([state, state === 'up' ? undefined : ' open'])
  expect((await get('/status/acme')).text).not.toContain('<details class="group">')
})

test('the icon of a page is its state', async () => {
  const { status, text, headers } = await get('/status/acme/icon.svg')
  expect([status, headers['content-type']]).toEqual([200, 'image/svg+xml; charset=utf-8'])
  expect(text).toContain('fill="#d1242f"')
  expect((await get('/status/acme')).text).toContain('href="acme/icon.svg"')
})

describe.skipIf(browserPath === undefined)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser?.close())

  const on = async (path: string, options: BrowserContextOptions, check: (page: Page) => Promise<void>) => {
    const context = await browser.newContext({ locale: 'pt-BR', ...options })
    try {
      const page = await context.newPage()
      await page.goto(`${server.url}${path}`)
      await check(page)
    } finally {
      await context.close()
    }
  }
  const styleOf = (page: Page, selector: string, property: string) =>
    page.evaluate<string>(`getComputedStyle(document.querySelector('${selector}'))['${property}']`)
  const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'

  // 320 px is also a window of 1280 px at a zoom of 400 %.
  test.each([320, 375])('%d px wide, forty groups with hostile names do not scroll sideways', async width => {
    for (const path of ['/status/crowded', monitor, '/status/acme', '/status/unknown'])
      await on(path, { viewport: { width, height: 667 } }, async page => {
        await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`)
        expect([path, await page.evaluate(overflow)]).toEqual([path, 0])
      })
  })

  test('a name that is read from right to left does not turn the words beside it', async () => {
    await on('/status/crowded', desktop, async page => {
      expect(await styleOf(page, 'summary h2', 'unicodeBidi')).toBe('plaintext')
      expect(await page.locator('caption bdi').first().textContent()).not.toBe('')
      expect(await page.locator('body').textContent()).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/)
    })
  })

  test('bars of a monitor are one stop of the keyboard, arrow keys choose one, and so does a touch, without JavaScript', async () => {
    await on(monitor, { ...phone, hasTouch: true, javaScriptEnabled: false }, async page => {
      const bars = page.locator('.days input')
      const checked = () =>
        page.evaluate<number>(`[...document.querySelectorAll('.days input')].findIndex(each => each.checked)`)
      const count = await bars.count()
      expect([count, await checked()]).toEqual([90, 89])
      await bars.last().focus()
      await page.keyboard.press('ArrowLeft')
      await page.keyboard.press('ArrowLeft')
      await expect.poll(checked).toBe(87)
      await page.locator('.days label').nth(5).tap()
      await expect.poll(checked).toBe(5)
      const size = await page.locator('.days label').nth(5).boundingBox()
      expect(Math.min(size!.width, size!.height)).toBeGreaterThanOrEqual(24)
      expect(await styleOf(page, '.days label:nth-of-type(6) .tip', 'opacity')).toBe('1')
    })
  })

  test('the chart has a table of the same figures', async () => {
    await on(`${monitor}?range=24h`, desktop, async page => {
      await page.getByText('Ver a tabela').nth(1).click()
      const table = page.getByRole('table', { name: /^Tempos de resposta de/ })
      await expect.poll(() => table.isVisible()).toBe(true)
      expect(await table.getByRole('row').count()).toBeGreaterThan(20)
      expect(await table.getByRole('row').nth(1).textContent()).toMatch(/\d+ ms\d+$/)
    })
  })

  test('with forced colours the chosen period and the state are still seen', async () => {
    await on('/status/acme', { ...desktop, forcedColors: 'active' }, async page => {
      expect(await styleOf(page, '.choice [aria-current]', 'outlineStyle')).toBe('solid')
      expect(await styleOf(page, '.overall', 'borderTopStyle')).toBe('solid')
      expect(await styleOf(page, '.overall svg', 'display')).not.toBe('none')
    })
  })

  test('printed, the page has its states and bars, and neither buttons nor forms', async () => {
    await on('/status/crowded', desktop, async page => {
      await page.emulateMedia({ media: 'print' })
      for (const hidden of ['.actions', '.zone', '.files', '.follow'])
        expect(await page.locator(hidden).first().isVisible()).toBe(false)
      expect(await page.locator('.group:not([open]) svg.bars').first().isVisible()).toBe(true)
      expect(await page.locator('.overall').isVisible()).toBe(true)
      expect(await page.locator('article .axis strong').first().isVisible()).toBe(true)
    })
    await on(monitor, desktop, async page => {
      await page.emulateMedia({ media: 'print' })
      for (const hidden of await page.locator('.button, details').all()) expect(await hidden.isVisible()).toBe(false)
    })
  })

  test('in the dark theme, a logo that may be transparent has a light plate', async () => {
    for (const [colorScheme, color] of [
      ['light', 'rgba(0, 0, 0, 0)'],
      ['dark', 'rgb(246, 248, 250)'],
    ] as const)
      await on('/status/logo', { ...desktop, colorScheme }, async page => {
        expect(await styleOf(page, '.logo', 'backgroundColor')).toBe(color)
        expect(await page.evaluate(`document.querySelector('.logo').naturalWidth`)).toBe(256)
      })
  })

  test('a page of another origin shows it in an iframe, and only with ?embed', async () => {
    const host = createServer((request, response) => {
      const query = request.url === '/embed' ? '?embed' : ''
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(
        `<!DOCTYPE html><title>Host</title><iframe title="status" src="${server.url}/status/acme${query}"></iframe>`,
      )
    })
    await new Promise<void>(resolve => host.listen(0, '127.0.0.1', resolve))
    try {
      const context = await browser.newContext(desktop)
      const page = await context.newPage()
      const origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`
      await page.goto(`${origin}/embed`)
      const frame = page.frameLocator('iframe')
      await expect.poll(() => frame.locator('.overall').isVisible()).toBe(true)
      expect(await frame.locator('header, footer').count()).toBe(0)
      await page.goto(`${origin}/`)
      expect(await page.frameLocator('iframe').locator('.overall').count()).toBe(0)
      await context.close()
    } finally {
      await new Promise(resolve => host.close(resolve).closeAllConnections())
    }
  })
})
