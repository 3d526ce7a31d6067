import { cron } from '../cron.ts'
import { readDestination, type SaidDestination } from './destination.ts'
import type { SourceManifest } from './model.ts'
import type { KubernetesObject } from './object.ts'
import { readExtensions } from './overrides.ts'
import { Place } from './place.ts'

export interface SaidSource {
  source: SourceManifest
  destinations: SaidDestination[]
}

export const readPingSource = ({ place, name, namespace, spec, annotations }: KubernetesObject): SaidSource => {
  for (const value of Object.values(annotations)) value.ignore('an annotation for the cluster')
  const fields = spec.fields(['schedule', 'timezone', 'contentType', 'data', 'dataBase64', 'sink', 'ceOverrides'])
  const timeZone = fields.timezone?.text() ?? 'UTC'
  if (!isTimeZone(timeZone))
    fields.timezone!.refuse(`is "${timeZone}", which is no IANA time zone such as Europe/Lisbon`)
  const schedule = Place.required(fields.schedule, spec, 'schedule')
  const parsed = cron(schedule.text())
  if ('fault' in parsed) schedule.refuse(`is "${schedule.text()}": ${parsed.fault}`)
  const sink = readDestination(Place.required(fields.sink, spec, 'sink'))
  return {
    source: {
      ...place.origin,
      name,
      namespace,
      schedule: schedule.text(),
      timeZone,
      ...readBody(spec, fields),
      extensions: readExtensions(fields.ceOverrides),
      to: sink.to,
    },
    destinations: [sink],
  }
}

const readBody = (
  spec: Place,
  { data, dataBase64, contentType }: { data?: Place; dataBase64?: Place; contentType?: Place },
): { data: Buffer | null; contentType: string | null } => {
  if (data && dataBase64) data.refuse('stands beside dataBase64; say one of the two')
  const said = data ?? dataBase64
  // Measured: without a body the event has no Content-Type, and with a body but no contentType neither; body parsers see nothing.
  if (!said) return spec.refuse('has no data; say data: "{}" and contentType: application/json')
  const type = Place.required(contentType, spec, 'contentType, so the event would arrive without a Content-Type')
  if (!/^[\w.+-]+\/[\w.+-]+(\s*;.*)?$/.test(type.text())) type.refuse(`is "${type.text()}", which is no media type`)
  const bytes = data ? Buffer.from(data.string()) : Buffer.from(dataBase64!.text(), 'base64')
  if (dataBase64 && bytes.toString('base64').replace(/=+$/, '') !== dataBase64.text().replace(/[\s=]+/g, ''))
    dataBase64.refuse('is no base64')
  if (/^application\/json\b/.test(type.text()) && !isJsonObject(bytes.toString()))
    said.refuse('should be a JSON object, as its contentType is application/json')
  return { data: bytes, contentType: type.text() }
}

const isJsonObject = (text: string) => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Go knows zones by name only: `-03:00`, which Intl takes, is refused there. */
const isTimeZone = (name: string) => {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false
  }
}
