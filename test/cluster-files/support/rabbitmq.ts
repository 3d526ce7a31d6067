import type { Manifest } from '#infra/cluster/render/manifest-files.ts'

/** Seconds of an ISO 8601 duration as `delivery` has it: PT30S, PT5M, PT1H. NaN for any other text. */
const secondsIn = (duration: string): number => {
  const [, hours = 0, minutes = 0, seconds = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?$/.exec(duration) ?? [
    duration,
    Number.NaN,
  ]
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
}

/**
 * How long a dispatcher can take for one event, in seconds: every attempt until its timeout, and the pauses between
 * them. The longest pause is 2^retry times the backoffDelay (cloudevents/sdk-go, v2/context/retry.go).
 */
export const longestDelivery = ({ spec }: Manifest): number => {
  const { retry, backoffPolicy, backoffDelay, timeout } = spec.delivery
  const pauses = Array.from({ length: retry }, (_, index) =>
    backoffPolicy === 'exponential' ? 2 ** (index + 1) : index + 1,
  )
  return (retry + 1) * secondsIn(timeout) + pauses.reduce((sum, factor) => sum + factor * secondsIn(backoffDelay), 0)
}

/** RabbitMQ's default. */
const defaultConsumerTimeoutMs = 1_800_000

/**
 * Triggers whose attempts can last longer than RabbitMQ's consumer_timeout: RabbitMQ would deliver the event again,
 * without end.
 */
export const consumerTimeoutFaults = (objects: Manifest[]): string[] =>
  objects
    .filter(({ kind }) => kind === 'RabbitmqCluster')
    .flatMap(({ spec }) => {
      const [, timeoutMs = defaultConsumerTimeoutMs] =
        /^\s*consumer_timeout\s*=\s*(\d+)\s*$/m.exec(spec.rabbitmq.additionalConfig) ?? []
      const timeoutS = Number(timeoutMs) / 1000
      return objects
        .filter(one => one.kind === 'Trigger' && !(longestDelivery(one) < timeoutS))
        .map(one => `Trigger/${one.metadata.name}: tried for ${longestDelivery(one)} s, RabbitMQ waits ${timeoutS}`)
    })
