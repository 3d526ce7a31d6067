import { describe, expect, test } from 'vitest'
import { root } from '#infra/repository.ts'
import { publicAddress, publicRoutes } from '#local/http/public-routes.ts'
import { ManifestErrors, manifestFiles, readManifests } from '#local/manifests/manifests.ts'

const broker = `apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: default}
spec: {}
`
const service = (name: string, metadata: string) => ({
  file: `knative/services/${name}.yaml`,
  text: `apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: ${name}
  ${metadata.trim().replaceAll('\n', '\n  ')}
spec:
  template:
    spec:
      containers:
        - image: vigia
          env:
            - {name: FUNCTION_TARGET, value: ${name}}
            - {name: MY_SECRET, valueFrom: {secretKeyRef: {name: s, key: THE_SECRET}}}
`,
})
const read = (...services: [name: string, metadata: string][]) =>
  readManifests([{ file: 'knative/broker.yaml', text: broker }, ...services.map(one => service(...one))]).functions
const faults = (...services: [name: string, metadata: string][]): string[] => {
  try {
    read(...services)
    return []
  } catch (error) {
    if (error instanceof ManifestErrors) return error.lines
    throw error
  }
}
const label = (value: string) => `labels: {vigia.dev/public: "${value}"}`

describe('the label vigia.dev/public', () => {
  test.each([
    ['telegram', '/telegram'],
    ['status.badge', '/status/badge'],
    ['a', '/a'],
    ['v2.status_page-x.7', '/v2/status_page-x/7'],
    ['x'.repeat(63), `/${'x'.repeat(63)}`],
  ])('%s means the path %s', (value, path) => {
    expect(read(['echo', label(value)])[0]!.public).toEqual({ path, secret: null })
    // The value of a label must match this pattern of Kubernetes.
    expect(value).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/)
  })

  test.each([
    ...[
      '/telegram',
      'telegram/',
      'status/badge',
      '',
      '.',
      'a..b',
      '.a',
      'a.',
      '-a',
      'a-',
      'a.-b',
      'Telegram',
      'a b',
      'ü',
    ],
    ...['x'.repeat(64), 'a%2fb', '..', '*'],
  ])('"%s" is refused, and the message says how to write it', value => {
    const [line = '', ...more] = faults(['echo', label(value)])
    expect(line).toContain('knative/services/echo.yaml:1: the document has the label vigia.dev/public: ')
    expect(line).toContain('with a dot between segments')
    expect(more).toEqual([])
  })

  test('the versioned API of the functions may be public', () => {
    expect(faults(['echo', label('api.v1')])).toEqual([])
  })

  test.each(['healthz', 'metrics', 'version', 'readyz', 'api', 'api.functions', 'api.v1.x', 'dead.x'])(
    '%s is reserved',
    value => expect(faults(['echo', label(value)])[0]).toContain('is reserved'),
  )

  test('is refused on a cluster-local Service', () => {
    const both = 'labels: {vigia.dev/public: telegram, networking.knative.dev/visibility: cluster-local}'
    expect(faults(['echo', both])[0]).toContain('is cluster-local; remove one of the two labels')
  })

  test('is what makes a function public', () => expect(read(['echo', ''])[0]!.public).toBe(null))

  test('two functions cannot have the same path, but the path of one may be below the path of the other', () => {
    expect(faults(['echo', label('status')], ['other', label('status')])).toEqual([
      'knative/services/other.yaml:1: the document claims the public path /status, which echo has (knative/services/echo.yaml:1); choose another path',
    ])
    expect(faults(['echo', label('status')], ['other', label('status.badge')])).toEqual([])
  })
})

describe('the annotation vigia.dev/public-secret', () => {
  const annotated = (value: string, key = 'public-secret') =>
    `${label('hook')}\nannotations: {vigia.dev/${key}: "${value}"}`

  test('names the header and a variable that the container must have', () => {
    const { secret } = read(['echo', annotated('X-My-Secret=MY_SECRET')])[0]!.public!
    expect(secret).toMatchObject({ header: 'x-my-secret', entry: { name: 'MY_SECRET', key: 'THE_SECRET' } })
    expect(faults(['echo', annotated('X-My-Secret=OTHER')])[0]).toContain(
      "metadata.annotations[vigia.dev/public-secret] names OTHER, which is not in the container's env",
    )
  })

  test.each(['X-My-Secret', 'X-My-Secret=', '=MY_SECRET', 'X My=MY_SECRET', 'X: MY_SECRET'])('"%s" is refused', value =>
    expect(faults(['echo', annotated(value)])[0]).toContain('should be <header>=<variable of the container>'),
  )

  test('is refused without the label, and so is a misspelt annotation', () => {
    const alone = 'annotations: {vigia.dev/public-secret: "X=MY_SECRET"}'
    expect(faults(['echo', alone])[0]).toContain('has no effect without the label vigia.dev/public')
    expect(faults(['echo', annotated('X=MY_SECRET', 'public-secert')])[0]).toContain(
      'metadata.annotations[vigia.dev/public-secert] is not an annotation of Vigia',
    )
  })
})

test.each([
  ['https://vigia.example.org', 'https://vigia.example.org/telegram'],
  ['https://vigia.example.org/', 'https://vigia.example.org/telegram'],
  ['https://example.org:8443/hook', 'https://example.org:8443/hook/telegram'],
  ['https://example.org/a/b/?k=1', 'https://example.org/a/b/telegram?k=1'],
])('with PUBLIC_URL=%s the webhook address is %s', (publicUrl, address) =>
  expect(publicAddress(new URL(publicUrl), '/telegram')).toBe(address),
)

describe('the manifests in knative/', () => {
  const { functions } = readManifests(manifestFiles(root))
  test('a function is public on one machine if and only if it is public on a cluster', () => {
    for (const one of functions) expect(one.public !== null, one.name).toBe(one.visibility === 'public')
  })

  test('the webhook is at /telegram and the listener checks its secret', () => {
    const webhook = publicRoutes(functions).find('/telegram')!.function
    expect(webhook.name).toBe('telegram-webhook')
    expect(webhook.public.secret).toMatchObject({
      header: 'x-telegram-bot-api-secret-token',
      entry: { key: 'TELEGRAM_WEBHOOK_SECRET' },
    })
  })
})
