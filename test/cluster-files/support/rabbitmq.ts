import type { Manifest } from '#infra/cluster/render/manifest-files.ts'

/** ISO 8601 as deliveries have it: PT30S, PT5M, PT1H. */
const secondsIn = (duration: string): number => {
  const [, hours = 0, minutes = 0, seconds = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(duration) ?? [
    duration,
    Number.NaN,
  ]
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

/**
 * How long a dispatcher may be busy with one event, in seconds: every attempt until its timeout and the pauses between them, the longest of
 * which is 2^retry times the first (cloudevents/sdk-go, v2/context/retry.go).
 */
export const longestDelivery = ({ spec }: Manifest): number => {
  const { retry, backoffPolicy, backoffDelay, timeout } = spec.delivery
  const pauses = Array.from({ length: retry }, (_, index) =>
    backoffPolicy === 'exponential' ? 2 ** (index + 1) : index + 1,
  )
  return (retry + 1) * secondsIn(timeout) + pauses.reduce((sum, factor) => sum + factor * secondsIn(backoffDelay), 0)
}

/** What RabbitMQ waits for an answer when nobody says otherwise, in ms. */
const DEFAULT_CONSUMER_TIMEOUT = 1_800_000

/** Triggers at whose event RabbitMQ would lose patience while it is still being tried: it would be given out again, for ever. */
export const impatience = (objects: Manifest[]): string[] =>
  objects
    .filter(({ kind }) => kind === 'RabbitmqCluster')
    .flatMap(({ spec }) => {
      const [, said = DEFAULT_CONSUMER_TIMEOUT] =
        /^\s*consumer_timeout\s*=\s*(\d+)\s*$/m.exec(spec.rabbitmq.additionalConfig) ?? []
      const patience = Number(said) / 1000
      return objects
        .filter(one => one.kind === 'Trigger' && !(longestDelivery(one) < patience))
        .map(one => `Trigger/${one.metadata.name}: tried for ${longestDelivery(one)} s, RabbitMQ waits ${patience}`)
    })
