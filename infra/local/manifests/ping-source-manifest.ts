import { cron } from '../sources/cron.ts'
import { readExtensions } from './ce-overrides.ts'
import { type ParsedDestination, readDestination } from './delivery-spec.ts'
import type { KubernetesObject } from './kubernetes-object.ts'
import type { SourceManifest } from './model.ts'
import { YamlNode } from './yaml-node.ts'

export interface ParsedSource {
  source: SourceManifest
  destinations: ParsedDestination[]
}

export const readPingSource = ({ node, name, namespace, spec, annotations }: KubernetesObject): ParsedSource => {
  for (const value of Object.values(annotations)) value.ignore('an annotation for the cluster')
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

const readBody = (
  spec: YamlNode,
  { data, dataBase64, contentType }: { data?: YamlNode; dataBase64?: YamlNode; contentType?: YamlNode },
): { data: Buffer | null; contentType: string | null } => {
  if (data && dataBase64) data.refuse('stands beside dataBase64; say one of the two')
  const said = data ?? dataBase64
  // Measured: without a body the event has no Content-Type, and with a body but no contentType neither; body parsers see nothing.
  if (!said) return spec.refuse('has no data; say data: "{}" and contentType: application/json')
  const type = YamlNode.required(contentType, spec, 'contentType, so the event would arrive without a Content-Type')
  if (!/^[\w.+-]+\/[\w.+-]+(\s*;.*)?$/.test(type.nonEmptyString()))
    type.refuse(`is "${type.nonEmptyString()}", which is not a valid media type`)
  const bytes = data ? Buffer.from(data.string()) : Buffer.from(dataBase64!.nonEmptyString(), 'base64')
  if (dataBase64 && bytes.toString('base64').replace(/=+$/, '') !== dataBase64.nonEmptyString().replace(/[\s=]+/g, ''))
    dataBase64.refuse('is not valid base64')
  if (/^application\/json\b/.test(type.nonEmptyString()) && !isJsonObject(bytes.toString()))
    said.refuse('should be a JSON object, as its contentType is application/json')
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

/** The zone may stand before the fields, as in `CRON_TZ=Europe/Lisbon 0 9 * * *`; then there is no other. */
const readSchedule = (place: YamlNode, timezone: YamlNode | undefined): { schedule: string; timeZone: string } => {
  const text = place.nonEmptyString()
  const [, said, fields] = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/s.exec(text) ?? []
  const zone = timezone?.string() ?? ''
  if (said !== undefined && zone !== '') timezone!.refuse('stands beside the zone of schedule; say one of the two')
  const timeZone = zoneOf(said ?? zone)
  if (timeZone === null) {
    const [wrong, words] = said === undefined ? [timezone!, zone] : [place, text]
    return wrong.refuse(
      `is "${words}", which is not an IANA time zone such as Europe/Lisbon; upper and lower case matter`,
    )
  }
  const schedule = fields ?? text
  const parsed = cron(schedule)
  if ('fault' in parsed) place.refuse(`is "${text}": ${parsed.fault}`)
  return { schedule, timeZone }
}

/**
 * A zone as Go's LoadLocation finds it: the exact name of a file of the IANA database. Without a name, and as `Local`, it is that of
 * Knative's image, UTC. Intl knows more: abbreviations such as CST, names in any case, offsets such as -03:00. Temporal gives a name
 * back as the database writes it.
 */
const zoneOf = (name: string): string | null => {
  if (name === '' || name === 'Local') return 'UTC'
  if (!/^[A-Za-z]/.test(name)) return null
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId === name ? name : null
  } catch {
    return null
  }
}
