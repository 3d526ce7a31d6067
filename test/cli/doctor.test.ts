import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finding } from '#infra/cli/doctor/finding.ts'
import { vigia } from '#infra/cli/vigia.ts'
import { root } from '#infra/repository.ts'
import { type Journey, startJourney } from '../support/journey.ts'
import { folder } from '../support/temporary-folders.ts'
import { until } from '../support/until.ts'

const run = async (args: string[], env: Record<string, string>) => {
  const out: string[] = []
  const errors: string[] = []
  const code = await vigia(['doctor', ...args], {
    env,
    print: line => out.push(line),
    printError: line => errors.push(line),
  })
  return { code, out: out.join('\n'), errors: errors.join('\n') }
}

describe('an installation of one machine', () => {
  let journey: Journey
  let env: Record<string, string>
  const isReady = async () => (await journey.vigia.call('/readyz')).status === 200
  beforeAll(async () => {
    journey = await startJourney()
    env = { ...journey.env, PORT: String(journey.vigia.port), DATA_DIR: journey.vigia.dataDir }
    await until(isReady, { timeoutMs: 100_000, what: 'Vigia to be ready' })
  })
  afterAll(() => journey.stop())

  test('that is healthy gives exit code 0, one line for each check, and no failure', async () => {
    const { code, out, errors } = await run([], env)
    expect({ code, errors }, out).toEqual({ code: 0, errors: '' })
    expect(out).toMatch(/^ok +PostgreSQL +version \d+\.\d+, [\d.]+ MiB of data$/m)
    expect(out).toMatch(/^ok +connections +\d+ of \d+ connections are free$/m)
    expect(out).toMatch(/^ok +migrations +all \d+ are applied$/m)
    expect(out).toMatch(/^ok +Vigia +Vigia answers on port \d+ and is ready$/m)
    expect(out).toMatch(/^ok +disk +\S+ \wiB of \S+ \wiB are free for /m)
    expect(out).toMatch(/^(ok|warning) +MongoDB +the catalogue has 0 series/m)
    expect(out).toMatch(/^ok +deliveries +no event has waited for more than 2 min$/m)
    expect(out).toMatch(/^ok +messages +no message has waited for more than 2 min$/m)
    expect(out).toMatch(/^ok +dead letters +none in the last day$/m)
    expect(out).toMatch(/^ok +ticks +3 jobs are up to date$/m)
    expect(out).toMatch(/^ok +TVmaze +TVmaze answers$/m)
    expect(out).toMatch(/^ok +clock +[\d.]+ s from PostgreSQL's clock, [\d.]+ s from Telegram's clock$/m)
    expect(out).toMatch(/^ok +Telegram bot +@VigiaBot answers$/m)
    expect(out).toMatch(/^ok +operators bot +@VigiaOperatorsBot answers$/m)
    expect(out).toMatch(/^ok +webhook +no webhook, updates are fetched; 0 updates wait$/m)
    expect(out).toMatch(/\n\n\d+ checks: \d+ ok(, \d+ (skipped|warnings?))*$/)
    expect(out).not.toContain('failed')
  })

  test('names the release of the functions that run', async () => {
    await journey.vigia.ask('telegram-notifier.localhost', '/healthz')
    expect((await run([], env)).out).toMatch(
      /^ok +versions +\d+\.\d+\.\d+ \((unreleased|[0-9a-f]{40}(-dirty)?)\) in \d+ functions? that runs?$/m,
    )
  })

  test('gives the same findings as JSON, and the command ends by itself', async () => {
    const child = spawn(process.execPath, ['infra/cli/main.ts', 'doctor', '--json'], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    })
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    const findings = JSON.parse(output) as Finding[]
    expect(findings.filter(({ state }) => state === 'failed')).toEqual([])
    expect(code).toBe(0)
    expect(findings).toContainEqual({ check: 'Telegram bot', state: 'ok', found: '@VigiaBot answers' })
  })

  test('whose PostgreSQL is frozen gives exit code 1, and skips the checks that need PostgreSQL', async () => {
    const file = join(journey.vigia.dataDir, 'postgres/data/postmaster.pid')
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
    process.kill(pid, 'SIGSTOP')
    const { code, out } = await run([], env).finally(() => process.kill(pid, 'SIGCONT'))
    await until(isReady, { timeoutMs: 100_000, what: 'Vigia to be ready' })
    expect(code).toBe(1)
    expect(out).toMatch(
      /^failed +PostgreSQL +PostgreSQL does not answer: timeout expired\n.*\n +next: +tail -n 20 \S+postgres\.log$/m,
    )
    expect(out).toMatch(/^failed +Vigia +Vigia is not ready: PostgreSQL accepts no writes: timeout expired$/m)
    for (const check of ['connections', 'migrations', 'deliveries', 'messages', 'dead letters', 'ticks'])
      expect(out).toMatch(new RegExp(`^skipped +${check} +needs PostgreSQL$`, 'm'))
  })

  test('whose token was revoked gives exit code 1 and says what to do, without the token', async () => {
    journey.telegram.revoke()
    const { code, out, errors } = await run([], env).finally(() => journey.telegram.revoke(false))
    expect(code).toBe(1)
    expect(errors).toMatch(/^\d+ checks: .*1 failed$/)
    expect(out).toMatch(
      /^failed +Telegram bot +Telegram does not know the token \(401\)\n +why: +The bot gets no messages.*\n +next: +copy the token from @BotFather/m,
    )
    expect(out + errors).not.toContain(env.TELEGRAM_BOT_TOKEN)
  })
})

test('an installation that was never started gives exit code 1, and changes nothing', async () => {
  const data = join(folder(), 'data')
  const { code, out } = await run([], { DATA_DIR: data, PORT: '1' })
  expect(code).toBe(1)
  expect(existsSync(data)).toBe(false)
  expect(out).toMatch(/^failed +PostgreSQL +the PostgreSQL of \S+ does not run\n.*\n +next: +npm start$/m)
  expect(out).toMatch(/^skipped +migrations +needs PostgreSQL$/m)
  expect(out).toMatch(/^failed +disk +the data folder \S+ does not exist$/m)
  expect(out).toMatch(/^warning +Telegram bot +TELEGRAM_BOT_TOKEN is not set, so Telegram is simulated$/m)
})

test('arguments that the doctor does not know give the usage and exit code 2', async () => {
  for (const args of [['--colour'], ['now']])
    expect(await run(args, { DATA_DIR: folder() })).toMatchObject({
      code: 2,
      errors: expect.stringContaining('doctor [--json]'),
    })
})
