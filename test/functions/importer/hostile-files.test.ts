import { strToU8, Zip, ZipDeflate, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { readSeries } from '#functions/importer/read-series.ts'
import { RefusedFile } from '#functions/importer/refused-file.ts'

/** Why the file is refused; null if it is read. */
const refusal = (name: string, bytes: Uint8Array | string): Promise<string | null> =>
  readSeries(name, Buffer.from(bytes as string)).then(
    () => null,
    error => {
      if (!(error instanceof RefusedFile)) throw error
      return error.reason
    },
  )

const zip = (files: Record<string, string | Uint8Array>) =>
  zipSync(
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [name, typeof content === 'string' ? strToU8(content) : content]),
    ),
  )

/** A ZIP with one file that repeats a text until it has this many megabytes. It is made piece by piece. */
const bomb = (name: string, start: string, repeated: string, megabytes: number): Buffer => {
  const pieces: Uint8Array[] = []
  const archive = new Zip((error, piece) => {
    if (error) throw error
    pieces.push(piece)
  })
  const file = new ZipDeflate(name, { level: 1 })
  archive.add(file)
  file.push(strToU8(start))
  const megabyte = strToU8(repeated.repeat(Math.ceil(2 ** 20 / repeated.length)))
  for (let count = 0; count < megabytes; count++) file.push(megabyte, count === megabytes - 1)
  archive.end()
  return Buffer.concat(pieces)
}

describe('compression bombs', () => {
  test('reading stops at the limit of inflated bytes, and the memory stays flat', async () => {
    const file = bomb('followed_tv_show.csv', 'tv_show_id,archived,tv_show_name\n', `1,0,${'x'.repeat(5_000)}\n`, 70)
    expect(file.length).toBeLessThan(2 ** 20)
    global.gc?.()
    const before = process.memoryUsage().rss
    expect(await refusal('tvtime.zip', file)).toBe('inflatesTooMuch')
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20)
  })

  test('JSON of more than 16 MB is not parsed', async () => {
    expect(await refusal('trakt.zip', bomb('watched-shows.json', '[', ' '.repeat(1_000), 20))).toBe('inflatesTooMuch')
  })

  test('files of no use are not inflated, whatever their size', async () => {
    expect(await refusal('x.zip', bomb('readme.md', '', 'a'.repeat(1_000), 70))).toBe('noSeries')
  })

  test('a ZIP inside a ZIP is not opened', async () => {
    expect(await refusal('x.zip', zip({ 'inner.zip': zip({ 'a.csv': 'key\n' }) }))).toBe('zipInZip')
  })
})

describe('broken and forged archives', () => {
  const good = zip({ 'followed_tv_show.csv': `tv_show_id,archived,tv_show_name\n1,0,${'Dexter '.repeat(20)}\n` })

  test.each([
    ['../../etc/followed_tv_show.csv'],
    ['/etc/followed_tv_show.csv'],
    ['C:\\followed_tv_show.csv'],
    ['a\\..\\b.csv'],
  ])('the path %s is refused', async path => {
    expect(await refusal('x.zip', zip({ [path]: 'tv_show_id,archived,tv_show_name\n1,0,Dexter\n' }))).toBe(
      'unsafeNames',
    )
  })

  test('a ZIP with a password is explained', async () => {
    const encrypted = Buffer.from(good)
    encrypted[6]! |= 1
    expect(await refusal('x.zip', encrypted)).toBe('encrypted')
  })

  test('half a ZIP, a ZIP with changed bytes, and no ZIP at all', async () => {
    expect(await refusal('x.zip', good.subarray(0, 70))).toBe('brokenZip')
    const changed = Buffer.from(good)
    changed.fill(0xff, 52, 60)
    expect(await refusal('x.zip', changed)).toBe('brokenZip')
    expect(await refusal('x.zip', 'PK is how a ZIP begins')).toBe('brokenZip')
    expect(await refusal('x.zip', '')).toBe('brokenZip')
  })
})

describe('tables that no export has', () => {
  const followed = 'tv_show_id,archived,tv_show_name\n'

  test('a million rows, also empty ones', async () => {
    expect(await refusal('x.csv', `${followed}${'1,0,Dexter\n'.repeat(1_000_000)}`)).toBe('tooManyRows')
    expect(await refusal('x.csv', `${followed}${'\n'.repeat(1_000_000)}`)).toBe('tooManyRows')
  })

  test('thousands of series', async () => {
    const rows = Array.from({ length: 2_001 }, (_, at) => `${at + 1},0,Series ${at}\n`).join('')
    expect(await refusal('x.csv', `${followed}${rows}`)).toBe('tooManySeries')
  })

  test('a quote that is never closed, and a cell or a row without end', async () => {
    expect(await refusal('x.csv', `${followed}1,0,"Dexter\n${'1,0,x\n'.repeat(10_000)}`)).toBe('hugeCell')
    expect(await refusal('x.csv', `${followed}1,0,${'x'.repeat(40_000)}`)).toBe('hugeCell')
    expect(await refusal('x.csv', ','.repeat(10_000))).toBe('hugeCell')
  })

  test('letters that are not UTF-8, and bytes that are no text', async () => {
    expect(await refusal('x.csv', Buffer.from(`${followed}1,0,Cidade Invisível\n`, 'latin1'))).toBe('wrongEncoding')
    expect(await refusal('x.txt', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1]))).toBe('wrongEncoding')
    expect(await refusal('x.txt', 'a\0b')).toBe('wrongEncoding')
  })

  test('JSON that is cut off, very deep, or about something else', async () => {
    expect(await refusal('x.json', '[{"title":"Dexter"')).toBe('brokenJson')
    expect(await refusal('x.json', '['.repeat(100_000))).toBe('brokenJson')
    expect(await refusal('x.json', '{"a":1}')).toBe('noSeries')
    expect(await refusal('x.json', '[null,1,"x",{"show":5,"seasons":"x"},{"show":{"title":7}}]')).toBe('noSeries')
  })

  test('an empty file', async () => {
    expect(await refusal('x.csv', '')).toBe('noSeries')
  })
})
