import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { functionLog } from '#local/activator/function-log.ts'
import { levelOf, readable } from '#local/activator/log-lines.ts'
import { folder } from '#test/local/activator/support/activator.ts'
import { canMount, disk, fill, remount } from '#test/support/disks.ts'
import { until } from '#test/support/until.ts'

describe('the output of functions', () => {
  const logs = join(folder, 'function-log')
  const logOf = async (...chunks: string[]) => {
    const shown: string[] = []
    const log = functionLog(logs, 'echo', (_, line) => shown.push(line), { maxBytes: 10_000 })
    const output = Readable.from(chunks)
    const { last } = log.follow(output)
    await until(() => output.readableEnded)
    await log.close()
    return { shown, last: last(), file: readFileSync(join(logs, 'echo.log'), 'utf8') }
  }

  test('is split into lines, whatever the chunks are, and the last lines are kept for the message about a crash', async () => {
    const { shown, last } = await logOf(
      '{"log.level":"info","message":"one"',
      '}\n{"log.level":"error","message":"tw',
      'o"}\nno new line',
    )
    expect(shown).toEqual([
      '{"log.level":"info","message":"one"}',
      '{"log.level":"error","message":"two"}',
      'no new line',
    ])
    expect(last).toEqual(['one', 'two', 'no new line'])
  })

  test('has its secrets redacted, also in the output of a crash', async () => {
    const token = `123456789:${'A'.repeat(35)}`
    const { shown, file } = await logOf(`TypeError: fetch failed https://api.telegram.org/bot${token}/sendMessage\n`)
    expect(shown.join()).not.toContain(token)
    expect(file).not.toContain(token)
  })

  test('is written to a file of bounded size, and the previous file is kept', async () => {
    for (let round = 0; round < 5; round++) await logOf(`${'x'.repeat(4_000)}\n`)
    await logOf('after\n')
    expect(statSync(join(logs, 'echo.log.1')).size).toBeGreaterThan(10_000)
    expect(statSync(join(logs, 'echo.log')).size).toBeLessThan(10_000)
  })

  test.skipIf(!canMount).each([
    ['full', 'ENOSPC', fill],
    ['read-only', 'EROFS', (at: string) => remount(at, 'ro')],
  ])('is shown, and not slowed, while the disk is %s, and the reason is reported once', async (_, code, change) => {
    const at = disk('size=64k')
    change(at)
    const reasons: (string | undefined)[] = []
    const shown: string[] = []
    const whenUnwritable = (error: NodeJS.ErrnoException) => reasons.push(error.code)
    const log = functionLog(at, 'echo', (_, line) => shown.push(line), { whenUnwritable })
    // 20 MB is more than the pipe and the stream of the file can hold.
    const lines = Array.from({ length: 5_000 }, (_, at) => `${at} ${'x'.repeat(4_000)}\n`)
    const output = Readable.from(lines)
    log.follow(output)
    await until(() => shown.length === lines.length && reasons.length > 0)
    await log.close()
    expect(reasons).toEqual([code])
  })

  test('is shown even while the log folder cannot be written, and is written to the file again later', async () => {
    rmSync(logs, { recursive: true, force: true })
    writeFileSync(logs, '')
    const log = functionLog(logs, 'echo', () => {})
    const { last } = log.follow(Readable.from(['one\n']))
    await until(() => last().length === 1)
    await log.close()
    rmSync(logs)
    expect((await logOf('two\n')).file).toBe('two\n')
  })

  test.each([
    ['{"log.level":"warn","@timestamp":"x","message":"slow"}', 'warn', 'slow'],
    [
      '{"log.level":"error","trace.id":"0af7","error.message":"no route","message":"failed","event.duration":5000000}',
      'error',
      'failed  no route  trace=0af7  ms=5',
    ],
    ['Error: boom', 'error', 'Error: boom'],
    ['(node:17) [DEP0040] DeprecationWarning: punycode', 'debug', '(node:17) [DEP0040] DeprecationWarning: punycode'],
    ['{"broken', 'error', '{"broken'],
  ])('the line %s has the level %s and is shown as "%s"', (line, level, words) => {
    expect(levelOf(line)).toBe(level)
    expect(readable(line)).toBe(words)
  })
})
