import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allEvents } from '#events/all.ts'
import type { EventDefinition } from '#events/event.ts'
import { functionNames, root } from '../repository.ts'

/** The events that a function publishes and handles, as its code says. */
export interface EventUses {
  function: string
  publishes: EventDefinition[]
  handles: EventDefinition[]
}

/**
 * Reads the code of every function: its own files and the shared files that they import. `MonitorDown.from(` publishes
 * an event, and `on(MonitorDown` handles it.
 */
export const eventUses = (checkout = root): EventUses[] =>
  functionNames(checkout).map(name => {
    const code = codeOf(name, checkout)
    return {
      function: name,
      publishes: allEvents.filter(event => new RegExp(`\\b${exportedName(event)}\\.from\\(`).test(code)),
      handles: allEvents.filter(event => new RegExp(`\\bon\\(\\s*${exportedName(event)}\\b`).test(code)),
    }
  })

/** `MonitorDown` for `monitor.down`: the name of its constant in events/. */
export const exportedName = ({ name }: EventDefinition): string =>
  name.replace(/(?:^|[.-])(.)/g, (_, letter: string) => letter.toUpperCase())

const codeOf = (name: string, checkout: string) => {
  const read = (path: string) => readFileSync(join(checkout, 'functions', path), 'utf8')
  const own = readdirSync(join(checkout, 'functions', name), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => read(join(name, file)))
  const shared = own.join('\n').matchAll(/from '#functions\/([\w-]+\/[\w-]+\.ts)'/g)
  return [...own, ...new Set([...shared].map(([, file]) => read(file!)))].join('\n')
}
