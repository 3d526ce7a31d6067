import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { knativeManifests } from '#infra/cluster/render/manifest-files.ts'
import { type Call, callsIn, knScript, onPath, parseCall, runScript } from './support/kn-calls.ts'
import { summaryOfCall, summaryOfManifest } from './support/kn-summary.ts'

const key = ({ kind, name }: { kind: string; name: string }) => `${kind} ${name}`
const manifests = new Map(knativeManifests().map(one => [key({ kind: one.kind, name: one.metadata.name }), one]))
const script = knScript()
const bash = onPath('bash')
const kn = onPath('kn')

describe.skipIf(!bash)(`the commands of infra/cluster/kn.md${bash ? '' : ' (skipped: no bash)'}`, () => {
  let calls: Call[] = []
  beforeAll(async () => {
    calls = (await callsIn(script)).map(parseCall)
  })

  test('create every service, broker, binding, trigger and source once, and nothing else', () => {
    expect(calls.map(call => key(summaryOfCall(call))).sort()).toEqual([...manifests.keys()].sort())
  })

  test.each([...manifests])('create %s with the fields of its manifest for which kn has a flag', (name, manifest) => {
    const call = calls.find(one => key(summaryOfCall(one)) === name)!
    expect(summaryOfCall(call)).toEqual(summaryOfManifest(manifest))
  })

  test('create the Broker and the binding before the functions, and the triggers and sources after them', () => {
    const at = (command: string) =>
      calls.map((call, index) => (call.command === command ? index : -1)).filter(i => i >= 0)
    expect(Math.max(...at('broker create'))).toBeLessThan(Math.min(...at('source binding create')))
    expect(Math.max(...at('source binding create'))).toBeLessThan(Math.min(...at('service create')))
    expect(Math.max(...at('service create'))).toBeLessThan(
      Math.min(...at('trigger create'), ...at('source ping create')),
    )
  })

  test('are compared with the manifests in full: a difference in any field is found', async () => {
    const differs = async (from: string, to: string) => {
      expect(script, `the page has ${from}`).toContain(from)
      const changed = (await callsIn(script.replace(from, to))).map(parseCall).map(summaryOfCall)
      return changed.some(summary => {
        const manifest = manifests.get(key(summary))
        return !manifest || !isDeepStrictEqual(summary, summaryOfManifest(manifest))
      })
    }
    expect(await differs('wake uptime-prober', 'wake uptime-prober')).toBe(false)
    expect(await differs('--scale 0..3', '--scale 0..4')).toBe(true)
    expect(await differs("'7-57/10 * * * *'", "'8-58/10 * * * *'")).toBe(true)
    expect(await differs('--user 65532', '--user 0')).toBe(true)
    expect(await differs(' --security-context strict', '')).toBe(true)
    expect(await differs('--label-revision vigia.dev/uses-mongodb=true', '')).toBe(true)
    expect(await differs('tick=$1" --sink "ksvc:$1"', 'tick=$1" --sink ksvc:error-notifier')).toBe(true)
    expect(await differs('/dead/default', '/dead')).toBe(true)
    expect(await differs('--cluster-local', '--no-cluster-local')).toBe(true)
  })

  test.each([
    [['service', 'create', 'x', '--read-only'], 'unknown flag --read-only'],
    [['service', 'create', 'x', '--timeout', 'long'], 'is not a number'],
    [['service', 'create', 'x', '--image'], 'needs a value'],
    [['service', 'create', 'x', '--user', '1', '--user', '2'], 'given twice'],
    [['service', 'create', 'x', 'y'], 'needs one name'],
    [['source', 'ping', 'create', 'x', '--timezone', 'UTC'], 'unknown flag --timezone'],
    [['trigger', 'create', 'x', '--retry', '3'], 'unknown flag --retry'],
    [['service', 'destroy', 'x'], 'unknown command'],
  ])('kn %j is refused', (args, message) => {
    expect(() => parseCall(args)).toThrow(message)
  })
})

describe.skipIf(!kn || !bash)(`the kn program${kn ? '' : ' (skipped: no kn on PATH)'}`, () => {
  test('creates the Service of the manifest from each service command', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vigia-kn-target-'))
    try {
      const program = `#!/bin/sh\ncase "$1" in service) exec '${kn}' "$@" --target '${folder}' ;; esac\n`
      await runScript(script, program)
      const files = await readdir(join(folder, 'vigia/ksvc'))
      const made = await Promise.all(
        files.map(async file => parse(await readFile(join(folder, 'vigia/ksvc', file), 'utf8'))),
      )
      const services = [...manifests.values()].filter(({ kind }) => kind === 'Service')
      expect(made.map(({ metadata }) => metadata.name).sort()).toEqual(
        services.map(({ metadata }) => metadata.name).sort(),
      )
      for (const one of made)
        expect(summaryOfManifest(one), one.metadata.name).toEqual(
          summaryOfManifest(manifests.get(`Service ${one.metadata.name}`)!),
        )
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
