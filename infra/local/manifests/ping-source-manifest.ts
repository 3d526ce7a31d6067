import { cron } from '#local/sources/cron.ts'
import { readExtensions } from './ce-overrides.ts'
import { type ParsedDestination, readDestination } from './destination.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { SourceManifest } from './model.ts'
import { YamlNode } from './yaml-node.ts'

export interface ParsedSource {
  source: SourceManifest
  destinations: ParsedDestination[]
}

export const readPingSource = ({ node, name, namespace, spec, annotations }: KubernetesObject): ParsedSource => {
  for (const annotation of Object.values(annotations)) annotation.ignore('an annotation for the cluster')
  const fields = spec.fields(['schedule', 'timezone', 'contentType', 'data', 'dataBase64', 'sink', 'ceOverrides'])
  const { schedule, timeZone } = readSchedule(YamlNode.required(fields.schedule, spec, 'schedule'), fields.timezone)
  const sink = readDestination(YamlNode.required(fields.sink, spec, 'sink'))
  return {
    source: {
      ...node.origin,
      name,
      namespace,
      schedule,
      timeZone,
      ...readBody(spec, fields),
      extensions: readExtensions(fields.ceOverrides),
      to: sink.to,
    },
    destinations: [sink],
  }
}

/**
 * Reads data and contentType. Both are required, because Knative sends an event without a Content-Type if either of
 * them is absent (measured). Body parsers then ignore the body.
 */
const readBody = (
  spec: YamlNode,
  { data, dataBase64, contentType }: { data?: YamlNode; dataBase64?: YamlNode; contentType?: YamlNode },
): { data: Buffer | null; contentType: string | null } => {
  if (data && dataBase64) data.refuse('stands beside dataBase64; write only one of the two')
  const body = data ?? dataBase64
  if (!body) return spec.refuse('has no data; write data: "{}" and contentType: application/json')
  const type = YamlNode.required(
    contentType,
    spec,
    'contentType',
    'write contentType: application/json, else the event arrives without a Content-Type',
  )
  if (!/^[\w.+-]+\/[\w.+-]+(\s*;.*)?$/.test(type.nonEmptyString()))
    type.refuse(`is "${type.nonEmptyString()}", which is not a valid media type, such as application/json`)
  const bytes = data ? Buffer.from(data.string()) : Buffer.from(dataBase64!.nonEmptyString(), 'base64')
  if (dataBase64 && bytes.toString('base64').replace(/=+$/, '') !== dataBase64.nonEmptyString().replace(/[\s=]+/g, ''))
    dataBase64.refuse('is not valid base64; encode the bytes again')
  if (/^application\/json\b/.test(type.nonEmptyString()) && !isJsonObject(bytes.toString()))
    body.refuse('should be a JSON object, because its contentType is application/json')
  return { data: bytes, contentType: type.nonEmptyString() }
}

const isJsonObject = (text: string) => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/**
 * Reads schedule and time zone. The zone is in `timezone`, or at the beginning of `schedule`, but not in both. Example
 * of the latter: `CRON_TZ=Europe/Lisbon 0 9 * * *`.
 */
const readSchedule = (node: YamlNode, timezone: YamlNode | undefined): { schedule: string; timeZone: string } => {
  const text = node.nonEmptyString()
  const [, inSchedule, fields] = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/s.exec(text) ?? []
  const zone = timezone?.string() ?? ''
  if (inSchedule !== undefined && zone !== '')
    timezone!.refuse('stands beside the zone of schedule; write only one of the two')
  const timeZone = ianaZone(inSchedule ?? zone)
  if (timeZone === null) {
    const [wrong, value] = inSchedule === undefined ? [timezone!, zone] : [node, text]
    return wrong.refuse(
      `is "${value}", which is not an IANA time zone such as Europe/Lisbon; upper and lower case matter`,
    )
  }
  const schedule = fields ?? text
  const parsed = cron(schedule)
  if ('error' in parsed) node.refuse(`is "${text}": ${parsed.error}`)
  return { schedule, timeZone }
}

/**
 * The time zone of this name by the rules of Go's LoadLocation, or null. The name must be that of a file of the IANA
 * database, in the same case. An empty name and `Local` mean UTC, the zone of Knative's image. Temporal uses Intl, and
 * Intl accepts more: abbreviations like CST, names in any case, offsets like -03:00. Temporal returns a name as the
 * database writes it, so a name that Temporal changes is refused.
 */
const ianaZone = (name: string): string | null => {
  if (name === '' || name === 'Local') return 'UTC'
  if (!/^[A-Za-z]/.test(name)) return null
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId === name ? name : null
  } catch {
    return null
  }
}
