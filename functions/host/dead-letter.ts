import type { VigiaEvent } from '#events/event.ts'

/** An event that a Trigger could not deliver. */
export interface DeadLetter {
  trigger: string
  /** The event as it was published: its data is not validated, and the attributes that the broker added are removed. */
  event: VigiaEvent
  /**
   * The status of the last attempt (500 where the function did not answer); null where the broker does not report it.
   */
  code: number | null
  /** The body of the last response, or ''. */
  reason: string
}

/**
 * Separates an event from the attributes that a broker adds to a dead letter. A broker adds none after a timeout, or
 * after a 2xx response with a body.
 */
export const parseDeadLetter = (trigger: string, event: VigiaEvent): DeadLetter => {
  const { knativeerrorcode, knativeerrordata, knativeerrordest, knativebrokerttl, knativearrivaltime, ...original } =
    event as VigiaEvent & Record<`knative${string}`, string | undefined>
  const code = Number(knativeerrorcode || Number.NaN)
  return {
    trigger,
    event: original as VigiaEvent,
    code: Number.isInteger(code) ? code : null,
    reason: decodeErrorData(knativeerrordata ?? ''),
  }
}

/**
 * Decodes the reason of a dead letter. Knative's in-memory channel sends it in base64, Knative's Kafka broker sends
 * plain text. Text is taken for base64 if it decodes to readable text, because plain text hardly ever does.
 */
const decodeErrorData = (data: string): string => {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data) || data.length % 4 !== 0) return data
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(data, 'base64'))
    const isReadable = [...text].every(character => character >= ' ' || '\t\r\n'.includes(character))
    return isReadable ? text : data
  } catch {
    return data
  }
}
