// This file encodes arrays in PostgreSQL's binary form. The driver sends a Buffer unchanged and marks it as binary, so
// each array is copied once. The driver's own encoding would quote every element and write bytes as hexadecimal text.

/** The object identifiers of PostgreSQL's types. */
const oid = { bool: 16, bytea: 17, int8: 20, int4: 23, text: 25, float8: 701, uuid: 2950 }

const headerBytes = 20

// The fields in order: one dimension, NULL may occur, the type, the number of elements, the index of the first element.
const header = (array: Buffer, type: number, length: number): void => {
  array.writeInt32BE(1, 0)
  array.writeInt32BE(1, 4)
  array.writeInt32BE(type, 8)
  array.writeInt32BE(length, 12)
  array.writeInt32BE(1, 16)
}

const empty = (type: number): Buffer => {
  const array = Buffer.alloc(12)
  array.writeInt32BE(type, 8)
  return array
}

const fixed =
  <T>(type: number, bytes: number, write: (array: Buffer, value: T, at: number) => void) =>
  (values: readonly (T | null)[]): Buffer => {
    if (values.length === 0) return empty(type)
    const array = Buffer.allocUnsafe(headerBytes + values.length * (4 + bytes))
    header(array, type, values.length)
    let at = headerBytes
    for (const value of values) {
      array.writeInt32BE(value === null ? -1 : bytes, at)
      at += 4
      if (value === null) continue
      write(array, value, at)
      at += bytes
    }
    return array.subarray(0, at)
  }

/** int8[] of safe integers. */
export const int8s = fixed<number>(oid.int8, 8, (array, value, at) => {
  array.writeInt32BE(Math.floor(value / 2 ** 32), at)
  array.writeUInt32BE(value >>> 0, at + 4)
})
export const int4s = fixed<number>(oid.int4, 4, (array, value, at) => array.writeInt32BE(value, at))
export const float8s = fixed<number>(oid.float8, 8, (array, value, at) => array.writeDoubleBE(value, at))
export const booleans = fixed<boolean>(oid.bool, 1, (array, value, at) => array.writeUInt8(value ? 1 : 0, at))
/** uuid[] of 16 bytes each. */
export const uuids = fixed<Buffer>(oid.uuid, 16, (array, value, at) => value.copy(array, at, 0, 16))

export const byteas = (values: readonly Buffer[]): Buffer => {
  if (values.length === 0) return empty(oid.bytea)
  const array = Buffer.allocUnsafe(values.reduce((sum, value) => sum + 4 + value.length, headerBytes))
  header(array, oid.bytea, values.length)
  let at = headerBytes
  for (const value of values) {
    at = array.writeInt32BE(value.length, at)
    at += value.copy(array, at)
  }
  return array
}

export const texts = (values: readonly (string | null)[]): Buffer => {
  if (values.length === 0) return empty(oid.text)
  // A UTF-16 code unit takes at most three bytes in UTF-8.
  const maxLength = values.reduce((sum, value) => sum + 4 + 3 * (value?.length ?? 0), headerBytes)
  const array = Buffer.allocUnsafe(maxLength)
  header(array, oid.text, values.length)
  let at = headerBytes
  for (const value of values) {
    const bytes = value === null ? -1 : array.write(value, at + 4)
    array.writeInt32BE(bytes, at)
    at += 4 + Math.max(bytes, 0)
  }
  return array.subarray(0, at)
}
