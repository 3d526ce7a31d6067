import { crc32, deflateSync } from 'node:zlib'

/** A PNG poster without text: a sky, a horizon and a moon, in colours that depend on `seed`. */
export const picture = (seed: number, width: number, height: number): Buffer => {
  const hue = (seed * 47) % 360
  const top = colour(hue, 0.45, 0.24)
  const bottom = colour((hue + 40) % 360, 0.6, 0.55)
  const ground = colour((hue + 200) % 360, 0.35, 0.14)
  const moon = colour((hue + 60) % 360, 0.5, 0.85)
  const moonX = width * (0.3 + ((seed * 13) % 40) / 100)
  const moonY = height * 0.3
  const radius = width * 0.16
  const rows = Buffer.alloc((width * 3 + 1) * height)
  let offset = 0
  for (let y = 0; y < height; y++) {
    offset++
    const share = y / height
    for (let x = 0; x < width; x++) {
      const horizon = height * (0.72 + 0.05 * Math.sin((x / width) * 7 + seed))
      const inMoon = (x - moonX) ** 2 + (y - moonY) ** 2 < radius ** 2
      const pixel = y > horizon ? ground : inMoon ? moon : mixed(top, bottom, share)
      for (const channel of pixel) rows[offset++] = channel
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  // 8 bits per channel, RGB, no interlacing.
  header.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const chunk = (type: string, data: Buffer): Buffer => {
  const named = Buffer.concat([Buffer.from(type), data])
  const framed = Buffer.alloc(8 + named.length)
  framed.writeUInt32BE(data.length, 0)
  named.copy(framed, 4)
  framed.writeUInt32BE(crc32(named), framed.length - 4)
  return framed
}

type Rgb = [number, number, number]

const mixed = (a: Rgb, b: Rgb, share: number): Rgb => [
  Math.round(a[0] + (b[0] - a[0]) * share),
  Math.round(a[1] + (b[1] - a[1]) * share),
  Math.round(a[2] + (b[2] - a[2]) * share),
]

const colour = (hue: number, saturation: number, lightness: number): Rgb => {
  const channel = (shift: number) => {
    const k = (shift + hue / 30) % 12
    const reach = saturation * Math.min(lightness, 1 - lightness)
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}
