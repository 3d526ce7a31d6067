import type { Trigger } from '#local/broker/broker.ts'
import type { DeliverySpec } from '#local/manifests/model.ts'
import { type Recorder, type ResponseRule, triggerFor, urlDestination } from '#test/support/broker-server.ts'
import { always, sinkFor } from './rows.ts'

/** The delivery settings of a Trigger with three retries, and the pauses before the retries. */
export const pauses: [title: string, delivery: Partial<DeliverySpec>, ms: number[]][] = [
  ['exponential PT0.2S', { backoffPolicy: 'exponential', backoffDelayMs: 200 }, [200, 400, 800]],
  ['linear PT0.2S: the first retry is immediate', { backoffPolicy: 'linear', backoffDelayMs: 200 }, [0, 200, 400]],
  ['no delay: no pause at all', { backoffPolicy: 'exponential', backoffDelayMs: 0 }, [0, 0, 0]],
]

/** A Trigger for each of the pauses, whose subscriber always answers 500. */
export const pauseTriggers = (recorder: Recorder): Trigger[] =>
  pauses.map(([, settings], index) => {
    recorder.respond(`/pause/${index}`, always({ status: 500 }))
    return triggerFor(`pause-${index}`, `pause.${index}`, `${recorder.url}/pause/${index}`, { retry: 3, ...settings })
  })

/**
 * A dead letter sink, how it responds and how often it is called. The sink belongs to a Trigger with `retry: 2`, whose
 * subscriber answers 400.
 */
export const sinkRows: { name: string; rule: ResponseRule; attempts: number }[] = [
  { name: 'failing', rule: always({ status: 500 }), attempts: 3 },
  { name: 'refusing', rule: always({ status: 400 }), attempts: 1 },
  { name: 'recovering', rule: (_, nth) => ({ status: nth < 3 ? 503 : 204 }), attempts: 3 },
]

export const sinkTriggers = (recorder: Recorder): Trigger[] => {
  recorder.respond('/refusing', always({ status: 400 }))
  for (const { name, rule } of sinkRows) recorder.respond(`/${name}/sink`, rule)
  return sinkRows.map(({ name }) =>
    triggerFor(`${name}-sink`, `${name}-sink`, `${recorder.url}/refusing`, {
      retry: 2,
      deadLetterSink: urlDestination(`${recorder.url}/${name}/sink`),
    }),
  )
}

/** A subscriber that is called three times and refuses each connection, and the content of the dead letter. */
export const refusedConnection = {
  url: 'http://127.0.0.1:1/a b',
  dest: 'http://127.0.0.1:1/a%20b',
  data: 'dispatch error: Post "http://127.0.0.1:1/a%20b": dial tcp 127.0.0.1:1: connect: connection refused',
}

export const refusedTriggers = (recorder: Recorder): Trigger[] => [
  triggerFor('refused', 'refused', refusedConnection.url, {
    retry: 2,
    deadLetterSink: sinkFor(recorder, 'refused', 0),
  }),
]

/** A Trigger without a sink. Its Broker has the sink `brokerSink`. */
export const brokerSinkTriggers = ({ url }: Recorder): Trigger[] => [triggerFor('a', 'a', `${url}/refusing`)]
export const brokerSink = ({ url }: Recorder) => urlDestination(`${url}/broker/sink`)
