import Type from 'typebox'
import type { EventDefinition } from './event.ts'

const schema = Type.Object({})

const onlyPingSources = (): never => {
  throw new Error('a tick comes only from a PingSource')
}

/**
 * The event of a PingSource. All PingSources have this CloudEvents type, so each adds the extension `tick: <function>`,
 * and the Trigger filters on it. The id is a random UUID, so a rule does not build the ids of its events from it.
 */
export const Tick: EventDefinition<typeof schema> = {
  name: 'tick',
  type: 'dev.knative.sources.ping',
  dataschema: 'https://vigia.dev/events/tick/v1',
  schema,
  idFrom: onlyPingSources,
  from: onlyPingSources,
}
