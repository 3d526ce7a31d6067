import { label } from '../pages.ts'
import { type DraftChanges, type Field, none, type RefusedText } from './field.ts'
import { jsonAssertions, sayJsonAssertions } from './json-assertions.ts'
import { areValid, inKinds, sameText, setting, settingsOf, without } from './setting.ts'

/** Lines such as `X-Team: ops`; null if a line is not a header. */
const parsedHeaders = (text: string): Record<string, string> | null => {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  const pairs = lines.map(line => /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line)?.slice(1))
  return pairs.length === 0 || pairs.includes(undefined) ? null : Object.fromEntries(pairs as [string, string][])
}

const sayHeaders = (headers: unknown) =>
  Object.entries(headers as Record<string, string>)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ')

const headers = setting({
  properties: inKinds('headers', 'http', 'websocket'),
  parse: parsedHeaders,
  refusal: 'headers',
  show: value => label(sayHeaders(value)),
})

const secretHeader = /^\s*(?:authorization|proxy-authorization|cookie)\s*:/im

/** A password or a token in a header is refused, because headers are shown in the chat. */
const headersWithoutSecrets: Field = {
  ...headers,
  read: (drafting, text) =>
    secretHeader.test(text)
      ? { refusal: drafting.context.messages.wizard.secretHeaderRefused(), isSecret: true }
      : headers.read!(drafting, text),
}

/** `ana:senha`, or a token after the word `bearer` or `token`. */
const credentialsIn = (text: string): { auth: unknown; secrets: Record<string, string> } | null => {
  const [, token] = /^(?:authorization:\s*)?(?:bearer|token)[\s:]+(\S+)$/i.exec(text.trim()) ?? []
  if (token !== undefined) return { auth: { bearer: true }, secrets: { token } }
  const [, user, password] = /^([^:\s]+):(\S.*)$/.exec(text.trim()) ?? []
  return user === undefined ? null : { auth: { basic: { user } }, secrets: { password: password! } }
}

/** The longest password or token. */
const maxSecretLength = 2_000

const auth: Field = {
  isSecret: true,
  isOffered: ({ draft: { content } }) => content.kind === 'http' || content.kind === 'websocket',
  choices: () => [],
  choose: (drafting, value) => (value === none ? { settings: without(settingsOf(drafting), 'auth') } : null),
  read: async (drafting, text): Promise<DraftChanges | RefusedText> => {
    const found = text.length > maxSecretLength ? null : credentialsIn(text)
    const settings = { ...settingsOf(drafting), auth: found?.auth }
    return found !== null && (await areValid(drafting, settings))
      ? { settings, secrets: found.secrets }
      : { refusal: drafting.context.messages.wizard.authRefused(), isSecret: true }
  },
  show: drafting => {
    const { auth } = settingsOf(drafting) as { auth?: { basic: { user: string } } | { bearer: true } }
    if (auth === undefined) return null
    const { wizard } = drafting.context.messages
    return 'basic' in auth ? label(wizard.passwordOf(auth.basic.user)) : wizard.tokenStored
  },
  isRemovable: drafting => settingsOf(drafting).auth !== undefined,
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** The fields of a request and of what its answer must contain. */
export const requestFields = {
  method: setting({
    properties: inKinds('method', 'http'),
    choices: () => sameText(methods),
    parse: text => text.trim().toUpperCase(),
    refusal: 'method',
    usual: 'GET',
  }),
  headers: headersWithoutSecrets,
  body: setting({ properties: inKinds('body', 'http'), parse: text => text.trim() || null, refusal: 'body' }),
  json: setting({
    properties: inKinds('json', 'http'),
    parse: jsonAssertions,
    refusal: 'json',
    show: value => label(sayJsonAssertions(value)),
  }),
  auth,
} satisfies Record<string, Field>
