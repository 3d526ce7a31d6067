import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startChat } from '#test/simulators/support/chat-page.ts'
import { accessibilityFaults, browserPath, desktop, phone, startBrowser } from '#test/support/browser.ts'
import { until } from '#test/support/until.ts'

const displays = [
  { display: 'a phone, light', size: phone, colorScheme: 'light' },
  { display: 'a phone, dark', size: phone, colorScheme: 'dark' },
  { display: 'a desktop, light', size: desktop, colorScheme: 'light' },
  { display: 'a desktop, dark', size: desktop, colorScheme: 'dark' },
] as const

const buttons = {
  inline_keyboard: [[{ text: 'Seguir', callback_data: 'f:1' }], [{ text: 'Desfazer', callback_data: 'u:1' }]],
}

let browser: Browser
let chat: Awaited<ReturnType<typeof startChat>>

beforeAll(async () => {
  if (browserPath !== undefined) browser = await startBrowser()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  chat = await startChat()
})
afterEach(() => chat.stop())

/** Opens the page with `count` messages, half of them from the person. Every fifth message of the bot has buttons. */
const openChat = async (
  count: number,
  { size, colorScheme }: Pick<(typeof displays)[number], 'size' | 'colorScheme'>,
) => {
  chat.telegram.person.send('/start')
  for (let index = 2; index <= count; index += 1) {
    if (index % 2 === 0) {
      await chat.bot('sendMessage', {
        text: `Mensagem <b>${index}</b>, veja /series ou <a href="https://example.org/">a página</a>`,
        parse_mode: 'HTML',
        ...(index % 5 === 0 ? { reply_markup: buttons } : {}),
        ...(index % 4 === 0 ? { reply_parameters: { message_id: index - 1 } } : {}),
      })
    } else chat.telegram.person.send(`Mensagem ${index}`)
  }
  await chat.bot('sendMessage', { text: 'falha' }, 'operators')
  const page = await browser.newPage({ ...size, colorScheme, locale: 'pt-BR', bypassCSP: true })
  await page.goto(`${chat.url}/chat`)
  await page.waitForFunction(`document.querySelectorAll('.bubble').length === ${count}`)
  await page.waitForSelector('#messages:not([aria-busy])')
  return page
}

const focused = (page: Page) => page.evaluate<string>('document.activeElement.id')

/**
 * For each element that matches `selector`: which element a press at its centre reaches (`itself`, or the id of
 * another).
 */
const pressedAt = (page: Page, selector: string) =>
  page.evaluate<string[]>(`[...document.querySelectorAll('${selector}')].map(element => {
    const { x, y, width, height } = element.getBoundingClientRect()
    const pressed = document.elementFromPoint(x + width / 2, y + height / 2)
    return pressed === element ? 'itself' : (pressed?.id ?? 'outside the window')
  })`)

describe.skipIf(browserPath === undefined).each(displays)('the chat in a browser, on $display', display => {
  test('is as high as the window after 100 messages, shows the newest message and has the cursor in the text box', async () => {
    const page = await openChat(100, display)
    const { scrollWidth: width, scrollHeight: height } = await page.evaluate<Record<string, number>>(
      '({ scrollWidth: document.documentElement.scrollWidth, scrollHeight: document.documentElement.scrollHeight })',
    )
    expect({ width, height }).toEqual(display.size.viewport)
    expect((await pressedAt(page, '.bubble .marks')).at(-1)).toBe('itself')
    expect(await focused(page)).toBe('text')
    expect(await page.locator('h1').count()).toBe(1)
  })

  test('axe-core finds nothing wrong, with a toast, the menu and the hints open', async () => {
    const page = await openChat(20, display)
    expect(await accessibilityFaults(page)).toEqual([])
    const desfazer = page.getByRole('button', { name: 'Desfazer' }).last()
    await desfazer.click()
    const query = await until(() => chat.telegram.pending().at(-1)?.callback_query?.id, { what: 'the press' })
    await chat.bot('answerCallbackQuery', { callback_query_id: query, text: 'Removida. Dá para desfazer.' })
    await page.waitForSelector('#toast:not([hidden])')
    await page.evaluate("document.querySelector('#hints').open = true")
    await page.locator('#commands').click()
    expect(await accessibilityFaults(page)).toEqual([])
  })

  test('a toast covers no button', async () => {
    const page = await openChat(21, display)
    await chat.bot('sendMessage', { text: 'Removida.', reply_markup: buttons })
    const desfazer = page.getByRole('button', { name: 'Desfazer' }).last()
    await desfazer.click()
    const query = await until(() => chat.telegram.pending().at(-1)?.callback_query?.id, { what: 'the press' })
    await chat.bot('answerCallbackQuery', { callback_query_id: query, text: 'Removida' })
    await page.waitForSelector('#toast:not([hidden])')
    expect(await pressedAt(page, '.keyboard button')).not.toContain('toast')
    const toast = (await page.locator('#toast').boundingBox())!
    const button = (await desfazer.boundingBox())!
    expect(toast.y + toast.height <= button.y || toast.y >= button.y + button.height).toBe(true)
  })

  test('from the top of the page the text box is a few tab stops away, and the arrow keys move from message to message', async () => {
    const page = await openChat(100, display)
    await page.evaluate('document.activeElement.blur()')
    let stops = 0
    do {
      await page.keyboard.press('Tab')
      stops += 1
    } while ((await focused(page)) !== 'text' && stops < 100)
    expect(stops).toBeLessThanOrEqual(20)

    await page.locator('#messages').focus()
    const current = () => page.evaluate<number>("Number(document.activeElement.closest('[data-id]')?.dataset.id)")
    await page.keyboard.press('ArrowUp')
    const newest = await current()
    expect(newest).toBe(100)
    await page.keyboard.press('ArrowUp')
    expect(await current()).toBeLessThan(newest)
    await page.keyboard.press('End')
    expect(await current()).toBe(newest)
    await page.keyboard.press('Escape')
    expect(await focused(page)).toBe('text')
  })
})
