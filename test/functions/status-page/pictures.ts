import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { pageDoorsIn } from '#database/pages/page-doors.ts'
import { signatureFor } from '#functions/pages/signed-link.ts'
import { root } from '#infra/repository.ts'
import { browserPath, desktop, phone, startBrowser } from '#test/support/browser.ts'
import { freshDatabase } from '#test/support/database.ts'
import startServers from '#test/support/global-setup.ts'
import { startPageServer } from './page-server.ts'
import { addLargeAndEmptyPages, addPageWithLogo, addSamplePage } from './sample-page.ts'
import { addPage, noon, startStatusPage } from './support.ts'

/**
 * `npm run pictures` makes the pictures of functions/status-page/README.md. `npm run pictures -- --all=FOLDER` writes
 * pictures of every kind of page into a folder, in both themes, in both languages, and of two widths. Look at them
 * after a change of the pages. Both need Chromium or Chrome on PATH.
 */
const { values } = parseArgs({ options: { all: { type: 'string' } } })

const themes = ['light', 'dark'] as const

/** Opens an address in a browser whose clock stands still at the time of the sample, so all pictures have its times. */
const withPage = async (
  browser: Browser,
  url: string,
  look: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> => {
  const context = await browser.newContext({ timezoneId: 'America/Sao_Paulo', ...look })
  try {
    const page = await context.newPage()
    await page.clock.setFixedTime(noon)
    await page.goto(url)
    await use(page)
  } finally {
    await context.close()
  }
}

/** The visible part of a page as WebP, which Playwright itself does not write. */
const webp = async (page: Page): Promise<Buffer> => {
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 70 })
  return Buffer.from(data, 'base64')
}

/** The pictures of the README: the page and a monitor, in both themes. */
const forReadme = async (browser: Browser, paths: Record<string, string>): Promise<void> => {
  const folder = join(root, 'functions/status-page/pictures')
  await mkdir(folder, { recursive: true })
  // With these heights in pixels, no line is cut.
  for (const [name, height] of Object.entries({ page: 946, monitor: 980 }))
    for (const colorScheme of themes)
      await withPage(
        browser,
        paths[name]!,
        { viewport: { width: 960, height }, colorScheme, locale: 'en' },
        async page => {
          const picture = await webp(page)
          if (picture.length > 60_000) throw new Error(`${name}-${colorScheme}.webp has ${picture.length} bytes`)
          await writeFile(join(folder, `${name}-${colorScheme}.webp`), picture)
        },
      )
}

const ofEverything = async (browser: Browser, paths: Record<string, string>, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  for (const [name, path] of Object.entries(paths))
    for (const colorScheme of themes)
      for (const locale of ['pt-BR', 'en'])
        for (const size of [phone, desktop])
          await withPage(browser, path, { ...size, colorScheme, locale }, async page => {
            const file = join(folder, `${name}-${size.viewport.width}-${colorScheme}-${locale}`)
            await page.screenshot({ path: `${file}.png`, fullPage: true })
            await page.emulateMedia({ media: 'print' })
            await page.screenshot({ path: `${file}-print.png`, fullPage: true })
          })
}

if (browserPath === undefined)
  throw new Error('Chromium is not on PATH; install it, for example with apt install chromium')
const stopServers = await startServers()
const database = await freshDatabase()
const server = await startPageServer(startStatusPage(database.db))
const browser = await startBrowser()
try {
  const { db } = database
  const ids = await addSamplePage(db)
  await addPageWithLogo(db, ids)
  await addLargeAndEmptyPages(db)
  const { id } = await addPage(db, ids, { slug: 'members', title: 'Só para nós', access: 'members' })
  const link = signatureFor((await pageDoorsIn(db).forMembers(id))!, 'link', noon)
  const paths = {
    page: '/status/acme',
    monitor: `/status/acme/${ids[1]}`,
    unchecked: `/status/acme/${ids[4]}`,
    embedded: '/status/acme?embed',
    logo: '/status/logo',
    members: `/status/m/${id}?signature=${link}`,
    large: '/status/large',
    empty: '/status/empty',
    unknown: '/status/unknown',
  }
  const addresses = Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, `${server.url}${path}`]))
  await (values.all === undefined ? forReadme(browser, addresses) : ofEverything(browser, addresses, values.all))
} finally {
  await browser.close()
  await server.stop()
  await database.end()
  await stopServers()
}
