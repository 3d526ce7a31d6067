import type { Trigger } from '#local/broker/broker.ts'
import type { Filter } from '#local/filters/filter.ts'
import { type Recorder, triggerFor } from '#test/support/broker-server.ts'
import { always } from './rows.ts'

/** The filters of a Trigger, and which of the routed events it gets. */
export const routingRows: [title: string, filters: Filter[], gets: string[]][] = [
  ['no filter', [], ['a', 'b', 'c']],
  ['no filter, a second time', [], ['a', 'b', 'c']],
  ['a type', [{ attributes: { type: 'routed.a' } }], ['a']],
  ['the same type', [{ exact: { type: 'routed.a' } }], ['a']],
  ['another type', [{ attributes: { type: 'routed.z' } }], []],
  ['a source', [{ attributes: { source: '/other' } }], ['b', 'c']],
  ['a source and a type', [{ attributes: { source: '/other', type: 'routed.c' } }], ['c']],
  ['an extension', [{ attributes: { tick: 'x' } }], ['c']],
  ['a prefix and CESQL', [{ prefix: { type: 'routed.' } }, { cesql: "EXISTS tick OR source = '/mine'" }], ['a', 'c']],
]

/** The routed events: id, type and further headers. */
export const routedEvents: [id: string, type: string, headers: Record<string, string>][] = [
  ['1', 'routed.a', { 'ce-source': '/mine' }],
  ['2', 'routed.b', { 'ce-source': '/other' }],
  ['3', 'routed.c', { 'ce-source': '/other', 'ce-tick': 'x' }],
]

export const routingTriggers = ({ url }: Recorder): Trigger[] =>
  routingRows.map(([, filters], index) => ({
    ...triggerFor(`routed-${index}`, 'x', `${url}/routed/${index}`),
    filters,
  }))

/** The routed events that each row got, by title. */
export const routed = (recorder: Recorder): [title: string, gets: string[]][] =>
  routingRows.map(([title], index) => [
    title,
    recorder
      .received(`/routed/${index}`)
      .map(({ headers }) => String(headers['ce-type']).slice('routed.'.length))
      .toSorted(),
  ])

/**
 * Two Triggers with the same subscriber. Two other Triggers for one type of event: one of their subscribers always
 * fails.
 */
export const pairTriggers = (recorder: Recorder): Trigger[] => {
  recorder.respond('/pair/bad', always({ status: 500 }))
  const { url } = recorder
  return [
    triggerFor('same-1', 'same', `${url}/same`),
    triggerFor('same-2', 'same', `${url}/same`),
    triggerFor('bad', 'pair', `${url}/pair/bad`, { retry: 1 }),
    triggerFor('good', 'pair', `${url}/pair/good`),
  ]
}
