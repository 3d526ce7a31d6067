import Type from 'typebox'
import type { EventDefinition } from './event.ts'

/**
 * What a PingSource sends. All PingSources share this CloudEvents type, so each carries the extension `tick: <function>`
 * and its Trigger filters on that. The id is a random UUID: a rule that publishes takes its ids from the slot, not from here.
 */
const schema = Type.Object({})

const onlyPingSources = (): never => {
  throw new Error('only a PingSource makes ticks')
}

export const Tick: EventDefinition<typeof schema> = {
  name: 'tick',
  type: 'dev.knative.sources.ping',
  dataschema: 'https://vigia.dev/events/tick/v1',
  schema,
  idFrom: onlyPingSources,
  from: onlyPingSources,
}
