/** The largest body. A file with a thousand monitors has about a third of this. */
export const maxBodyBytes = 512 * 1024

/** Each key may send this many requests at once, and then one every `keySeconds`. */
export const keyBurst = 60
export const keySeconds = 1
