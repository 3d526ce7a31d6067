import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'

/** What a server keeps instead of a password. All but `iterations` are Base64. */
export interface Credentials {
  salt: string
  iterations: number
  storedKey: string
  serverKey: string
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()

/** The credentials of a password (RFC 5802, with SHA-256 as in RFC 7677). */
export const credentialsOf = (password: string): Credentials => {
  const salt = randomBytes(28)
  const iterations = 15_000
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  return {
    salt: salt.toString('base64'),
    iterations,
    storedKey: sha256(hmac(salted, 'Client Key')).toString('base64'),
    serverKey: hmac(salted, 'Server Key').toString('base64'),
  }
}

/** The user that a client's first message names: `n,,n=vigia,r=…`. */
export const userIn = (clientFirst: string): string =>
  (/^n,,n=([^,]*),/.exec(clientFirst)?.[1] ?? '').replaceAll('=2C', ',').replaceAll('=3D', '=')

/**
 * The server's side of one authentication. `first` is its answer to the client's first message. `finish` returns its
 * answer to the last message, or undefined if the password is wrong.
 */
export const scramServer = ({ salt, iterations, storedKey, serverKey }: Credentials, clientFirst: string) => {
  const bare = clientFirst.replace(/^n,,/, '')
  const nonce = `${/r=([^,]*)/.exec(bare)?.[1]}${randomBytes(18).toString('base64')}`
  const first = `r=${nonce},s=${salt},i=${iterations}`
  return {
    first,
    finish: (clientFinal: string): string | undefined => {
      const [, withoutProof = '', proof = ''] = /^(.*),p=([^,]*)$/.exec(clientFinal) ?? []
      if (withoutProof !== `c=biws,r=${nonce}`) return undefined
      const message = [bare, first, withoutProof].join(',')
      const stored = Buffer.from(storedKey, 'base64')
      const signature = hmac(stored, message)
      const sent = Buffer.from(proof, 'base64')
      if (sent.length !== signature.length) return undefined
      const clientKey = Buffer.from(sent.map((byte, at) => byte ^ signature[at]!))
      if (!timingSafeEqual(sha256(clientKey), stored)) return undefined
      return `v=${hmac(Buffer.from(serverKey, 'base64'), message).toString('base64')}`
    },
  }
}
