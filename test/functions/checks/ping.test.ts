import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pingWith } from '#functions/checks/ping.ts'
import { checkRunner } from '#functions/uptime-prober/check-runner.ts'
import { connectivityTracker } from '#functions/uptime-prober/connectivity.ts'
import { names, open, openAddress, strict } from '#test/functions/dial/support/servers.ts'
import { attemptOf, noon } from './support.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vigia-ping-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Makes a program that stands for ping: it notes its arguments and runs the lines of shell. */
const program = (name: string, shell: string) => {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\necho "$@" > ${path}.arguments\n${shell}\n`)
  chmodSync(path, 0o755)
  return path
}
const argumentsOf = (path: string) => readFileSync(`${path}.arguments`, 'utf8').trim()

const reply = '64 bytes from 127.0.0.2: icmp_seq=1 ttl=64 time=12.5 ms'
const loss = '1 packets transmitted, 0 received, 100% packet loss, time 0ms'

test('a host that answers passes, with the time of the round trip; the program gets an address and never the text of the user', async () => {
  names['host.test'] = [openAddress]
  const path = program('answers', `echo "${reply}"`)
  const found = await attemptOf('ping', pingWith([path]), strict)('ping://host.test')
  expect(found).toMatchObject({ error: null, contact: true, address: openAddress })
  expect(found.firstByteMs).toBeCloseTo(12.5, 0)
  expect(argumentsOf(path)).toBe(`-c 1 -w 5 ${openAddress}`)
})

test.each([
  ['that does not answer', `echo "${loss}"; exit 1`, 'timeout'],
  ['that cannot be reached', 'echo "ping: connect: Network is unreachable" >&2; exit 2', 'unreachable'],
  ['whose router refuses', `echo "From 10.0.0.1 Destination Host Unreachable"; echo "${loss}"; exit 1`, 'unreachable'],
  [
    'behind a program without privileges',
    'echo "ping: socket: Operation not permitted" >&2; exit 2',
    'ping-unavailable',
  ],
])('a host %s gives the expected error', async (_, shell, error) => {
  const path = program('fails', shell)
  expect(await attemptOf('ping', pingWith([path]))('ping://a.test')).toMatchObject({ error, contact: false })
})

test('a program that hangs or prints without end is ended at the time limit', async () => {
  for (const shell of ['exec sleep 60', 'exec yes']) {
    const found = await attemptOf('ping', pingWith([program('hangs', shell)]))('ping://a.test', {}, { timeoutMs: 300 })
    expect(['timeout', 'ping-unavailable']).toContain(found.error)
    expect(found.totalMs).toBeLessThan(1_500)
  }
})

test('a private address is not pinged', async () => {
  const path = program('never', `echo "${reply}"`)
  const found = await attemptOf('ping', pingWith([path]), strict)('ping://127.0.0.1')
  expect(found).toMatchObject({ error: 'private-address' })
  expect(() => argumentsOf(path)).toThrow('ENOENT')
})

test('without a ping program the check says so, and says nothing about the site', async () => {
  const found = await attemptOf('ping', pingWith(['/nowhere/ping']))('ping://a.test')
  expect(found).toMatchObject({ error: 'ping-unavailable' })
  const runCheck = checkRunner({
    ...{ dialler: { ...open, attempt: async () => found }, connectivity: connectivityTracker(() => true, null) },
    ...{ clock: () => new Date(noon), sleep: async () => {} },
  })
  const check = {
    monitorId: 1,
    kind: 'ping',
    url: 'ping://a.test',
    timeoutMs: 1_000,
    intervalS: 60,
    dueAt: noon,
  } as const
  expect(await runCheck(check)).toMatchObject({
    confirmed: false,
    result: { ok: null, error: 'ping-unavailable', attempts: 1 },
  })
})
