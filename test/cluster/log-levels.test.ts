import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { onPath } from '#infra/delivery/on-path.ts'
import { criLines } from '#test/cluster/support/container-logs.ts'
import { startFluentBit } from '#test/cluster/support/fluent-bit.ts'
import { startServer } from '#test/support/http.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'

const why = onPath('fluent-bit') ? '' : ' (skipped: no fluent-bit on PATH; Debian has no package of it)'

test.skipIf(why)(
  `what the Job doctor prints is information, and a crash is an error, in what VictoriaLogs gets${why}`,
  async () => {
    const folder = temporaryFolder()
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const logs = join(folder, 'containers')
    mkdirSync(logs)
    const write = (container: string, lines: string) =>
      writeFileSync(join(logs, `pod-1_vigia_${container}-${'0a1b'.repeat(16)}.log`), lines)
    const usage = criLines('usage: doctor', 'stderr')
    for (const job of ['doctor', 'dead-letters', 'restore', 'vigia-yaml']) write(job, criLines(`ok ${job}`) + usage)
    write('migrate', criLines('out of memory') + criLines('{"log.level":"warn","message":"migrated"}'))
    write('user-container', criLines('Error: ECONNREFUSED') + criLines('    at main.ts:1', 'stderr'))

    const lines: Record<string, string>[] = []
    const victoriaLogs = await startServer(async (request, response) => {
      const body = await text(request)
      lines.push(
        ...body
          .split('\n')
          .filter(Boolean)
          .map(line => JSON.parse(line)),
      )
      response.writeHead(200).end()
    })
    onTestFinished(victoriaLogs.stop)
    const fluentBit = await startFluentBit('minikube', {
      folder: join(folder, 'state'),
      logs,
      change: output => Object.assign(output, { host: '127.0.0.1', port: victoriaLogs.port }),
    })
    onTestFinished(fluentBit.stop)
    await until(() => lines.length >= 12, { what: 'twelve lines', timeoutMs: 60_000 }).catch(error => {
      throw new Error(`${error.message}; Fluent Bit said:\n${fluentBit.output()}`)
    })
    const found = lines.map(line => [line['kubernetes.container.name'], line['log.level'], line.message].join(' | '))
    expect(found.toSorted()).toEqual([
      'dead-letters | error | usage: doctor',
      'dead-letters | info | ok dead-letters',
      'doctor | error | usage: doctor',
      'doctor | info | ok doctor',
      'migrate | error | out of memory',
      'migrate | warn | migrated',
      'restore | error | usage: doctor',
      'restore | info | ok restore',
      'user-container | error |     at main.ts:1',
      'user-container | error | Error: ECONNREFUSED',
      'vigia-yaml | error | usage: doctor',
      'vigia-yaml | info | ok vigia-yaml',
    ])
  },
)
