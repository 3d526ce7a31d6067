import type { VigiaEvent } from '#events/event.ts'

/** An event that a Trigger gave up on. */
export interface DeadLetter {
  trigger: string
  /** As it was sent, its data not validated, without what the broker added. */
  event: VigiaEvent
  /** The last status (500 where nobody answered); null where the broker does not say. */
  code: number | null
  /** What the function said, or ''. */
  reason: string
}

/** Reads what a broker adds to an event that it gives up on. All of it may be missing: after a timeout, or a 2xx with a body. */
export const parseDeadLetter = (trigger: string, event: VigiaEvent): DeadLetter => {
  const { knativeerrorcode, knativeerrordata, knativeerrordest, knativebrokerttl, knativearrivaltime, ...original } =
    event as VigiaEvent & Record<`knative${string}`, string | undefined>
  const code = Number(knativeerrorcode || Number.NaN)
  return {
    trigger,
    event: original as VigiaEvent,
    code: Number.isInteger(code) ? code : null,
    reason: plain(knativeerrordata ?? ''),
  }
}

/** Base64 from Knative's in-memory channel, plain text from its Kafka broker. Text that is base64 by chance hardly ever decodes to text. */
const plain = (data: string): string => {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(data) || data.length % 4 !== 0) return data
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(data, 'base64'))
    return [...text].some(character => character < ' ' && !'\t\r\n'.includes(character)) ? data : text
  } catch {
    return data
  }
}
