/**
 * A pseudo-random number in [0, 1) that depends only on its arguments, so that every policy meets the same sites, slots
 * and response times, in whatever order it asks for them. It hashes the numbers as MurmurHash3 (32 bits) does.
 */
export const randomFrom = (...key: number[]): number => {
  let hash = 0x9747b28c
  for (const number of key) {
    let k = Math.imul(number, 0xcc9e2d51)
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
    hash ^= k
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
