import { HtmlValidate } from 'html-validate/node'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityFaults, browserPath, desktop, phone, startBrowser } from '#test/support/browser.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { startPageServer } from './page-server.ts'
import { addSamplePage } from './sample-page.ts'
import { startStatusPage } from './support.ts'

let database: TestDatabase
let server: Awaited<ReturnType<typeof startPageServer>>
let root: string
let paths: string[]

beforeAll(async () => {
  database = await freshDatabase()
  const { db } = database
  const ids = await addSamplePage(db)
  paths = ['/status/acme', `/status/acme/${ids[0]}`, '/status/acme?embed', '/status/unknown']
  server = await startPageServer(startStatusPage(db))
  root = server.url
})
afterAll(async () => {
  await server?.stop()
  await database?.end()
})

test('every page is valid HTML', async () => {
  const validator = new HtmlValidate({
    extends: ['html-validate:standard', 'html-validate:a11y'],
    // A short inline SVG is written on one line, and void elements without a slash.
    rules: { 'no-trailing-whitespace': 'off', 'long-title': 'off' },
  })
  for (const path of paths)
    for (const language of ['pt-BR', 'en']) {
      const page = await fetch(`${root}${path}`, { headers: { 'accept-language': language } })
      const { results } = await validator.validateString(await page.text())
      const faults = results.flatMap(({ messages }) =>
        messages.map(({ ruleId, line, message }) => `${ruleId} ${line}: ${message}`),
      )
      expect([path, faults]).toEqual([path, []])
    }
})

describe.skipIf(browserPath === undefined)('in a browser', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await startBrowser()
  })
  afterAll(() => browser?.close())

  const looks = [phone, desktop].flatMap(size =>
    (['light', 'dark'] as const).flatMap(colorScheme =>
      ['pt-BR', 'en'].map(locale => ({ ...size, colorScheme, locale, bypassCSP: true })),
    ),
  )

  test.each(looks)(
    '$viewport.width px, $colorScheme, $locale: axe-core finds nothing, and nothing is wider than the window',
    async look => {
      const context = await browser.newContext(look)
      try {
        const page = await context.newPage()
        for (const path of paths) {
          await page.goto(`${root}${path}`)
          // Opens every table, so that axe-core sees it.
          for (const details of await page.locator('details').all())
            await details.evaluate(each => each.setAttribute('open', ''))
          expect([path, await accessibilityFaults(page)]).toEqual([path, []])
          const overflow = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          )
          expect([path, overflow]).toEqual([path, 0])
        }
      } finally {
        await context.close()
      }
    },
  )

  test('without JavaScript and with its own policy, the page opens a table by keyboard, and the console stays empty', async () => {
    const context = await browser.newContext({ ...desktop, locale: 'pt-BR', javaScriptEnabled: false })
    try {
      const page = await context.newPage()
      const lines: string[] = []
      page.on('console', message => lines.push(message.text()))
      page.on('pageerror', error => lines.push(error.message))
      await page.goto(`${root}/status/acme`)
      const table = page.locator('table').first()
      await expect.poll(() => table.isVisible()).toBe(false)
      await page.locator('article summary').first().focus()
      await page.keyboard.press('Enter')
      await expect.poll(() => table.isVisible()).toBe(true)
      await page.getByRole('link', { name: '24 horas' }).press('Enter')
      await expect.poll(() => page.url()).toMatch(/range=24h$/)
      await page.getByRole('link', { name: 'Loja', exact: true }).press('Enter')
      await expect.poll(() => page.locator('h1').textContent()).toBe('Loja')
      await page.getByRole('link', { name: 'Loja da Ana' }).press('Enter')
      await page.getByRole('link', { name: 'English' }).press('Enter')
      await expect.poll(() => page.locator('html').getAttribute('lang')).toBe('en')
      expect(lines).toEqual([])
    } finally {
      await context.close()
    }
  })
})
