import { describe, expect, test } from 'vitest'
import { logOf, parsePing } from '#functions/heartbeat/ping-request.ts'

const token = '5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278'
const key = 'fqOOd6-F4MMNuCEnzTU01w'
const read = (url: string, method = 'GET') => {
  const { pathname, searchParams } = new URL(url, 'http://vigia.test')
  return parsePing({ method, path: pathname }, searchParams)
}

describe('the URL of a ping', () => {
  test.each([
    ['', { action: 'success', exitCode: null }],
    ['/', { action: 'success', exitCode: null }],
    ['/start', { action: 'start', exitCode: null }],
    ['/fail', { action: 'fail', exitCode: null }],
    ['/log', { action: 'log', exitCode: null }],
    ['/0', { action: 'success', exitCode: 0 }],
    ['/1', { action: 'fail', exitCode: 1 }],
    ['/255', { action: 'fail', exitCode: 255 }],
  ])('ends in %j', (suffix, meaning) => {
    const rest = { runId: null, create: false }
    expect(read(`/ping/${token}${suffix}`)).toEqual({ target: { token }, ...meaning, ...rest })
    expect(read(`/ping/${key}/db-backup${suffix}`)).toEqual({ target: { key, slug: 'db-backup' }, ...meaning, ...rest })
  })

  test('has a run id and asks for a new heartbeat', () => {
    const runId = '728b3763-ca80-4113-9fc0-f50b3c3a4f90'
    expect(read(`/ping/${key}/db-backup/start?rid=${runId.toUpperCase()}&create=1`)).toMatchObject({
      runId,
      create: true,
    })
    expect(read(`/ping/${token}?create=1`)).toMatchObject({ create: false })
    expect(read(`/ping/${key}/db-backup?create=0`)).toMatchObject({ create: false })
  })

  test.each(['GET', 'HEAD', 'POST'])('works with %s', method => {
    expect(read(`/ping/${token}`, method)).toMatchObject({ action: 'success' })
  })

  test.each([
    ['/ping/'],
    ['/ping'],
    ['/other/5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278'],
    ['/ping/5bf66975'],
    [`/ping/${token}/started`],
    [`/ping/${token}/-1`],
    [`/ping/${token}/start/1`],
    [`/ping/${key}`],
    [`/ping/${key}/Backup`],
    [`/ping/${key}/db%20backup`],
    [`/ping/${key}/db-backup/start/1`],
  ])('%s is not found', url => {
    expect(read(url)).toEqual({ status: 404, text: 'not found' })
  })

  test('with an exit code or a run id that cannot exist is refused', () => {
    expect(read(`/ping/${token}/256`)).toEqual({ status: 400, text: 'invalid url format' })
    expect(read(`/ping/${token}?rid=1`)).toEqual({ status: 400, text: 'invalid uuid format' })
  })

  test('with another method is refused', () => {
    expect(read(`/ping/${token}`, 'DELETE')).toEqual({
      status: 405,
      text: 'method not allowed',
      headers: { allow: 'GET, HEAD, POST' },
    })
  })
})

describe('the log of a job', () => {
  test('is kept up to 10 kB, without half a character at its end', () => {
    expect(logOf(Buffer.from(''))).toBeNull()
    expect(logOf(Buffer.from('done'))).toBe('done')
    expect(logOf(Buffer.alloc(20_000, 'x'))).toBe('x'.repeat(10_000))
    expect(logOf(Buffer.from(`x${'é'.repeat(10_000)}`))).toBe(`x${'é'.repeat(4_999)}`)
    expect(logOf(Buffer.from([0x61, 0xff, 0x62]))).toBe('a\uFFFDb')
  })
})
