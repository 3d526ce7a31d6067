import Type, { type Static, type TSchema, type TUnsafe } from 'typebox'
import { type PageAccess, pageAccesses } from '#database/pages/status-pages.ts'
import type { MonitorKind } from '#database/uptime/monitors.ts'
import { type ReminderSetting, reminderSettings } from '#database/uptime/told-states.ts'
import { settingsSchemas } from '#functions/checks/settings-schemas.ts'
import { durationPattern } from './duration.ts'

/** The kinds of monitors that the file may have: those whose settings have a schema. */
export const fileKinds = Object.keys(settingsSchemas) as MonitorKind[]

const closed = { additionalProperties: false }
const Duration = (description: string) => Type.String({ pattern: durationPattern, description })

/** The key of a monitor. It identifies the monitor, so a monitor with a new key is a new monitor. */
export const keyPattern = '^[a-z0-9][a-z0-9._-]{0,63}$'

/** Where a password or a token comes from. `value` is the secret itself. */
export type SecretEntry = { env: string } | { file: string } | { stored: true } | { value: string }

/** A secret that is given, and not kept. */
export type GivenSecret = Exclude<SecretEntry, { stored: true }>

const stored = Type.Object({ stored: Type.Literal(true) }, closed)
const secretEnv = Type.Object({ env: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }) }, closed)
const secretFile = Type.Object({ file: Type.String({ minLength: 1 }) }, closed)
const secretValue = Type.Object({ value: Type.String({ minLength: 1, maxLength: 16_384 }) }, closed)

/** The forms in a file, which never contains a secret. */
const fileSecret = Type.Unsafe<SecretEntry>(
  Type.Union([secretEnv, secretFile, stored], {
    description:
      'A password or a token: {env: NAME} reads an environment variable, {file: path} reads a file, {stored: true} keeps the value that Vigia has.',
  }),
)

/** The forms in a request to the API, which must not read the variables and files of Vigia's machine. */
const requestSecret = Type.Unsafe<SecretEntry>(
  Type.Union([secretValue, stored], {
    description:
      'A password or a token: {value: …} is the secret itself, {stored: true} keeps the value that Vigia has. Answers never contain the value.',
  }),
)

/** A monitor as the file describes it. The settings of its kind are checked by the schema of the kind. */
const monitorEntry = (secret: TUnsafe<SecretEntry>) =>
  Type.Object(
    {
      name: Type.Optional(
        Type.String({ minLength: 1, maxLength: 100, description: 'For people. Default: a short form of the URL.' }),
      ),
      kind: Type.Optional(
        Type.Unsafe<MonitorKind>({
          enum: fileKinds,
          description: 'The kind of check. Default: what the scheme of the URL says.',
        }),
      ),
      url: Type.Optional(Type.String({ minLength: 1, maxLength: 2048, description: 'What is checked.' })),
      interval: Type.Optional(Duration('The time between two checks, from 10s to 1d. Default: 1m.')),
      timeout: Type.Optional(
        Duration(
          'How long one attempt may take: at most 2m, and at most the interval. Default: 10s, or half of the interval.',
        ),
      ),
      confirmations: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10,
          description: 'Attempts that must fail before it is down. Default: 3.',
        }),
      ),
      recoveries: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 10,
          description: 'Attempts that must succeed before it is up. Default: 2.',
        }),
      ),
      reminder: Type.Optional(
        Type.Unsafe<ReminderSetting>({
          enum: [...reminderSettings],
          description:
            'How often a reminder is sent while it is down; doubling: after 30 min, 1 h, 2 h, … Default: off.',
        }),
      ),
      group: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'The group in lists and pages.' })),
      parent: Type.Optional(
        Type.String({ pattern: keyPattern, description: 'The key of the monitor that this one depends on.' }),
      ),
      topic: Type.Optional(
        Type.Union([Type.Integer({ minimum: 2 }), Type.Null()], {
          description: 'The topic of a forum that gets its messages; null for General. Default: the topic of the chat.',
        }),
      ),
      paused: Type.Optional(Type.Boolean({ description: 'Default: false.' })),
      settings: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'The settings of the kind.' })),
      secrets: Type.Optional(Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }), secret, closed)),
    },
    closed,
  )
export type MonitorEntry = Static<ReturnType<typeof monitorEntry>>

const Minute = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}[T ]\\d{2}:\\d{2}$',
  description: 'A date and a time in the zone: 2027-01-10 02:00.',
})

/** Planned maintenance: at times of cron, or once. Without a monitor and a group it is for the whole chat. */
export const WindowEntry = Type.Object(
  {
    title: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    monitor: Type.Optional(Type.String({ pattern: keyPattern, description: 'The key of the monitor that it is for.' })),
    group: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'The group that it is for.' })),
    zone: Type.Optional(Type.String({ description: 'The time zone of its times. Default: UTC.' })),
    cron: Type.Optional(Type.String({ description: 'When it begins: five fields of cron.' })),
    duration: Type.Optional(Duration('How long it lasts, with cron: from 1m to 7d.')),
    from: Type.Optional(Minute),
    to: Type.Optional(Minute),
  },
  closed,
)
export type WindowEntry = Static<typeof WindowEntry>

const webhookSecretFrom = (forms: TSchema[]) =>
  Type.Unsafe<GivenSecret>(
    Type.Union(forms, {
      description:
        'The secret of the signatures, as Standard Webhooks writes it: whsec_… Default: Vigia keeps the secret that it has, or makes one; the bot shows a new one with /webhook.',
    }),
  )

/** A webhook, with one of the forms of secrets. */
const webhookEntry = (secret: TUnsafe<GivenSecret>) =>
  Type.Object(
    {
      url: Type.String({ minLength: 1, maxLength: 2048, description: 'Where signed requests go.' }),
      page: Type.Optional(
        Type.String({
          description: 'The name of a page of the chat: only what it shows. Default: everything of the chat.',
        }),
      ),
      secret: Type.Optional(secret),
    },
    closed,
  )
export type WebhookEntry = Static<ReturnType<typeof webhookEntry>>

/** A status page. */
export const PageEntry = Type.Object(
  {
    title: Type.String({ minLength: 1, maxLength: 100 }),
    language: Type.Optional(
      Type.Union([Type.Literal('pt-BR'), Type.Literal('en')], {
        description: 'The language, if the browser of a visitor asks for neither. Default: that of the chat.',
      }),
    ),
    access: Type.Optional(
      Type.Unsafe<PageAccess>({
        enum: [...pageAccesses],
        description:
          'link: only people who have the secret address see it. members: only members of the chat see it, with a link from the bot. Default: link.',
      }),
    ),
    domain: Type.Optional(
      Type.String({
        minLength: 4,
        maxLength: 253,
        description: 'The host at whose root the page is shown: status.example.org. Not with access link.',
      }),
    ),
    logo: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 1024 }), Type.Null()], {
        description:
          'A PNG, JPEG or WebP file of up to 1 MB and 2,000 pixels a side; null for none. Default: the logo that the page has.',
      }),
    ),
    monitors: Type.Optional(
      Type.Array(
        Type.Union([
          Type.String({ pattern: keyPattern }),
          Type.Object(
            {
              monitor: Type.String({ pattern: keyPattern }),
              name: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Its name on the page.' })),
              group: Type.Optional(
                Type.String({ minLength: 1, maxLength: 100, description: 'Its group on the page.' }),
              ),
            },
            closed,
          ),
        ]),
        { description: 'The monitors that it shows, by key, in this order. Default: all monitors of the chat.' },
      ),
    ),
  },
  closed,
)
export type PageEntry = Static<typeof PageEntry>

/** The schemas of the file, with one of the forms of secrets, and that of the secret of a webhook. */
const schemasWith = (secret: TUnsafe<SecretEntry>, webhookSecret: TUnsafe<GivenSecret>) => {
  const MonitorEntry = monitorEntry(secret)
  /** A chat and what Vigia watches for it. */
  const ChatEntry = Type.Object(
    {
      id: Type.Integer({
        minimum: -Number.MAX_SAFE_INTEGER,
        maximum: Number.MAX_SAFE_INTEGER,
        description: "Telegram's id of the chat; the ids of groups are negative.",
      }),
      topic: Type.Optional(
        Type.Integer({ minimum: 2, description: 'The topic of a forum that gets the messages about the monitors.' }),
      ),
      language: Type.Optional(Type.Union([Type.Literal('pt-BR'), Type.Literal('en')])),
      zone: Type.Optional(Type.String({ description: 'The time zone: America/Sao_Paulo.' })),
      monitors: Type.Optional(
        Type.Record(Type.String({ pattern: keyPattern }), MonitorEntry, {
          ...closed,
          description: 'The monitors of the chat, by key.',
        }),
      ),
      windows: Type.Optional(
        Type.Record(Type.String({ pattern: keyPattern }), WindowEntry, {
          ...closed,
          description: 'The maintenance windows of the chat, by key.',
        }),
      ),
      pages: Type.Optional(
        Type.Record(Type.String({ pattern: '^[a-z0-9-]{3,40}$' }), PageEntry, {
          ...closed,
          description: 'The status pages of the chat, by the name in their address.',
        }),
      ),
      webhooks: Type.Optional(
        Type.Record(Type.String({ pattern: keyPattern }), webhookEntry(webhookSecret), {
          ...closed,
          description: 'The URLs that get a signed request when something happens, by key.',
        }),
      ),
    },
    closed,
  )
  /** The whole file. */
  const VigiaYaml = Type.Object({ chats: Type.Array(ChatEntry) }, closed)
  return { MonitorEntry, ChatEntry, VigiaYaml }
}

/** The schemas of vigia.yaml, and of the same content in a request to the API. */
export const fileSchemas = schemasWith(fileSecret, webhookSecretFrom([secretEnv, secretFile]))
export const requestSchemas = schemasWith(requestSecret, webhookSecretFrom([secretValue]))
export type FileSchemas = typeof fileSchemas
export type ChatEntry = Static<FileSchemas['ChatEntry']>
export type VigiaYaml = Static<FileSchemas['VigiaYaml']>

/**
 * The JSON Schema for editors. It differs from the schema above in one thing: the settings have the schema of the kind,
 * so that an editor completes them.
 */
export const editorSchema = (): object => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'https://vigia.dev/vigia-yaml/v1',
  title: 'vigia.yaml',
  ...withSettings(fileSchemas.VigiaYaml),
})

/** A schema whose monitors have the settings of their kind. */
export const withSettings = (schema: TSchema): object =>
  JSON.parse(JSON.stringify(schema), (_, value: unknown) =>
    isMonitorEntry(value) ? { ...value, allOf: fileKinds.map(settingsOfKind) } : value,
  )

const isMonitorEntry = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && 'properties' in value && 'confirmations' in Object(value.properties)

/** A monitor without `kind` has the kind of its URL's scheme, so the condition also reads the URL. */
const settingsOfKind = (kind: string) => ({
  if: {
    anyOf: [
      { properties: { kind: { const: kind } }, required: ['kind'] },
      {
        properties: { url: { pattern: schemePatterns[kind] ?? `^${kind}://` } },
        required: ['url'],
        not: { required: ['kind'] },
      },
    ],
  },
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: {
    properties: { settings: { title: `settings.${kind}`, ...settingsSchemas[kind as keyof typeof settingsSchemas] } },
  },
})

/** The URLs that belong to a kind when the entry names none. */
export const schemePatterns: Readonly<Record<string, string>> = {
  http: '^([Hh][Tt][Tt][Pp][Ss]?://|(?![A-Za-z][A-Za-z0-9+.-]*://))',
  websocket: '^[Ww][Ss][Ss]?://',
  grpc: '^[Gg][Rr][Pp][Cc][Ss]?://',
}
