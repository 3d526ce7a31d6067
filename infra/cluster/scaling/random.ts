/**
 * A number in [0, 1) that depends on nothing but its arguments, so that every policy meets the same sites, slots and answers in
 * whatever order it asks. MurmurHash3's 32-bit steps over the words.
 */
export const chance = (...words: number[]): number => {
  let hash = 0x9747b28c
  for (const word of words) {
    let k = Math.imul(word, 0xcc9e2d51)
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
    hash ^= k
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
