import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { functionEnv, missingVariables } from '#local/activator/function-environment.ts'
import { readArguments } from '#local/arguments.ts'
import { readEnvironment, type Settings } from '#local/environment.ts'
import { holderOf } from '#local/http/port-holder.ts'
import { manifestFiles, readManifests } from '#local/manifests/manifests.ts'
import { folder } from '#test/support/temporary-folders.ts'
import { spawnVigia, type VigiaOptions } from '../support/npm-start.ts'

/** Starts Vigia and waits until it ends by itself. */
const startUntilExit = async (start: VigiaOptions) => {
  const { output, ended } = spawnVigia({ dataDir: folder(), ...start })
  const code = await ended
  return {
    code,
    output: output(),
    lines: output()
      .split('\n')
      .filter(line => line.startsWith('vigia: ')),
  }
}

describe('a start that fails prints one line and exits with a code', () => {
  test('an unknown argument', async () => {
    const { code, output } = await startUntilExit({ args: ['--frsh'] })
    expect(output).toBe('vigia: unknown argument --frsh; npm start -- --help lists the options\n')
    expect(code).toBe(2)
  })

  test('an invalid value of an environment variable', async () => {
    const { code, output } = await startUntilExit({ env: { PORT: 'eighty' } })
    expect(output).toBe('vigia: PORT is "eighty"; it should be a port from 1 to 65535, or 0 for any free port\n')
    expect(code).toBe(1)
  })

  test('a port that another program uses: the line names the program', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const { code, lines, output } = await startUntilExit({ env: { PORT: String(port) } })
    server.close()
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(
          `^vigia: port ${port} is taken by .+ \\(pid ${process.pid}\\); stop that program, or start with another port: PORT=${port + 10} npm start$`,
        ),
      ),
    ])
    expect(output).not.toContain('    at ')
    expect(code).toBe(1)
  })

  test('a public port that another program uses', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const { code, lines } = await startUntilExit({ env: { PUBLIC_PORT: String(port) } })
    server.close()
    expect(lines).toEqual([expect.stringMatching(`^vigia: port ${port} is taken.*PUBLIC_PORT=${port + 10} npm start$`)])
    expect(code).toBe(1)
  })

  const linux = process.platform === 'linux'
  test.each(['/dev/null/vigia', ...(linux ? ['/proc/vigia', '/proc/deep/vigia', '/sys/vigia'] : [])])(
    'a data folder that cannot be created: %s',
    async dataDir => {
      const { code, lines, output } = await startUntilExit({ dataDir })
      expect(lines).toEqual([expect.stringMatching(`^vigia: cannot use the data folder ${dataDir}\\b.*set DATA_DIR`)])
      expect(output).not.toContain('    at ')
      expect(code).toBe(1)
    },
  )

  test('a data folder of another PostgreSQL version', async () => {
    const dataDir = folder()
    mkdirSync(join(dataDir, 'postgres/data'), { recursive: true })
    writeFileSync(join(dataDir, 'postgres/data/PG_VERSION'), '17\n')
    const { code, lines, output } = await startUntilExit({ dataDir })
    expect(lines.length).toBe(1)
    expect(lines[0]).toMatch(/17|belongs to/)
    expect(output).not.toContain('    at ')
    expect(code).toBe(1)
  })

  test('a malformed manifest', async () => {
    const { code, output } = await startUntilExit({
      manifests: (text, file) => (file === 'triggers/uptime-prober.yaml' ? text.replace('broker:', 'brokr:') : text),
    })
    expect(output).toBe(
      'vigia: triggers/uptime-prober.yaml:9: spec.brokr is not a field that spec has here; did you mean broker?\n',
    )
    expect(code).toBe(1)
  })

  test('no manifests', async () => {
    const { code, lines } = await startUntilExit({ env: { VIGIA_MANIFESTS: '/nowhere' } })
    expect(lines).toEqual(['vigia: /nowhere/knative is missing; the manifests must be in knative/ and triggers/'])
    expect(code).toBe(1)
  })

  test('a DATABASE_URL that does not answer: the line does not contain the password', async () => {
    const { code, lines, output } = await startUntilExit({
      env: { DATABASE_URL: 'postgresql://me:hunter2@127.0.0.1:9/vigia', MONGODB_URI: 'mongodb://127.0.0.1:9/x' },
    })
    expect(lines.length).toBe(1)
    expect(lines[0]).toContain('DATABASE_URL does not answer')
    expect(output).not.toContain('hunter2')
    expect(output).not.toContain('    at ')
    expect(code).toBe(1)
  })

  test('--fresh without a terminal to confirm it', async () => {
    const { code, lines } = await startUntilExit({ args: ['--fresh'] })
    expect(lines).toEqual(['vigia: --fresh asks for confirmation, but there is no terminal; use --fresh --yes'])
    expect(code).toBe(1)
  })
})

test('--help lists the options and starts nothing', async () => {
  const { code, output } = await startUntilExit({ args: ['--help'] })
  expect(output).toContain('--download-mongod')
  expect(code).toBe(0)
})

describe('arguments', () => {
  test('are read by name; unknown arguments are refused', () => {
    expect(readArguments(['--fresh', '--yes', '--verbose'])).toEqual({
      fresh: true,
      yes: true,
      verbose: true,
      downloadMongod: false,
      watch: false,
      help: false,
    })
    expect(readArguments(['--yes'])).toContain('use it only with --fresh')
    expect(readArguments(['start'])).toContain('unknown argument start')
  })
})

describe('the environment', () => {
  test('may be empty', () => {
    expect(readEnvironment({})).toMatchObject({ port: 8080, logLevel: undefined, databaseUrl: undefined })
    expect(readEnvironment({ PORT: '', PROBE_ALLOW: ' ' })).toMatchObject({ port: 8080, probeAllow: undefined })
  })

  test('is read into the settings', () => {
    const settings = readEnvironment({
      PORT: '9000',
      LOG_LEVEL: 'debug',
      PUBLIC_URL: 'https://vigia.example.org/hook',
      PROBE_ALLOW: '192.168.0.0/16, fd00::/8,10.0.0.0/8',
      PROBE_REFERENCE: 'tcp://[2001:db8::1]:443',
      TELEGRAM_BOT_TOKEN: '123456:AAAA-bbbb_cccc',
      TELEGRAM_OPS_BOT_TOKEN: '654321:AAAA',
      TELEGRAM_OPS_CHAT_ID: '-100123',
    }) as Settings
    expect(settings).toMatchObject({ port: 9000, logLevel: 'debug', telegram: { opsChatId: '-100123' } })
    expect(settings.publicUrl!.hostname).toBe('vigia.example.org')
  })

  test.each([
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['PUBLIC_PORT', '70000'],
    ['PUBLIC_PORT', 'http'],
    ['PUBLIC_PORT', '8080'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://x/y'],
    ['DATABASE_URL', 'x'],
    ['MONGODB_URI', 'postgres://x'],
    ['PUBLIC_URL', 'vigia.example.org'],
    ['PUBLIC_URL', 'https://vigia.example.org'],
    ['PUBLIC_URL', 'http://localhost:8080'],
    ['PUBLIC_URL', 'https://telegram-webhook.localhost/'],
    ['PUBLIC_URL', 'https://me:secret@vigia.example.org'],
    ['PROBE_ALLOW', '192.168.0.1'],
    ['PROBE_ALLOW', '300.0.0.0/8'],
    ['PROBE_ALLOW', '10.0.0.0/33'],
    ['PROBE_ALLOW', 'fd00::/129'],
    ['PROBE_ALLOW', 'home'],
    ['PROBE_REFERENCE', 'api.telegram.org:443'],
    ['PROBE_REFERENCE', 'tcp://api.telegram.org'],
    ['TELEGRAM_BOT_TOKEN', 'hunter2'],
    ['TELEGRAM_WEBHOOK_SECRET', 'with a blank'],
    ['TELEGRAM_API_ROOT', 'api.telegram.org'],
    ['TELEGRAM_OPS_BOT_TOKEN', '1:aaa'],
    ['TVMAZE_URL', 'ftp://tvmaze'],
    ['LIMIT_MONITORS_PER_CHAT', '0'],
    ['LIMIT_MANUAL_CHECK_SECONDS', '1.5'],
  ])('%s=%s is refused with the name of the variable', (name, value) => {
    const faults = readEnvironment({ [name]: value })
    expect(Array.isArray(faults) && faults.length).toBe(1)
    expect((faults as string[])[0]).toMatch(new RegExp(`^${name} `))
    expect((faults as string[])[0]).not.toMatch(/hunter2|aaa|with a blank/)
  })
})

describe('the environment of a function', () => {
  const { functions } = readManifests(manifestFiles(root))
  const webhook = functions.find(({ name }) => name === 'telegram-webhook')!
  const variables = {
    DATABASE_URL: 'postgresql://here/vigia',
    MONGODB_URI: 'mongodb://here/vigia',
    TELEGRAM_BOT_TOKEN: '1:a',
    TELEGRAM_WEBHOOK_SECRET: 's',
    SOMETHING_ELSE: 'no',
  }

  test('has the variables of its manifest and of Knative, and no other variables of the runtime', () => {
    const env = functionEnv(webhook, variables, {
      brokerOrigin: 'http://127.0.0.1:8080',
      runtimeEnv: { PATH: '/bin', HOME: '/root', AWS_SECRET: 'x', NODE_OPTIONS: '--inspect', TZ: 'Asia/Tokyo' },
    })
    expect(env).toEqual({
      PATH: '/bin',
      TZ: 'UTC',
      HOST: '127.0.0.1',
      FUNCTION_TARGET: 'telegram-webhook',
      NODE_ENV: 'production',
      K_SERVICE: 'telegram-webhook',
      K_CONFIGURATION: 'telegram-webhook',
      K_REVISION: 'telegram-webhook-00001',
      K_SINK: 'http://127.0.0.1:8080/vigia/default',
      K_CE_OVERRIDES: '',
      DATABASE_URL: 'postgresql://here/vigia',
      MONGODB_URI: 'mongodb://here/vigia',
      TELEGRAM_BOT_TOKEN: '1:a',
      TELEGRAM_WEBHOOK_SECRET: 's',
    })
  })

  test('a required variable without a value is reported once, with the line of its manifest', () => {
    const { TELEGRAM_BOT_TOKEN: _, ...others } = variables
    expect(missingVariables(functions, others)).toEqual([
      expect.stringMatching(
        /^knative\/services\/[a-z-]+\.yaml:\d+: TELEGRAM_BOT_TOKEN is not set; see README, "Your own bot"$/,
      ),
    ])
    expect(missingVariables(functions, variables)).toEqual([])
  })
})

test('the process that listens on a port can be named', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  expect(holderOf(port)).toContain(`(pid ${process.pid})`)
  server.close()
})
