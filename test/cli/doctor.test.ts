import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finding } from '#infra/cli/doctor/finding.ts'
import { vigia } from '#infra/cli/vigia.ts'
import { root } from '#infra/repository.ts'
import { type Journey, startJourney } from '../support/journey.ts'
import { folder } from '../support/temporary-folders.ts'

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
  beforeAll(async () => {
    journey = await startJourney()
    env = { ...journey.env, PORT: String(journey.vigia.port), DATA_DIR: journey.vigia.dataDir }
  })
  afterAll(() => journey.stop())

  test('that is healthy gives exit code 0, one line for each check, and no failure', async () => {
    const { code, out, errors } = await run([], env)
    expect({ code, errors }, out).toEqual({ code: 0, errors: '' })
    expect(out).toMatch(/^ok +PostgreSQL +version \d+\.\d+, [\d.]+ MiB of data$/m)
    expect(out).toMatch(/^ok +connections +\d+ of \d+ connections are free$/m)
    expect(out).toMatch(/^ok +migrations +all \d+ are applied$/m)
    expect(out).toMatch(/^ok +Telegram bot +@VigiaBot answers$/m)
    expect(out).toMatch(/^ok +operators bot +@VigiaOperatorsBot answers$/m)
    expect(out).toMatch(/^ok +webhook +no webhook, updates are fetched; 0 updates wait$/m)
    expect(out).toMatch(/\n\n\d+ checks: \d+ ok(, \d+ (skipped|warning))*$/)
    expect(out).not.toContain('failed')
  })

  test('gives the same findings as JSON, and the command ends by itself', async () => {
    const child = spawn(process.execPath, ['infra/cli/main.ts', 'doctor', '--json'], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    })
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    const findings = JSON.parse(output) as Finding[]
    expect(code).toBe(0)
    expect(findings).toContainEqual({ check: 'Telegram bot', state: 'ok', found: '@VigiaBot answers' })
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
  const { code, out } = await run([], { DATA_DIR: data })
  expect(code).toBe(1)
  expect(existsSync(data)).toBe(false)
  expect(out).toMatch(/^failed +PostgreSQL +the PostgreSQL of \S+ does not run\n.*\n +next: +npm start$/m)
  expect(out).toMatch(/^skipped +migrations +needs PostgreSQL$/m)
  expect(out).toMatch(/^warning +Telegram bot +TELEGRAM_BOT_TOKEN is not set, so Telegram is simulated$/m)
})

test('arguments that the doctor does not know give the usage and exit code 2', async () => {
  for (const args of [['--colour'], ['now']])
    expect(await run(args, { DATA_DIR: folder() })).toMatchObject({
      code: 2,
      errors: expect.stringContaining('doctor [--json]'),
    })
})
