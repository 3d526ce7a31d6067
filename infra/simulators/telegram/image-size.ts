const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** The type and the size in pixels of a PNG or JPEG. Null for other bytes, and for a PNG that is cut off. */
export const imageSize = (bytes: Buffer): { type: string; width: number; height: number } | null => {
  if (bytes.subarray(0, 8).equals(pngSignature)) {
    const isWhole = bytes.length > 45 && bytes.toString('latin1', bytes.length - 8, bytes.length - 4) === 'IEND'
    return isWhole ? { type: 'image/png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) } : null
  }
  return bytes.subarray(0, 2).equals(Buffer.from([0xff, 0xd8])) ? jpegSize(bytes) : null
}

/** The size is in the first segment that starts a frame (SOF0 to SOF15 without DHT, JPG and DAC). */
const jpegSize = (bytes: Buffer) => {
  for (let at = 2; at + 9 < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1]!
    if (bytes[at] !== 0xff) return null
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { type: 'image/jpeg', width: bytes.readUInt16BE(at + 7), height: bytes.readUInt16BE(at + 5) }
  }
  return null
}
