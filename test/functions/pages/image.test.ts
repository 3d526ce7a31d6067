import fc from 'fast-check'
import { expect, test } from 'vitest'
import { imageIn } from '#functions/pages/image.ts'
import { jpeg, jpegSegment, png, pngChunk, riff, vp8l, webp } from './images.ts'

const svg = Buffer.from('<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
const place = Buffer.from('Exif\0\0GPS -23.5 -46.6', 'latin1')
const vp8x = (flags: number) => Buffer.from([flags, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const vp8 = Buffer.from('0000009d012a40012c00', 'hex')

test.each([
  ['PNG', png(640, 160), { type: 'png', width: 640, height: 160 }],
  ['JPEG', jpeg, { type: 'jpg', width: 1, height: 1 }],
  ['WebP without loss', webp, { type: 'webp', width: 1, height: 1 }],
  [
    'WebP with loss',
    riff([['VP8 ', Buffer.concat([vp8, Buffer.alloc(20)])]]),
    { type: 'webp', width: 320, height: 44 },
  ],
])('a %s is a logo, and is stored as it is', (_, bytes, size) => {
  expect(imageIn(bytes)).toEqual({ ...size, bytes })
})

test.each([
  ['PNG', png(2, 2, [pngChunk('eXIf', place), pngChunk('tEXt', place)]), png(2, 2)],
  ['PNG with something behind its end', Buffer.concat([png(2, 2), svg]), png(2, 2)],
  [
    'JPEG',
    Buffer.concat([jpeg.subarray(0, 2), jpegSegment(0xe1, place), jpegSegment(0xfe, place), jpeg.subarray(2), svg]),
    jpeg,
  ],
  [
    'WebP',
    riff([
      ['VP8X', vp8x(0x1c)],
      ['VP8L', vp8l],
      ['EXIF', place],
    ]),
    riff([
      ['VP8X', vp8x(0x10)],
      ['VP8L', vp8l],
    ]),
  ],
])('the place where a photo was taken, and what is no picture, is not stored: %s', (_, bytes, clean) => {
  expect(imageIn(bytes)).toMatchObject({ bytes: clean })
})

const damaged = Buffer.from(png(2, 2))
damaged[30] = damaged[30]! ^ 1

test.each([
  ['an SVG', svg, 'svg'],
  ['an SVG with a name at its front', Buffer.from(`<!-- PNG -->\n<SVG onload="alert(1)"/>`), 'svg'],
  ['a page of HTML', Buffer.from('<!DOCTYPE html><script>alert(1)</script>'), 'none'],
  ['a GIF', Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1'), 'none'],
  ['nothing', Buffer.alloc(0), 'none'],
  ['a PDF', Buffer.from('%PDF-1.7'), 'none'],
  ['the beginning of a PNG', png(9, 9).subarray(0, 50), 'none'],
  ['a PNG with a wrong checksum', damaged, 'none'],
  ['a PNG without pixels', Buffer.concat([png(2, 2).subarray(0, 33), pngChunk('IEND', Buffer.alloc(0))]), 'none'],
  ['the beginning of a JPEG', jpeg.subarray(0, -2), 'none'],
  [
    'an animated WebP',
    riff([
      ['VP8X', vp8x(2)],
      ['ANIM', Buffer.alloc(6)],
      ['ANMF', Buffer.alloc(40)],
    ]),
    'none',
  ],
  ['the beginning of a WebP', webp.subarray(0, -4), 'none'],
  ['a PNG of 2,001 pixels', png(2_001, 1), 'pixels'],
  ['a PNG without a width', png(0, 1), 'none'],
  ['more than a mebibyte', Buffer.concat([png(2, 2), Buffer.alloc(1024 * 1024)]), 'bytes'],
])('%s is no logo', (_, bytes, fault) => {
  expect(imageIn(bytes)).toBe(fault)
})

test('bytes of any kind end in a picture or a fault, and a picture that is read again is the same', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(png(3, 2), jpeg, webp),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 5 }),
      fc.nat(300),
      (valid, changes, length) => {
        const bytes = Buffer.from(valid)
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        const found = imageIn(bytes.subarray(0, Math.max(12, length)))
        if (typeof found !== 'string') expect(imageIn(found.bytes)).toEqual(found)
      },
    ),
    { numRuns: 500 },
  )
})
