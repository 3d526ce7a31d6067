import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accessibilityFaults, browserPath, desktop, phone, startBrowser } from '#test/support/browser.ts'
import { startVigia, type Vigia } from '#test/support/npm-start.ts'

let browser: Browser
let vigia: Vigia

describe.skipIf(browserPath === undefined)('the pages of npm start', () => {
  beforeAll(async () => {
    browser = await startBrowser()
    vigia = await startVigia()
  })
  afterAll(async () => {
    await browser?.close()
    await vigia?.stop()
  })

  describe.each([
    ['a phone', phone],
    ['a desktop', desktop],
  ] as const)('on %s', (_, size) => {
    test.each([
      ['home', 'localhost', 'light', 'pt-BR'],
      ['home', 'localhost', 'dark', 'en'],
      ['test sites', 'sites.localhost', 'light', 'en'],
      ['test sites', 'sites.localhost', 'dark', 'pt-BR'],
    ] as const)(
      'the page %s at %s (%s theme, %s) fits the window, and axe-core finds no fault',
      async (_name, host, colorScheme, locale) => {
        const page = await browser.newPage({ ...size, colorScheme, locale, bypassCSP: true })
        await page.goto(`http://${host}:${vigia.port}/`)
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(size.viewport.width)
        expect(await accessibilityFaults(page)).toEqual([])
        await page.close()
      },
    )
  })
})
