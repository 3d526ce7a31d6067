import type { CloudEvent } from '../event/cloud-event.ts'

/** The columns of `broker.event` that hold the event itself. */
export interface EventRow {
  /** JSON. */
  attributes: string
  /** JSON, or null when there are none. */
  headers: string | null
  data: Buffer
  ttl: number
}

export const eventFromRow = ({ attributes, headers, data, ttl }: EventRow): CloudEvent => ({
  attributes: JSON.parse(attributes),
  headers: headers === null ? {} : JSON.parse(headers),
  data,
  ttl,
})
