import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { type ApiServer, apiServer, whyNoApiServer } from './api-server.ts'

const file = join(root, 'infra/machines/etcd-backup.yaml')
const reason = await whyNoApiServer()

describe.skipIf(reason !== undefined)(`the backup of etcd${reason === undefined ? '' : ` (${reason})`}`, () => {
  let server: ApiServer
  beforeAll(async () => {
    server = await apiServer()
  })
  afterAll(() => server?.stop())

  test('is taken by an API server as it is, twice, and refused with a field that a CronJob does not have', async () => {
    const apply = ['apply', '--server-side', '--validate=strict', '-f']
    for (const time of ['first', 'second'])
      expect({ time, ...(await server.kubectl([...apply, file])) }).toMatchObject({ time, code: 0, stderr: '' })
    expect(await server.kubectl(['diff', '--server-side', '-f', file])).toMatchObject({ code: 0, stdout: '' })

    const input = (await readFile(file, 'utf8')).replace('completionMode:', 'completionMod:')
    const { code, stderr } = await server.kubectl([...apply, '-'], { input })
    expect(code).not.toBe(0)
    expect(stderr).toContain('completionMod')
  })
})
