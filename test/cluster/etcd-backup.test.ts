import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { type ApiServer, apiServerSkipReason, startApiServer } from './api-server.ts'

const file = join(root, 'infra/machines/etcd-backup.yaml')
const reason = await apiServerSkipReason()

describe.skipIf(reason !== undefined)(`the backup of etcd${reason === undefined ? '' : ` (${reason})`}`, () => {
  let server: ApiServer
  beforeAll(async () => {
    server = await startApiServer()
  })
  afterAll(() => server?.stop())

  test('is accepted by an API server, also a second time, and refused with an unknown field', async () => {
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
