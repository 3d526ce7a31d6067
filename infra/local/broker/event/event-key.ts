import { hash } from 'node:crypto'
import type { CloudEvent } from './cloud-event.ts'

/** One delivery of a stored event: the event's number and the Trigger's name. */
export interface DeliveryId {
  seq: number
  trigger: string
}

/**
 * A digest of source and id (16 bytes), by which the store recognises an event that was published before. The digest of
 * a reply includes the delivery that it answers. So the replies of two subscribers may have the same id (or the id of
 * the event itself, as Knative allows), and a reply that is sent twice is stored once.
 */
export const eventKey = ({ attributes }: CloudEvent, replyTo?: DeliveryId): Buffer =>
  hash('sha256', JSON.stringify([attributes.source, attributes.id, replyTo?.seq, replyTo?.trigger]), 'buffer').subarray(
    0,
    16,
  )
