import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { activator } from '#local/activator/activator.ts'
import { functionLog } from '#local/activator/function-log.ts'
import { startProcess } from '#local/activator/function-process.ts'
import { folder, manifest } from '#test/local/activator/support/activator.ts'
import {
  type BehavingFunction,
  functions,
  type Limits,
  scenarios,
} from '#test/support/activator-conformance/scenarios.ts'
import { startRecorder } from '#test/support/broker-server.ts'
import { sendRequest } from '#test/support/http.ts'
import { until } from '#test/support/until.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A function of the local activator with an HTTP server in front, as the runtime has one. */
const startFunction = async ({ containerConcurrency, timeoutSeconds }: Limits): Promise<BehavingFunction> => {
  const recorder = await startRecorder()
  cleanups.push(recorder.stop)
  const started = activator(
    [manifest({ containerConcurrency, timeoutMs: timeoutSeconds * 1000, maxScale: 1 })],
    ({ readinessPath, startTimeoutMs }) =>
      startProcess({
        command: [process.execPath, join(root, 'test/support/activator-conformance/behaving-function.ts')],
        env: { PATH: process.env.PATH ?? '', HOST: '127.0.0.1', CONTROL_URL: recorder.url },
        readinessPath,
        startTimeoutMs,
        log: functionLog(join(folder, 'logs'), 'echo', () => {}),
        remember: () => {},
        forget: () => {},
      }),
    () => {},
  )
  cleanups.push(() => started.close(100))
  const server = createServer((request, response) => void started.proxy('echo', request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(async () => {
    server.closeAllConnections()
    server.close()
  })
  const send: BehavingFunction['send'] = request => sendRequest((server.address() as AddressInfo).port, request)
  return {
    recorder,
    send,
    sendPast: send,
    retire: () => started.stop('echo'),
    crash: async () => {
      await started.stop('echo')
      await until(async () => (await send({ method: 'GET', path: '/status/200' })).status === 503)
    },
  }
}

describe('what a client of a function sees', () => {
  test.each(scenarios)('$title', async scenario => {
    const one = await startFunction(functions[scenario.function])
    expect(await scenario.run(one)).toEqual(scenario.outcome)
  })
})
