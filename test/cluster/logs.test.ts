import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LogLine } from '#functions/host/log-line.ts'
import { onPath } from '#infra/delivery/on-path.ts'
import { dataStream, indexTemplate, mappings } from '#infra/observability/logs/index-template.ts'
import { savedObjects } from '#infra/observability/logs/saved-objects.ts'
import { writeContainerLogs } from '#test/cluster/support/container-logs.ts'
import { startFluentBit } from '#test/cluster/support/fluent-bit.ts'
import { type OpenSearch, openSearchLibraries, startOpenSearch } from '#test/cluster/support/opensearch.ts'
import { startJourney } from '#test/support/journey.ts'
import { reportAnOutageOnce } from '#test/support/journey-steps.ts'
import { functionLogs } from '#test/support/log-lines.ts'
import { temporaryFolder } from '#test/support/npm-start.ts'
import { until } from '#test/support/until.ts'

const libraries = await openSearchLibraries()
const why = 'reason' in libraries ? ` (skipped: no OpenSearch: ${libraries.reason})` : ''

/** The logs of a journey: a site fails and recovers, and events that no function accepts become dead letters. */
const journeyLogs = async (folder: string): Promise<LogLine[]> => {
  const journey = await startJourney()
  try {
    await reportAnOutageOnce(journey, 'Ana')
    await journey.vigia.publish({ id: 'bad-data', type: 'dev.vigia.message.requested', subject: 'chat/1' }, {})
    await until(async () => ((await journey.vigia.api('/api/dead-letters')) as unknown[]).length > 0, {
      what: 'a dead letter',
      timeoutMs: 60_000,
    })
    await journey.settled()
    cpSync(join(journey.vigia.dataDir, 'logs'), join(folder, 'logs'), { recursive: true })
  } finally {
    await journey.stop()
  }
  return functionLogs(folder)
}

/** How many of the lines have each field. */
const countsOf = (lines: readonly LogLine[]) => {
  const counts = new Map<string, number>()
  for (const name of lines.flatMap(line => Object.keys(line))) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

describe.skipIf(why)(`OpenSearch with the index template${why}`, () => {
  const folder = temporaryFolder()
  let openSearch: OpenSearch
  let lines: LogLine[]
  beforeAll(async () => {
    lines = await journeyLogs(folder)
    openSearch = await startOpenSearch((libraries as { classPath: string }).classPath)
    // OpenSearch has no lifecycle policies of Elasticsearch. Everything else is the template as it is.
    const { 'index.lifecycle.name': _, ...settings } = indexTemplate.template.settings
    const template = { ...indexTemplate, template: { ...indexTemplate.template, settings } }
    await openSearch.call('PUT', '/_index_template/vigia-logs', template)
  })
  afterAll(async () => {
    await openSearch?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const search = <T>(body: object) => openSearch.call<T>('POST', `/${dataStream}/_search`, body)
  const count = async (query: object) =>
    (await openSearch.call<{ count: number }>('POST', `/${dataStream}/_count`, { query })).count

  test('accepts every line of a journey, and indexes every field of each line', async () => {
    const bulk = lines.map(line => `{"create":{}}\n${JSON.stringify(line)}\n`).join('')
    const answer = await openSearch.call<{ errors: boolean; items: object[] }>(
      'POST',
      `/${dataStream}/_bulk?refresh=true`,
      bulk,
    )
    expect(answer.errors, JSON.stringify(answer.items).slice(0, 2_000)).toBe(false)
    expect(await count({ match_all: {} })).toBe(lines.length)
    // A value of the wrong type, or one that is too long, would be stored without being indexed.
    expect(await count({ exists: { field: '_ignored' } })).toBe(0)
    const counts = countsOf(lines)
    for (const [field, expected] of counts) {
      const caps = await openSearch.call<{ fields: Record<string, Record<string, object>> }>(
        'GET',
        `/${dataStream}/_field_caps?fields=${encodeURIComponent(field)}`,
      )
      const { type } = mappings[field as keyof LogLine]
      expect(Object.keys(caps.fields[field] ?? {}), field).toEqual([type])
      expect(await count({ exists: { field } }), field).toBe(expected)
    }
    expect([...counts.keys()]).toEqual(expect.arrayContaining(['event.duration', 'trace.id', 'vigia.outcome']))
  })

  test('finds the lines of an event and of a trace', async () => {
    const down = lines.find(line => /monitor\.down\/message\.requested/.test(line['event.id'] ?? ''))!
    for (const field of ['event.id', 'trace.id'] as const)
      expect(await count({ term: { [field]: down[field] } }), field).toBe(
        lines.filter(line => line[field] === down[field]).length,
      )
  })

  test('stores a line with an unknown field or a wrong value, and adds no mapping', async () => {
    const odd = { ...lines[0], 'vigia.invented': { deep: 1 }, 'event.duration': 'long' }
    await openSearch.call('POST', `/${dataStream}/_doc?refresh=true`, odd)
    expect(await count({ match_all: {} })).toBe(lines.length + 1)
    const caps = await openSearch.call<{ fields: object }>('GET', `/${dataStream}/_field_caps?fields=vigia.invented*`)
    expect(caps.fields).toEqual({})
  })

  test('the mapping that setup.sh sends is accepted for a data stream that exists', async () => {
    const { template } = indexTemplate
    await openSearch.call('PUT', '/logs-vigia-*/_mapping?allow_no_indices=true', template.mappings)
  })

  test.each(
    savedObjects
      .filter(({ type }) => type === 'visualization')
      .map(({ attributes }) => [String(attributes.title), String(attributes.visState)]),
  )('the query of the panel "%s" returns data', async (_, visState) => {
    const spec = JSON.parse(JSON.parse(visState).params.spec)
    // Kibana fills in the width of a bar.
    const body = JSON.parse(JSON.stringify(spec.data.url.body).replace('{"%autointerval%":60}', '"1m"'))
    const { aggregations } = await search<{ aggregations: { times: { buckets: { names: { buckets: object[] } }[] } } }>(
      body,
    )
    const names = aggregations.times.buckets.flatMap(bucket => bucket.names.buckets)
    expect(names.length).toBeGreaterThan(0)
    expect(spec.data.format.property).toBe('aggregations.times.buckets')
  })

  const whyNoFluentBit = onPath('fluent-bit') ? '' : ' (skipped: no fluent-bit on PATH; Debian has no package of it)'
  describe.skipIf(whyNoFluentBit)(`behind Fluent Bit${whyNoFluentBit}`, () => {
    const crash = 'Error: connect ECONNREFUSED 10.0.0.7:5432'
    const containers = join(folder, 'containers')
    let crashes = 0
    beforeAll(async () => {
      await openSearch.call('DELETE', `/_data_stream/${dataStream}`)
      crashes = writeContainerLogs(folder, containers, crash)
    })

    const stored = async () => {
      const { hits } = await search<{ hits: { hits: { _source: Record<string, unknown> }[] } }>({ size: 10_000 })
      return hits.hits.map(({ _source }) => _source)
    }
    /** Runs Fluent Bit with an empty state until it has sent all lines. `isDone` gets what it has printed. */
    const ship = async (state: string, isDone: (output: string) => boolean | Promise<boolean>) => {
      const fluentBit = await startFluentBit('elastic', {
        folder: join(folder, state),
        logs: containers,
        change: output => {
          const { hostname, port } = new URL(openSearch.url)
          Object.assign(output, { host: hostname, port: Number(port), tls: false })
          for (const name of ['tls.verify', 'tls.ca_file', 'http_user', 'http_passwd']) delete output[name]
        },
      })
      try {
        await until(() => isDone(fluentBit.output()), {
          what: `Fluent Bit to send ${lines.length + crashes} lines`,
          timeoutMs: 120_000,
        }).catch(error => {
          throw new Error(`${error.message}; Fluent Bit said:\n${fluentBit.output()}`)
        })
      } finally {
        await fluentBit.stop()
      }
      return fluentBit.output()
    }

    const allAreStored = async () => {
      await openSearch.call('POST', `/${dataStream}/_refresh`).catch(() => {})
      return (await count({ match_all: {} }).catch(() => 0)) >= lines.length + crashes
    }

    test('every line of a journey arrives with its own fields and time, and with the names of its pod', async () => {
      const output = await ship('first', allAreStored)
      expect(output).not.toMatch(/\[(error|warn)\].*(es|tail|parser)/)
      const byText = (rows: object[]) => rows.map(row => JSON.stringify(row, Object.keys(row).toSorted())).toSorted()
      const functionLines = (await stored()).filter(row => row['service.name'] !== undefined)
      const own = functionLines.map(row =>
        Object.fromEntries(
          Object.entries(row)
            .filter(([name]) => !name.startsWith('kubernetes.'))
            // Fluent Bit writes the time with nine digits.
            .map(([name, value]) => [name, name === '@timestamp' ? String(value).replace(/0{6}Z$/, 'Z') : value]),
        ),
      )
      expect(byText(own)).toEqual(byText(lines))
      for (const row of functionLines)
        expect(row).toMatchObject({
          'kubernetes.namespace': 'vigia',
          'kubernetes.container.name': 'user-container',
          'kubernetes.pod.name': `${row['service.name']}-00001-deployment-6b7f5c9d4-x2x7k`,
          'kubernetes.node.name': 'worker-1',
        })
    })

    test('the output of a crash, which is not JSON, is a line with the level error', async () => {
      const plain = (await stored()).filter(row => row['service.name'] === undefined)
      expect(plain).toHaveLength(crashes)
      for (const row of plain)
        expect(row).toEqual({
          '@timestamp': expect.any(String),
          'log.level': 'error',
          message: crash,
          'kubernetes.namespace': 'vigia',
          'kubernetes.container.name': 'user-container',
          'kubernetes.pod.name': expect.stringMatching(/-00001-deployment-/),
          'kubernetes.node.name': 'worker-1',
        })
    })

    test('lines that are sent again, after Fluent Bit lost its state, are not stored twice', async () => {
      const before = await stored()
      // OpenSearch refuses a second line with the same id as a conflict.
      await ship('second', output => output.includes('version_conflict_engine_exception'))
      await openSearch.call('POST', `/${dataStream}/_refresh`)
      expect(await stored()).toHaveLength(before.length)
    })
  })
})
