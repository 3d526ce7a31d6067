import type { IngressRow } from '#test/support/broker-conformance/ingress-rows.ts'
import type { ReceivedRow } from '#test/support/broker-conformance/received-rows.ts'
import type { ReplyRow } from '#test/support/broker-conformance/reply-rows.ts'
import type { RetryRow } from '#test/support/broker-conformance/retry-rows.ts'

/** How Knative differs from the broker of one machine, by the title of the row, and why. */
export type Differences<Row> = Record<string, { knative: Partial<Row>; because: string }>

/** `follows` is the method of the request that Knative sends to the Location of a redirect. */
export type KnativeRetryRow = RetryRow & { follows?: string }

const size = 'PostgreSQL stores events up to 1 MiB; Knative accepts events of any size'
const redirect = 'Knative follows with a GET, which has no event; such a request must not count as a delivery'

/*
 * All differences between the broker of one machine and Knative's MTChannelBasedBroker in the rows of
 * test/support/broker-conformance. broker-conformance.test.ts also fails for a difference that is no longer there.
 */

export const ingressDifferences: Differences<IngressRow> = {
  'a body of more than 1 MiB': { knative: { status: 202 }, because: size },
  'a body of more than 1 MiB in chunks': { knative: { status: 202 }, because: size },
  'structured mode with data and data_base64': {
    knative: { status: 202 },
    because:
      'the specification forbids an event that has both; Knative delivers one of the two, depending on the order of the fields',
  },
  'structured mode with a line break in an attribute': {
    knative: { status: 500 },
    because:
      'Knative notices the line break only when it writes the header; 500 would make the producer send the event again',
  },
}

export const receivedDifferences: Differences<ReceivedRow> = {
  'trace context, request ids and Knative headers are forwarded': {
    knative: { headers: { baggage: null } },
    because: 'only a channel with the async-handler annotation loses baggage; a channel without it forwards baggage',
  },
  'delivery.format json puts bytes into data_base64': {
    knative: {
      body: '{"specversion":"1.0","id":"row","type":"sample","source":"/functions/test","datacontenttype":"application/octet-stream","knativearrivaltime":"~","data":"\\u0000ÿ"}',
    },
    because: 'Knative writes the bytes as a text that is not UTF-8, which a subscriber cannot read',
  },
}

export const replyDifferences: Differences<ReplyRow> = {}

export const retryDifferences: Differences<KnativeRetryRow> = {
  '301 is not followed': { knative: { deadLetter: null, follows: 'GET' }, because: redirect },
  '302 is not followed': { knative: { deadLetter: null, follows: 'GET' }, because: redirect },
  '307 is not followed': {
    knative: { deadLetter: null, follows: 'POST' },
    because: 'the broker of one machine does not follow, because a redirect could send the event to another machine',
  },
  '308 is not followed': {
    knative: { deadLetter: null, follows: 'POST' },
    because: 'the broker of one machine does not follow, because a redirect could send the event to another machine',
  },
}

/** How many requests the two Triggers of a subscriber send in all for two events with the same source and id. */
export const repeatedEvent = {
  oneMachine: 2,
  knative: 4,
  because: 'PostgreSQL remembers each event; Knative remembers none, so every function must accept an event twice',
}

/** Rows that are not sent to this Knative. */
export const notSent: Record<string, string> = {
  'an error body of 769 bytes is cut to 768': 'this body ends the process of the dispatcher, which all Brokers share',
}
