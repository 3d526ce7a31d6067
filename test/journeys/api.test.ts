import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Journey, repliesMatching, startJourney, waitForReply } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'

const run = promisify(execFile)

let journey: Journey
let ana: ReturnType<Journey['telegram']['user']>
beforeAll(async () => {
  journey = await startJourney()
  ana = journey.telegram.user('Ana', { language: 'pt-br' })
  ana.send('/start')
  await waitForReply(ana, /Vigia/)
})
afterAll(() => journey?.stop())

/** Makes a key in the chat, as a person does, and returns it. */
const makeKey = async (): Promise<string> => {
  ana.send('/chave')
  await waitForReply(ana, /Chaves da API/)
  ana.press('🔑 criar: ler e mudar tudo')
  await waitForReply(ana, /vigia_[\w-]{43}/)
  return ana.answers().flatMap(({ text }) => /vigia_[\w-]{43}/.exec(text) ?? [])[0]!
}

test('a program adds a monitor with curl, plans, applies and exports the file, and a site that fails in announced maintenance causes no message', {
  timeout: 240_000,
}, async () => {
  const key = await makeKey()
  const base = `http://localhost:${journey.vigia.publicPort}/api/v1`
  const curl = async (path: string, ...args: string[]) =>
    (
      await run('curl', [
        '-sS',
        '--fail-with-body',
        '-m',
        '30',
        '-H',
        `Authorization: Bearer ${key}`,
        ...args,
        `${base}${path}`,
      ])
    ).stdout

  journey.sites.set('/loja', { kind: 'switch', on: true })
  const body = JSON.stringify({ url: `${journey.sitesUrl}/loja`, name: 'Loja', interval: '10s' })
  const { id } = JSON.parse(await curl('/monitors', '-d', body))
  await until(async () => JSON.parse(await curl(`/monitors/${id}`)).state === 'up', {
    what: 'the first check',
    timeoutMs: 60_000,
  })
  ana.send('/monitores')
  await waitForReply(ana, /🟢 Loja: no ar/)

  const file = (await curl('/configuration')).replace('interval: 10s', 'interval: 10s\n        group: Loja virtual')
  const plan = JSON.parse(await curl('/configuration/plan', '--data-binary', file))
  expect(plan.changes).toMatchObject([
    { action: 'adopt', key: 'loja', fields: [{ field: 'group', to: 'Loja virtual' }] },
  ])
  expect(JSON.parse(await curl('/configuration', '-X', 'PUT', '--data-binary', file)).changes).toEqual(plan.changes)
  const exported = await curl('/configuration')
  expect(exported).toContain('group: Loja virtual')
  expect(JSON.parse(await curl('/configuration', '-X', 'PUT', '--data-binary', exported)).changes).toEqual([])
  expect(await curl('/configuration')).toBe(exported)

  await curl('/maintenance?for=20m', '-X', 'POST')
  ana.send('/manutencao')
  await waitForReply(ana, /🛠 todos os monitores: até/)
  const hits = () => journey.sites.hits('/loja').filter(({ status }) => status !== 200).length
  journey.sites.turn('/loja', false)
  await until(async () => JSON.parse(await curl(`/monitors/${id}`)).state === 'down', {
    what: 'the failure to be confirmed',
    timeoutMs: 90_000,
  })
  const confirmed = hits()
  await until(() => hits() > confirmed, {
    what: 'another check, after which a message would have been sent',
    timeoutMs: 60_000,
  })
  await journey.settled()
  expect(JSON.parse(await curl('/incidents')).incidents).toMatchObject([{ monitor: 'Loja', closedAt: null }])
  expect(repliesMatching(ana, /Loja (saiu do ar|está fora)/)).toEqual([])

  ana.send('/chave')
  await waitForReply(ana, /1\. ler e mudar tudo/)
  ana.press(/revogar 1/)
  await waitForReply(ana, /Ainda não há nenhuma chave/)
  await expect(curl('/monitors')).rejects.toThrow('401')
})
