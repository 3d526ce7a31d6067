import { execFile } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFunction, readRequest } from '#infra/generate/new.ts'
import { root } from '#infra/repository.ts'
import { copyCheckout, removeDataFolder, startVigia, temporaryFolder, type Vigia } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'

let folder: string
let checkout: string
beforeAll(() => {
  folder = temporaryFolder()
  checkout = join(folder, 'checkout')
  copyCheckout(checkout, { isBuilt: true })
})
afterAll(() => removeDataFolder(folder))

describe('npm run new', () => {
  test.each([
    [[], /^usage/],
    [['--tick', '* * * * *'], /^usage/],
    [['Cron_Job'], /is not a valid function name/],
    [['cron--job'], /is not a valid function name/],
    [['../evil'], /is not a valid function name/],
    [['delete'], /is reserved/],
    [['uptime-prober'], /functions\/uptime-prober exists already/],
    [['host'], /functions\/host exists already/],
    [['certificates', '--tick'], /--tick needs a schedule/],
    [['certificates', '--tick', 'every minute'], /is not a valid schedule/],
    [['certificates', 'more'], /^usage/],
    [['certificates', '--event'], /--event needs the name of an event/],
    [['certificates', '--event', 'monitor.gone'], /is not an event; create events\/monitor-gone\.ts first/],
    [['certificates', '--event', 'probe.error'], /is not an event/],
    [['certificates', '--event', 'monitor.up', '--tick', '* * * * *'], /^usage/],
  ])('%j is refused in one line', (args, words) => {
    expect(readRequest(args, root)).toMatch(words)
  })

  test('the created functions pass lint, types, their own tests and the layout test', async () => {
    const functions = [
      ['certificate-checker', '--tick', '*/5 * * * *'],
      ['digest'],
      ['premiere-list', '--event', 'episode.due'],
    ]
    for (const args of functions) {
      const request = readRequest(args, checkout)
      if (typeof request === 'string') throw new Error(request)
      await createFunction(request, checkout)
      expect(readRequest(args, checkout)).toMatch(/exists already/)
    }
    const run = (program: string, ...args: string[]) =>
      promisify(execFile)(process.execPath, [join(checkout, 'node_modules', program), ...args], { cwd: checkout })
    await run(
      '@biomejs/biome/bin/biome',
      'ci',
      'functions',
      'test/functions/certificate-checker.test.ts',
      'test/functions/digest.test.ts',
      'test/functions/premiere-list.test.ts',
    )
    await run('typescript/bin/tsc')
    const tests = [...functions.map(([name]) => `functions/${name}`), 'layout'].map(name => `test/${name}.test.ts`)
    await run('vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts', ...tests)
  })
})

describe('npm run dev', () => {
  let vigia: Vigia
  beforeAll(async () => {
    vigia = await startVigia({ checkout, dataDir: join(folder, 'data'), args: ['--watch'] })
    await until(async () => (await vigia.call('/readyz')).status === 200, {
      what: 'all functions to be ready',
      timeoutMs: 90_000,
    })
  })
  afterAll(() => vigia?.stop())

  const edit = (path: string, change: (text: string) => string) => {
    const file = join(checkout, path)
    writeFileSync(file, change(readFileSync(file, 'utf8')))
  }
  /** Calls `change`, waits until the output since then matches `words`, and returns that output. */
  const waitForOutput = async (change: () => void, words: RegExp) => {
    const before = vigia.output().length
    change()
    const newOutput = () => vigia.output().slice(before)
    return until(() => (words.test(newOutput()) ? newOutput() : undefined), {
      what: () => `${words} in:\n${vigia.output()}`,
      timeoutMs: 60_000,
    })
  }
  const rule = 'functions/error-notifier/error-notifier.ts'

  test('a change that does not compile is reported, and the previous version keeps running', async () => {
    await vigia.api('/api/sources/error-notifier/fire', { method: 'POST' })
    const before = readFileSync(join(checkout, rule), 'utf8')
    const output = await waitForOutput(
      () => appendFileSync(join(checkout, rule), 'const half = {\n'),
      /keeps running its last version/,
    )
    expect(output).toMatch(/error-notifier keeps running its last version: (.*\n)*.*error-notifier\.ts:\d+:\d+/)
    await vigia.api('/api/sources/error-notifier/fire', { method: 'POST' })
    await until(
      async () =>
        ((await vigia.api('/api/events?type=dev.knative.sources.ping')) as { state: string }[]).every(
          ({ state }) => state === 'done',
        ),
      { what: 'the ticks to be handled', timeoutMs: 60_000 },
    )
    await waitForOutput(() => writeFileSync(join(checkout, rule), before), /no bundle changed/)
  })

  test('a change in one function restarts that function only; a change in shared code restarts all functions that import it', async () => {
    const one = await waitForOutput(
      () => edit(rule, text => `${text}\nexport const changed = process.hrtime\nchanged()\n`),
      /↻ error-notifier: rebuilt and restarted in/,
    )
    expect(one.match(/↻/g)).toHaveLength(1)
    const many = await waitForOutput(
      () => edit('functions/host/serve.ts', text => text.replace('25_000', '24_000')),
      /↻ .*rebuilt and restarted/,
    )
    for (const name of ['telegram-webhook', 'uptime-prober', 'error-notifier', 'certificate-checker'])
      expect(many).toContain(name)
  })

  test('a change in a manifest restarts what the manifest describes; an invalid manifest changes nothing', async () => {
    await waitForOutput(
      () => edit('knative/sources/error-notifier.yaml', text => text.replace(/schedule: .*/, 'schedule: "7 7 7 7 *"')),
      /↻ PingSources: restarted/,
    )
    const sources = (await vigia.api('/api/sources')) as { name: string; schedule: string }[]
    expect(sources.find(({ name }) => name === 'error-notifier')?.schedule).toBe('7 7 7 7 *')
    await waitForOutput(
      () => edit('triggers/digest.yaml', text => text.replace('retry: 3', 'retry: 5')),
      /↻ Triggers: restarted/,
    )
    await waitForOutput(
      () => edit('knative/services/digest.yaml', text => text.replace('timeoutSeconds: 60', 'timeoutSeconds: 61')),
      /↻ digest: restarted/,
    )
    await waitForOutput(
      () => edit('knative/services/digest.yaml', text => text.replace('kind: Service', 'kind: Servant')),
      /the last valid manifests stay in use: .*knative\/services\/digest\.yaml/,
    )
    const id = 'after-the-changes'
    expect(await vigia.publish({ id, type: 'dev.vigia.made.up' }, {})).toBe(202)
  })
})
