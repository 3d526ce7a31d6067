import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allEvents } from '#events/all.ts'
import { manifestsIn } from '#infra/cluster/render/manifest-files.ts'
import { asyncapiPath } from '#infra/generate/asyncapi.ts'
import { root } from '#infra/repository.ts'
import { npmPackage } from './support/npm-packages.ts'

/** The parts of @asyncapi/parser that this test uses. The package has 168 others, so it is not a devDependency. */
interface Parser {
  new (): {
    parse(text: string): Promise<{
      diagnostics: { severity: number; code: string; path: (string | number)[]; message: string }[]
      document?: {
        allOperations(): {
          all(): { id(): string; isSend(): boolean; messages(): { all(): { name(): string }[] } }[]
        }
        allMessages(): { all(): { name(): string; payload(): { json(): unknown } }[] }
      }
    }>
  }
}

const installed = await npmPackage('@asyncapi/parser', '3.6.6')
const why = 'reason' in installed ? ` (skipped: ${installed.reason})` : ''
if ('reason' in installed) process.stderr.write(`${installed.reason}\n`)

const parse = async (text: string) => {
  const { Parser }: { Parser: Parser } = createRequire(join('folder' in installed ? installed.folder : '', 'index.js'))(
    '@asyncapi/parser',
  )
  const { diagnostics, document } = await new Parser().parse(text)
  // Severities above 1 are hints, such as that AsyncAPI 3.1 exists.
  const faults = diagnostics.filter(({ severity }) => severity <= 1)
  return { faults: faults.map(({ code, path }) => `${code} at ${path.join('.')}`), document }
}

const text = readFileSync(join(root, asyncapiPath), 'utf8')

describe.skipIf(why)(`AsyncAPI's own parser reads asyncapi.json${why}`, () => {
  test('without an error or a warning, with the data of every event', async () => {
    const { faults, document } = await parse(text)
    expect(faults).toEqual([])
    const messages = document!.allMessages().all()
    expect(messages.map(one => one.name()).toSorted()).toEqual(allEvents.map(({ type }) => type).toSorted())
    for (const one of messages) expect(one.payload().json()).toMatchObject({ type: 'object' })
  })

  test('and finds for each function the events that its Triggers deliver', async () => {
    const { document } = await parse(text)
    const found = document!
      .allOperations()
      .all()
      .filter(one => !one.isSend())
      .flatMap(one =>
        one
          .messages()
          .all()
          .map(message => `${one.id()} ${message.name()}`),
      )
    const delivered = manifestsIn('triggers').map(
      ({ spec }) => `${spec.subscriber.ref.name}.receive ${spec.filter.attributes.type}`,
    )
    expect(found.toSorted()).toEqual(delivered.toSorted())
  })

  test.each<[string, (document: ReturnType<typeof JSON.parse>) => void, RegExp]>([
    [
      'a message that is not on the channel',
      document => delete document.channels.broker.messages['monitor.up'],
      /invalid-ref|unresolved/,
    ],
    [
      'an action that does not exist',
      document => Object.assign(document.operations['uptime-prober.send'], { action: 'publish' }),
      /asyncapi3?-document-resolved at operations\.uptime-prober\.send\.action/,
    ],
    [
      'data with an invalid schema',
      document => Object.assign(document.components.messages['monitor.up'].payload, { required: 'name' }),
      /components\.messages\.monitor\.up\.payload/,
    ],
  ])('and refuses %s', async (_, plant, fault) => {
    const document = JSON.parse(text)
    plant(document)
    expect((await parse(JSON.stringify(document))).faults.join('\n')).toMatch(fault)
  })
})
