import { request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type SitesSimulator, startSites } from '#simulators/sites.ts'
import { type ManualTime, manualTime } from '#test/support/manual-time.ts'
import { until } from '#test/support/until.ts'

let time: ManualTime
let sites: SitesSimulator

beforeEach(async () => {
  time = manualTime(new Date('2026-11-21T12:00:00Z'))
  sites = await startSites({ time })
})
afterEach(() => sites.stop())

const status = async (path: string) => (await fetch(sites.url + path)).status
/** Reads the bytes of a response as text until `enough` returns true, and closes the connection. */
const readUntil = async (path: string, enough: (text: string) => boolean): Promise<string> => {
  const socket = connect(Number(new URL(sites.url).port), '127.0.0.1')
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString()
  })
  socket.on('error', () => {})
  socket.write(`GET ${path} HTTP/1.1\r\nHost: site\r\n\r\n`)
  await until(
    async () => {
      await time.advance(1000)
      return enough(text)
    },
    { what: `enough of ${path}` },
  )
  socket.destroy()
  return text
}

describe('sites', () => {
  test('answer 200, 500, or 404 for an unknown path', async () => {
    expect(await Promise.all(['/healthy', '/failing', '/shop', '/nowhere'].map(status))).toEqual([200, 500, 200, 404])
  })

  test('can be turned off and on, and set to any behaviour', async () => {
    sites.turn('/shop', false)
    expect(await status('/shop')).toBe(500)
    sites.turn('/shop', true)
    expect(await status('/shop')).toBe(200)
    sites.set('/mine', { kind: 'status', status: 503 })
    expect(await status('/mine')).toBe(503)
    sites.set('/mine', 'ok')
    expect(await status('/mine')).toBe(200)
  })

  test('answer 200 and 500 in turn, by the clock, when their behaviour is `flapping`', async () => {
    sites.set('/flapping', { kind: 'flapping', periodMs: 60_000 })
    const seen: number[] = []
    for (let minute = 0; minute < 4; minute++) {
      seen.push(await status('/flapping'))
      await time.advance(60_000)
    }
    expect(seen).toEqual([200, 500, 200, 500])
  })

  test('are slow for the configured time', async () => {
    const answer = fetch(`${sites.url}/slow`)
    await until(() => time.next() === 3000, { what: 'the answer to be held back' })
    await time.advance(3000)
    expect((await answer).status).toBe(200)
  })

  test('redirect a few times, or without end', async () => {
    expect(await status('/redirect')).toBe(200)
    expect(sites.hits('/redirect')).toHaveLength(4)
    await expect(fetch(`${sites.url}/redirect-loop`)).rejects.toThrow()
    sites.set('/inside', { kind: 'redirect', to: 'http://169.254.169.254/' })
    const answer = await fetch(`${sites.url}/inside`, { redirect: 'manual' })
    expect(answer.headers.get('location')).toBe('http://169.254.169.254/')
  })

  test('reset connections, or never answer', async () => {
    await expect(fetch(`${sites.url}/reset`)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } })
    const controller = new AbortController()
    const hanging = fetch(`${sites.url}/hanging`, { signal: controller.signal })
    await until(() => sites.hits('/hanging').length === 1, { what: 'the request' })
    await time.advance(3_600_000)
    controller.abort()
    await expect(hanging).rejects.toThrow(/abort/)
  })

  test('send bodies and headers without end', async () => {
    expect(await readUntil('/endless', text => text.split('and so on').length > 5)).toMatch(/^HTTP\/1.1 200/)
    const headers = await readUntil('/slow-headers', text => text.includes('X-Patience-3'))
    expect(headers).toMatch(/^HTTP\/1.1 200 OK\r\nX-Patience-0/)
    expect(headers).not.toContain('\r\n\r\n')
  })

  test('send a small gzip body that unpacks to a large one', async () => {
    sites.set('/bomb', { kind: 'bomb', bytes: 20 * 1024 * 1024 })
    const packed = await new Promise<Buffer>(resolve => {
      request(`${sites.url}/bomb`, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks)))
      }).end()
    })
    expect(packed.length).toBeLessThan(100_000)
    expect(gunzipSync(packed)).toHaveLength(20 * 1024 * 1024)
  })
})

test('hits have the query, the time, and whether the connection was new', async () => {
  await fetch(`${sites.url}/healthy?monitor=42`)
  await fetch(`${sites.url}/healthy?monitor=43`)
  const hits = sites.hits('/healthy')
  expect(hits.map(({ id, query, status: code }) => [id, query, code])).toEqual([
    [1, 'monitor=42', 200],
    [2, 'monitor=43', 200],
  ])
  expect(hits[0]?.newConnection).toBe(true)
  expect(hits[1]!.at).toBeGreaterThan(hits[0]!.at)
  sites.forgetHits()
  expect(sites.hits()).toEqual([])
})

describe('the page with the switch', () => {
  const turn = (body: string, headers: Record<string, string> = { 'vigia-local': '1' }) =>
    fetch(`${sites.url}/_/sites`, { method: 'POST', headers, body })

  test("lists the sites in the reader's language and does not count as a hit", async () => {
    const page = await fetch(sites.url, { headers: { 'accept-language': 'pt-BR,pt;q=0.9,en;q=0.8' } })
    expect(await page.text()).toContain('<html lang="pt-BR">')
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(await (await fetch(`${sites.url}/`, { headers: { 'accept-language': 'fr' } })).text()).toContain('lang="en"')
    const list = (await (await fetch(`${sites.url}/_/sites`)).json()) as { path: string; canSwitch: boolean }[]
    expect(list.filter(({ canSwitch }) => canSwitch).map(({ path }) => path)).toEqual(['/shop'])
    expect(sites.hits()).toEqual([])
  })

  test('turns a site off, and refuses a request that does not come from a page of this machine', async () => {
    const off = JSON.stringify({ path: '/shop', on: false })
    expect((await turn(off, {})).status).toBe(403)
    expect(await status('/shop')).toBe(200)
    expect((await turn(off)).status).toBe(200)
    expect(await status('/shop')).toBe(500)
  })

  test.each([
    [200, true],
    [204, true],
    [301, false],
    [304, false],
    [404, false],
    [500, false],
  ])('shows a site that answers %i as a monitor would judge it', async (status, isUp) => {
    sites.set('/answer', { kind: 'status', status })
    const listed = (await (await fetch(`${sites.url}/_/sites`)).json()) as { path: string; isUp: boolean }[]
    expect(listed.find(({ path }) => path === '/answer')?.isUp).toBe(isUp)
  })

  test('refuses an invalid body and a site without a switch', async () => {
    expect((await turn('{')).status).toBe(400)
    expect((await turn(JSON.stringify({ path: '/healthy', on: false }))).status).toBe(404)
    expect(await status('/healthy')).toBe(200)
  })
})
