import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { isTransient } from '#database/unavailable.ts'
import { heartbeatsIn } from '#database/uptime/heartbeats.ts'
import { heartbeat } from '#functions/heartbeat/heartbeat.ts'
import { pingWriter } from '#functions/heartbeat/ping-writer.ts'
import { storePings } from '#functions/heartbeat/store-pings.ts'
import { systemClock } from '#functions/host/clock.ts'
import { floodGuard } from '#functions/host/flood-guard.ts'
import { root } from '#infra/repository.ts'
import { addHeartbeat, heartbeatDatabase } from '#test/functions/heartbeat/support.ts'
import { startFunction } from '#test/support/function-server.ts'
import { pythonPackages } from './support/python-packages.ts'

const database = heartbeatDatabase()
const folder = join(root, 'test/cluster/heartbeat')
const installed = await pythonPackages(join(folder, 'requirements.txt'))
const why = 'reason' in installed ? ` (skipped: ${installed.reason})` : ''

test.skipIf('reason' in installed)(
  `Healthchecks' client library for Python pings Vigia unchanged${why}`,
  {
    timeout: 60_000,
  },
  async () => {
    if ('reason' in installed) return
    const { db } = database
    const { id, token, key } = await addHeartbeat(db)
    const writer = pingWriter({
      store: storePings(db, { monitorsPerChat: 50 }),
      isTransient,
      now: systemClock,
      recovered: async () => {},
    })
    const dependencies = { writer, clock: systemClock, tell: () => {}, isFlood: floodGuard(systemClock) }
    await using vigia = await startFunction({
      name: 'heartbeat',
      http: { handle: (request, context) => heartbeat(request, context, dependencies) },
    })
    const { stdout } = await promisify(execFile)(join(installed.folder, 'python'), [
      join(folder, 'client.py'),
      `http://127.0.0.1:${vigia.port}/ping/`,
      key,
      token,
    ])
    expect(stdout.trim().split('\n')).toEqual([...Array(5).fill("(True, 'OK')"), 'CheckNotFoundError'])
    const pings = await heartbeatsIn(db).lastPings(id, 10)
    expect(pings.toReversed().map(({ action, exitCode, log }) => [action, exitCode, log])).toEqual([
      ['start', null, null],
      ['success', null, 'by token'],
      ['success', null, 'by slug'],
      ['fail', 3, null],
      ['fail', null, null],
    ])
  },
)
