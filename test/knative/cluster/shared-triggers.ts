import type { Trigger } from '#local/broker/broker.ts'
import { type ReceivedRequest, urlDestination } from '#test/support/broker-server.ts'

/*
 * Knative needs about a second of CPU time until a Trigger is ready. So one Trigger takes the place of all Triggers
 * that differ only in the type of their events, in their subscriber and in their dead letter sink. The type of the
 * event in a request shows which of these Triggers the request belongs to.
 */

export interface SharedTriggers {
  /** Replaces each group of Triggers that can share one Trigger. The other Triggers stay as they are. */
  share(triggers: readonly Trigger[]): Trigger[]
  /** The path to which a request would be sent without sharing. */
  pathOf(request: ReceivedRequest): string
  /** The URL that the subscriber of a Trigger has with sharing. */
  subscriberOf(trigger: string): string
}

/** Shares the Triggers whose subscribers and sinks are paths of the recorder at `url()`. */
export const sharedTriggers = (url: () => string): SharedTriggers => {
  /** By shared path and type. */
  const paths = new Map<string, string>()
  /** By the name of the Trigger. */
  const subscribers = new Map<string, string>()
  const isOurs = (trigger: Trigger) => urlIn(trigger.subscriber).startsWith(url())
  const remember = (shared: string, type: string, original: string) =>
    paths.set(`${shared} ${type}`, original.slice(url().length))

  const shareGroup = (group: readonly Trigger[]): Trigger => {
    const [first, ...others] = group as [Trigger, ...Trigger[]]
    const sink = first.delivery.deadLetterSink
    const path = `/shared/${first.name}`
    for (const trigger of group) {
      subscribers.set(trigger.name, url() + path)
      remember(path, typeIn(trigger)!, urlIn(trigger.subscriber))
      if (sink) remember(`${path}/sink`, typeIn(trigger)!, urlIn(trigger.delivery.deadLetterSink!))
    }
    const exact = group.map(trigger => ({ exact: { type: typeIn(trigger)! } }))
    return {
      name: first.name,
      filters: others.length === 0 ? exact : [{ any: exact }],
      subscriber: urlDestination(url() + path),
      delivery: { ...first.delivery, deadLetterSink: sink && urlDestination(`${url()}${path}/sink`) },
    }
  }

  return {
    share: triggers => {
      const groups: Trigger[][] = []
      for (const trigger of triggers.filter(one => isOurs(one) && typeIn(one))) {
        const group = groups.find(
          others =>
            settingsOf(others[0]!) === settingsOf(trigger) && others.every(one => typeIn(one) !== typeIn(trigger)),
        )
        if (group) group.push(trigger)
        else groups.push([trigger])
      }
      return [...groups.map(shareGroup), ...triggers.filter(one => !isOurs(one) || !typeIn(one))]
    },
    pathOf: request => paths.get(`${request.path} ${typeOf(request)}`) ?? request.path,
    subscriberOf: trigger => subscribers.get(trigger)!,
  }
}

const urlIn = (to: Trigger['subscriber']) => (to.kind === 'url' ? to.url : '')

/** The type on which a Trigger filters, when that is its only filter. */
const typeIn = ({ filters: [only, ...others] }: Trigger): string | undefined =>
  only && 'attributes' in only && Object.keys(only.attributes).length === 1 && others.length === 0
    ? only.attributes.type
    : undefined

const settingsOf = ({ delivery }: Trigger) =>
  JSON.stringify({ ...delivery, deadLetterSink: delivery.deadLetterSink !== null })

const typeOf = ({ headers, body }: ReceivedRequest): unknown =>
  headers['content-type']?.startsWith('application/cloudevents+json')
    ? (JSON.parse(body.toString()) as { type?: unknown }).type
    : headers['ce-type']
