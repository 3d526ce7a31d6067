import Type, { type Static } from 'typebox'
import type { Secrets } from './check-type.ts'

/**
 * Headers of a request. They are sent only to the host of the monitor. Passwords and tokens belong into the secrets.
 */
export const headers = Type.Optional(
  Type.Record(
    Type.String({ pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$" }),
    Type.String({ maxLength: 2_000, pattern: '^[\\t\\x20-\\x7e]*$' }),
    { additionalProperties: false, maxProperties: 30 },
  ),
)

/**
 * `basic`: the user name `user` and the secret `password`; `bearer`: the secret `token`. Both are sent only to the host
 * of the monitor.
 */
const Authorization = Type.Union([
  Type.Object(
    {
      basic: Type.Object(
        { user: Type.String({ maxLength: 200, pattern: '^[^:]*$' }) },
        { additionalProperties: false },
      ),
    },
    { additionalProperties: false },
  ),
  Type.Object({ bearer: Type.Literal(true) }, { additionalProperties: false }),
])
export const auth = Type.Optional(Authorization)

/** The value of the header Authorization. */
export const authorizationOf = (auth: Static<typeof Authorization>, secrets: Secrets = {}): string =>
  'basic' in auth
    ? `Basic ${Buffer.from(`${auth.basic.user}:${secrets.password ?? ''}`).toString('base64')}`
    : `Bearer ${secrets.token ?? ''}`
