import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { monitorsIn } from '#database/uptime/monitors.ts'
import { unpackOutcome } from '#database/uptime/packed-result.ts'
import { onPath } from '#infra/delivery/on-path.ts'
import { emptyDatabase, type TestDatabase } from '#test/support/database.ts'
import { type Journey, startJourney, waitForReply } from '#test/support/journey.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { until } from '#test/support/until.ts'
import { nginxIn } from './support/nginx.ts'

const why = onPath('nginx') ? '' : " (skipped: nginx is not on PATH; Debian's package is nginx-light)"
const count = 50

describe.skipIf(why)(`a real nginx with ${count} monitors at the shortest interval${why}`, () => {
  let database: TestDatabase
  let journey: Journey
  let nginx: Awaited<ReturnType<typeof nginxIn>>
  let ana: ReturnType<Journey['telegram']['user']>
  let before: number

  beforeAll(async () => {
    nginx = await nginxIn(folder())
    await nginx.start()
    database = await emptyDatabase()
    journey = await startJourney({ env: { DATABASE_URL: database.url } })
    ana = journey.telegram.user('Ana', { language: 'pt-br' })
    ana.send('/start')
    await waitForReply(ana, /Vigia/)
    for (let site = 1; site <= count; site++)
      await monitorsIn(database.db).add({
        ...{ chatId: ana.chatId, name: `site-${site}`, kind: 'http', url: `${nginx.url}/${site}` },
        ...{ intervalS: 10, timeoutMs: 5_000 },
      })
    await aRound()
    before = ana.answers().length
  })
  afterAll(async () => {
    await journey?.stop()
    await database?.end()
    if (nginx?.isRunning()) await nginx.stop()
  })

  /** Waits until nginx has answered a new request of every monitor. */
  const aRound = async () => {
    const seen = nginx.requests().length
    await until(
      () =>
        new Set(
          nginx
            .requests()
            .slice(seen)
            .filter(path => /^\/\d+$/.test(path)),
        ).size === count,
      {
        what: 'a check of every monitor',
        timeoutMs: 120_000,
      },
    )
  }

  const messages = async () => {
    await journey.settled()
    return ana.answers().slice(before)
  }

  test('three reloads: no message', async () => {
    for (let reload = 0; reload < 3; reload++) {
      await nginx.reload()
      await aRound()
    }
    expect(await messages()).toEqual([])
  })

  test('an upgrade of its program: no message', async () => {
    await nginx.upgrade()
    await aRound()
    expect(await messages()).toEqual([])
  })

  test('a stop and a start: no message', async () => {
    await nginx.stop()
    await nginx.start()
    await aRound()
    expect(await messages()).toEqual([])
  })

  test('a stop that makes checks fail, and a start: no message, and the failed checks tried again', async () => {
    await nginx.stop()
    const failed = await resetFirstConnection(nginx.port)
    await nginx.start()
    expect(failed).toBeGreaterThan(0)
    await aRound()
    await aRound()
    expect(await messages()).toEqual([])
    const { rows } = await database.db.query<{ outcome: number }>('select outcome from probe_slot')
    const results = rows.map(({ outcome }) => unpackOutcome(outcome))
    expect(results.filter(({ ok, attempts }) => ok && attempts > 1).length).toBeGreaterThan(0)
    expect(results.filter(({ ok }) => ok === false)).toEqual([])
    expect((await database.db.query('select 1 from incident')).rows).toEqual([])
  })

  test('a stop without a start: the messages come', async () => {
    await nginx.stop()
    await until(() => ana.answers().length > before, { what: 'a message about the failure', timeoutMs: 120_000 })
    expect(ana.answers()[before]!.text).toMatch(/fora do ar|saiu do ar/)
  })
})

/** Takes the port until a check has connected, and resets its connection. Returns how many connections came. */
const resetFirstConnection = async (port: number): Promise<number> => {
  let connections = 0
  const server = createServer(socket => {
    connections++
    socket.on('error', () => {})
    socket.resetAndDestroy()
  })
  await once(server.listen(port, '127.0.0.1'), 'listening')
  await once(server, 'connection', { signal: AbortSignal.timeout(60_000) })
  server.close()
  await once(server, 'close')
  return connections
}
