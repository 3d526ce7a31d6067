import Type, { type TSchema } from 'typebox'
import { durationPattern } from '#functions/vigia-yaml/duration.ts'
import { requestSchemas, WindowEntry, withSettings } from '#functions/vigia-yaml/file-schema.ts'

const closed = { additionalProperties: false }
const nullable = <Schema extends TSchema>(schema: Schema, description?: string) =>
  Type.Union([schema, Type.Null()], description === undefined ? {} : { description })

const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
const Instant = Type.String({ format: 'date-time' })
const Part = nullable(Type.Number({ minimum: 0, maximum: 1 }), 'From 0 to 1; null without checks.')

const { parent: _, ...entryFields } = requestSchemas.MonitorEntry.properties

/** A monitor in a request: the fields of vigia.yaml, except that its parent is named by id. */
export const MonitorBody = Type.Object(
  { ...entryFields, parentId: Type.Optional(nullable(Id, 'The id of the monitor that this one depends on.')) },
  { ...closed, title: 'MonitorBody' },
)

/** The same for the document, with the settings of each kind. */
export const MonitorDocument = Type.Unsafe(withSettings(MonitorBody))

/** The changes of a monitor (JSON Merge Patch): null restores a default, or removes a setting or a secret. */
export const MonitorPatch = Type.Object(
  Object.fromEntries(
    Object.entries(MonitorBody.properties).map(([name, schema]) => [name, Type.Optional(nullable(schema as TSchema))]),
  ),
  { ...closed, title: 'MonitorPatch' },
)

export const Monitor = Type.Object(
  {
    id: Id,
    key: nullable(Type.String(), 'Its key in vigia.yaml; null if no file has it.'),
    state: Type.Unsafe<string>({
      enum: ['up', 'down', 'new', 'paused', 'resumed', 'unknown'],
      description: 'new and resumed: not checked yet; unknown: not checked for a long time.',
    }),
    stateSince: nullable(Instant),
    lastCheckAt: nullable(Instant),
    uptime: Type.Object({ day: Part, month: Part }, closed),
    responseMs: nullable(Type.Number(), 'The average of the last day.'),
    name: Type.String(),
    kind: Type.String(),
    url: nullable(Type.String(), 'null for a heartbeat.'),
    interval: nullable(Type.String()),
    timeout: nullable(Type.String()),
    confirmations: Type.Integer(),
    recoveries: Type.Integer(),
    reminder: Type.String(),
    group: nullable(Type.String()),
    parentId: nullable(Id),
    topic: nullable(Type.Integer()),
    paused: Type.Boolean(),
    settings: Type.Record(Type.String(), Type.Unknown()),
    secrets: Type.Record(Type.String(), Type.Object({ stored: Type.Literal(true) }, closed)),
    pingUrl: Type.Optional(Type.String({ description: 'Only of a heartbeat, and only for a key that may write.' })),
  },
  { ...closed, title: 'Monitor' },
)

export const Monitors = Type.Object({ monitors: Type.Array(Monitor) }, { ...closed, title: 'Monitors' })

export const Groups = Type.Object(
  {
    groups: Type.Array(
      Type.Object(
        { name: Type.String(), monitors: Type.Integer(), down: Type.Integer() },
        { ...closed, title: 'Group' },
      ),
    ),
  },
  { ...closed, title: 'Groups' },
)

export const MonitorFilter = Type.Object(
  {
    group: Type.Optional(Type.String({ description: 'Only the monitors of this group.' })),
    state: Type.Optional(Type.String({ description: 'Only the monitors in this state.' })),
  },
  closed,
)

/** The file vigia.yaml with one chat. */
export const Configuration = Type.Unsafe({ title: 'Configuration', ...withSettings(requestSchemas.VigiaYaml) })

export const ApplyOptions = Type.Object(
  {
    allowDelete: Type.Optional(
      Type.Boolean({ description: 'Monitors that the file no longer has are deleted with their history.' }),
    ),
  },
  closed,
)

const FieldChange = Type.Object(
  { field: Type.String(), from: Type.Optional(Type.String()), to: Type.Optional(Type.String()) },
  closed,
)

export const Changes = Type.Object(
  {
    changes: Type.Array(
      Type.Object(
        {
          action: Type.Unsafe<string>({ enum: ['create', 'update', 'adopt', 'replace', 'delete'] }),
          what: Type.Unsafe<string>({ enum: ['chat', 'monitor', 'window', 'page', 'webhook'] }),
          key: nullable(Type.String(), 'The key of the monitor, the window or the page; null for the chat.'),
          fields: Type.Array(FieldChange),
        },
        { ...closed, title: 'Change' },
      ),
    ),
    unchanged: Type.Integer({ description: 'The number of monitors that stay as they are.' }),
    text: Type.String({ description: 'The changes for people.' }),
  },
  { ...closed, title: 'Changes' },
)

const scope = {
  monitor: Type.Optional(Type.String({ description: 'The id, the key or the name of a monitor.' })),
  group: Type.Optional(Type.String({ description: 'The name of a group.' })),
}

export const MaintenanceNow = Type.Object(
  {
    for: Type.Optional(
      Type.String({ pattern: durationPattern, description: 'How long it lasts from now on: 20m; from 1m to 7d.' }),
    ),
    ...scope,
    title: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
  },
  closed,
)
export const MaintenanceScope = Type.Object(scope, closed)

/** Planned maintenance: a window of vigia.yaml. */
export const MaintenancePlan = WindowEntry

export const MaintenanceWindow = Type.Object(
  {
    id: Id,
    title: Type.String(),
    monitorId: nullable(Id, 'The monitor that it is for; null for a group or for all monitors.'),
    group: nullable(Type.String()),
    from: nullable(Instant, 'null for maintenance that repeats and was planned a moment ago.'),
    to: nullable(Instant),
    cron: nullable(Type.String(), 'null for maintenance that happens once.'),
  },
  { ...closed, title: 'MaintenanceWindow' },
)
export const MaintenanceList = Type.Object(
  { maintenance: Type.Array(MaintenanceWindow) },
  { ...closed, title: 'MaintenanceList' },
)

export const IncidentQuery = Type.Object(
  {
    monitor: Type.Optional(Type.Integer({ minimum: 1, description: 'The id of a monitor.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'Default: 50.' })),
    cursor: Type.Optional(Type.Integer({ minimum: 1, description: 'The `next` of the previous response.' })),
  },
  closed,
)

export const Incident = Type.Object(
  {
    id: Id,
    monitorId: Id,
    monitor: Type.String({ description: 'The name of the monitor.' }),
    openedAt: Instant,
    closedAt: nullable(Instant, 'null while it goes on.'),
    error: Type.String({ description: 'The code of the first failure.' }),
    status: nullable(Type.Integer(), 'The HTTP status of the first failure.'),
    acknowledged: nullable(Type.Object({ by: Type.String(), at: Instant }, closed)),
  },
  { ...closed, title: 'Incident' },
)
export const Incidents = Type.Object(
  { incidents: Type.Array(Incident), next: nullable(Type.Integer(), 'The cursor of the next page; null on the last.') },
  { ...closed, title: 'Incidents' },
)

export const Accepted = Type.Object({ accepted: Type.Literal(true) }, { ...closed, title: 'Accepted' })

export const ProblemDocument = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    errors: Type.Optional(
      Type.Array(
        Type.Object(
          {
            line: Type.Integer({ description: 'The line of the body; 0 for the whole body.' }),
            field: Type.String(),
            reason: Type.String(),
          },
          closed,
        ),
      ),
    ),
    example: Type.Optional(Type.Unknown({ description: 'A value that would be right.' })),
  },
  { title: 'Problem' },
)
