import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { freshDatabase, type TestDatabase } from '#test/support/database.ts'
import { type Journey, startJourney } from '#test/support/journey.ts'
import { until } from '#test/support/until.ts'
import { type ApiServer, apiServerSkipReason, expectSuccess, runProgram, startApiServer } from './api-server.ts'
import { argoCrds, argoCrdsSkipReason } from './support/argo-crds.ts'
import { deployableCopy } from './support/deployable-copy.ts'
import { stopAfterTests } from './support/stop-after-tests.ts'

const why = argoCrdsSkipReason ?? (await apiServerSkipReason())
const folder = join(root, 'infra/workflows/argo')
const runScript = (name: string, env: Record<string, string>) =>
  runProgram(process.execPath, [join(folder, 'scripts', name)], { env })

describe.skipIf(why)(`the workflows of Argo on a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer
  let home: string
  stopAfterTests(() => server)

  const kubectl = async (...args: string[]) => expectSuccess(await server.kubectl(args))
  const apply = (input: string, ...options: string[]) =>
    server.kubectl(['apply', '--server-side', '--force-conflicts', '--validate=strict', ...options, '-f', '-'], {
      input,
    })

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vigia-argo-'))
    server = await startApiServer()
    expectSuccess(
      await apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: argoCrds() }), '--validate=false'),
    )
    // kubectl fails while a CRD has no conditions yet.
    await until(
      async () =>
        (await server.kubectl(['wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s'])).code === 0,
      { timeoutMs: 600_000, what: 'the API server to serve the CRDs of Argo' },
    )
    const copy = await deployableCopy(server.env.PATH!)
    try {
      await kubectl('apply', '--server-side', '-k', copy.at('minikube'))
    } finally {
      await copy.remove()
    }
    expectSuccess(await apply(await kustomize(folder)))
  })
  afterAll(async () => {
    if (home) await rm(home, { recursive: true, force: true })
  })

  test.each<[string, (text: string) => string, RegExp]>([
    ['the field of Argo Workflows 3', text => text.replace('schedules:', 'schedule:'), /schedule/],
    ['a misspelt field of a template', text => text.replace('retryPolicy:', 'retriesPolicy:'), /retriesPolicy/],
  ])('strict validation by the CRDs of Argo Workflows 4 refuses %s', async (_, plant, reason) => {
    const text = await kustomize(folder)
    expect((await apply(text, '--dry-run=server')).code).toBe(0)
    const planted = plant(text)
    expect(planted).not.toBe(text)
    const { code, stderr } = await apply(planted, '--dry-run=server')
    expect(code).toBe(1)
    expect(stderr).toMatch(reason)
  })

  test('the account of the JobSink may create and change workflows, and nothing else', async () => {
    const may = async (verb: string, kind: string) => {
      const account = '--as=system:serviceaccount:vigia:vigia-outages'
      return (await server.kubectl(['auth', 'can-i', verb, kind, '--namespace=vigia', account])).code === 0
    }
    expect(await may('create', 'workflows.argoproj.io')).toBe(true)
    expect(await may('patch', 'workflows.argoproj.io')).toBe(true)
    expect(await may('delete', 'workflows.argoproj.io')).toBe(false)
    expect(await may('get', 'secrets')).toBe(false)
  })

  /** Runs the script of the JobSink with the file of an event, and with the token of its service account. */
  const receive = async (type: string, incidentId: number, env: Record<string, string> = {}) => {
    const place = join(home, `event-${incidentId}`)
    await mkdir(join(place, 'account'), { recursive: true })
    const data = { monitorId: 42, incidentId, name: 'Loja & <Cia>', url: 'https://loja.example/', error: 'timeout' }
    const event = { specversion: '1.0', id: `incident/${incidentId}`, source: '/functions/uptime-prober', type, data }
    await writeFile(join(place, 'event'), JSON.stringify(event))
    await writeFile(
      join(place, 'account/token'),
      (await kubectl('create', 'token', 'vigia-outages', '-n=vigia')).trim(),
    )
    const config = JSON.parse(await readFile(server.kubeconfig, 'utf8'))
    return runScript('outage.mjs', {
      K_EVENT_PATH: place,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: new URL(server.url).port,
      SERVICE_ACCOUNT: join(place, 'account'),
      NODE_EXTRA_CA_CERTS: config.clusters[0].cluster['certificate-authority'],
      ...env,
    })
  }
  const workflow = async (name: string) =>
    JSON.parse(await kubectl('get', 'workflow', name, '--namespace=vigia', '--output=json'))

  test('a monitor.down that comes twice creates one workflow, and the monitor.up of the same incident labels that workflow as over', async () => {
    const created = { code: 0, stdout: 'workflow outage-7: open\n', stderr: '' }
    expect(await receive('dev.vigia.monitor.down', 7)).toEqual(created)
    const { spec, metadata } = await workflow('outage-7')
    expect(metadata.labels.outage).toBe('open')
    expect(spec).toEqual({
      workflowTemplateRef: { name: 'outage' },
      arguments: { parameters: [{ name: 'monitor', value: 'Loja & <Cia> (https://loja.example/)' }] },
    })
    expect(await receive('dev.vigia.monitor.down', 7)).toEqual(created)
    expect((await workflow('outage-7')).metadata.uid).toBe(metadata.uid)
    expect((await receive('dev.vigia.monitor.up', 7)).code).toBe(0)
    expect((await workflow('outage-7')).metadata).toMatchObject({ uid: metadata.uid, labels: { outage: 'over' } })
  })

  test('a monitor.up that comes first is not undone by its monitor.down', async () => {
    expect((await receive('dev.vigia.monitor.up', 8)).code).toBe(0)
    expect((await receive('dev.vigia.monitor.down', 8)).code).toBe(0)
    expect((await workflow('outage-8')).metadata.labels.outage).toBe('over')
  })

  test('an API server that cannot be reached, or that refuses the request, fails the Job with one line', async () => {
    expect(await receive('dev.vigia.monitor.down', 9, { KUBERNETES_SERVICE_PORT: '9' })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^the API server cannot be reached: .+\n$/),
    })
    const other = join(home, 'other')
    await mkdir(other)
    await writeFile(join(other, 'token'), (await kubectl('create', 'token', 'vigia-workflow', '-n=vigia')).trim())
    expect(await receive('dev.vigia.monitor.down', 9, { SERVICE_ACCOUNT: other })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^the API server answered 403 for workflow outage-9: .+\n$/),
    })
  })
})

describe('the step that sends a message', () => {
  let database: TestDatabase
  let journey: Journey
  let person: ReturnType<Journey['telegram']['user']>

  beforeAll(async () => {
    database = await freshDatabase()
    journey = await startJourney({ env: { DATABASE_URL: database.url } })
    person = journey.telegram.user('Ana', { language: 'pt-br' })
    person.send('/start')
    await until(() => person.answers().length > 0, { timeoutMs: 120_000, what: 'the answer to /start' })
  })
  afterAll(async () => {
    await journey?.stop()
    await database?.end()
  })

  const send = (env: Record<string, string> = {}) =>
    runScript('send-message.mjs', {
      BROKER: `http://localhost:${journey.vigia.port}/vigia/default`,
      ID: 'workflow/outage-7/escalation',
      CHAT_ID: String(person.chatId),
      TEXT: '🚨 <b>$NAME</b> continua fora do ar.',
      NAME: 'Loja & <Cia>',
      ...env,
    })

  test('sends it once when the step is repeated, and escapes the name', async () => {
    for (const _ of ['first', 'again']) expect(await send()).toMatchObject({ code: 0, stderr: '' })
    const found = () => person.answers().filter(({ text }) => text.includes('🚨'))
    await until(() => found().length > 0, { timeoutMs: 120_000, what: 'the message' })
    await journey.settled()
    expect(found().map(({ text }) => text)).toEqual(['🚨 Loja & <Cia> continua fora do ar.'])
  })

  test.each<[string, () => Record<string, string>, number, RegExp]>([
    [
      '2 for a refusal',
      () => ({ BROKER: `${journey.vigia.url}/vigia/other` }),
      2,
      /^the broker answered 404 to message .+\n$/,
    ],
    [
      '2 for a chat that is no number',
      () => ({ CHAT_ID: 'ana' }),
      2,
      /^CHAT_ID is "ana"; it must be the id of a chat\n$/,
    ],
    [
      '1 for a broker that cannot be reached',
      () => ({ BROKER: 'http://127.0.0.1:9/' }),
      1,
      /^the broker at \S+ cannot be reached: .+\n$/,
    ],
  ])('ends with one line and exit code %s', async (_, env, code, line) => {
    expect(await send(env())).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(line) })
  })
})
