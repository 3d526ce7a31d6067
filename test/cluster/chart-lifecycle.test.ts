import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { type Overlay, overlays } from '#infra/cluster/render/overlays.ts'
import { functionNames, root } from '#infra/repository.ts'
import { type ApiServer, apiServer, type Ran, succeeded, whyNoApiServer } from './api-server.ts'
import { contents } from './support/contents.ts'
import { deployable } from './support/deployable.ts'
import { endWithTests } from './support/end-with-tests.ts'
import { bringPlatform } from './support/platform.ts'

const why = await whyNoApiServer()
const chart = join(root, 'infra/charts/vigia')

describe.skipIf(why)(`the chart on a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer
  let copy: Awaited<ReturnType<typeof deployable>>
  let secretValues: string
  endWithTests(() => server)

  beforeAll(async () => {
    server = await apiServer()
    copy = await deployable(server.env.PATH!)
    secretValues = await writeSecretValues()
  })
  afterAll(() => copy?.remove())

  /** What git does not have: minikube's secrets, and those sealed for the on-premise cluster. */
  const writeSecretValues = async () => {
    const file = join(copy.folder, 'secret-values.yaml')
    const environment = await readFile(join(copy.at('minikube'), '.env'), 'utf8')
    const secrets = Object.fromEntries(
      [...environment.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, key, value]) => [key, value]),
    )
    const sealed = parseAllDocuments(await readFile(join(copy.at('onprem'), 'sealed-secrets.yaml'), 'utf8'))
      .map(document => document.toJS())
      .filter(object => object?.kind === 'SealedSecret')
    const sealedSecrets = Object.fromEntries(sealed.map(({ metadata, spec }) => [metadata.name, spec.encryptedData]))
    await writeFile(file, stringify({ secrets, sealedSecrets }))
    return file
  }

  const valuesOf = (overlay: Overlay) => ['--values', join(chart, `values-${overlay}.yaml`), '--values', secretValues]
  const helm = (verb: string, ...args: string[]) => server.helm([verb, ...args, '--namespace=vigia'])
  const waiting = ['--wait', '--timeout=120s']
  const install = (overlay: Overlay, ...more: string[]) =>
    helm('install', 'vigia', chart, '--create-namespace', '--take-ownership', ...waiting, ...valuesOf(overlay), ...more)
  const upgrade = (overlay: Overlay, ...more: string[]) =>
    helm('upgrade', 'vigia', chart, ...waiting, ...valuesOf(overlay), ...more)

  /** What the release is made of; Helm's own notes about it come and go. */
  const released = async () => (await contents(server)).filter(one => !one.startsWith('Secret/sh.helm.release.'))
  const jobs = async () => (await released()).filter(one => one.startsWith('Job/')).map(one => one.split(' ')[0])
  const image = async () =>
    succeeded(
      await server.kubectl([
        ...['get', 'ksvc', 'uptime-prober', '--namespace=vigia'],
        ...['-o', 'jsonpath={.spec.template.spec.containers[0].image}'],
      ]),
    )
  const refused = (ran: Ran, reason: RegExp) => {
    expect(ran.code).not.toBe(0)
    expect(ran.stderr).toMatch(reason)
    for (const secret of copy.secrets) expect(ran.stderr + ran.stdout).not.toContain(secret)
  }

  describe.each(overlays)('%s', overlay => {
    let version: string
    let job: string

    beforeAll(async () => {
      await bringPlatform(server, copy.at(overlay))
      version = parse(await readFile(join(chart, 'Chart.yaml'), 'utf8')).appVersion
      job = `Job/migrate-${version.replaceAll('.', '-')}`
    })
    afterAll(async () => {
      await server.kubectl(['delete', 'namespace', 'vigia', '--ignore-not-found', '--timeout=120s'])
    })

    test('helm install brings everything up and waits for it; a second install is refused', async () => {
      succeeded(await install(overlay))
      const all = await released()
      expect(await jobs()).toEqual([job])
      refused(await install(overlay), /cannot re-?use a name that is still in use/)
      expect(await released()).toEqual(all)
    })

    test('an upgrade to the same release changes nothing', async () => {
      const before = await released()
      succeeded(await upgrade(overlay))
      succeeded(await upgrade(overlay))
      expect(await released()).toEqual(before)
    })

    test('an upgrade to the next release brings its image and its own migrations, also the second time', async () => {
      const next = ['--set', 'image.tag=9.8.7', '--set', 'revision=abc']
      succeeded(await upgrade(overlay, ...next))
      expect(await image()).toMatch(/:9\.8\.7$/)
      expect(await jobs()).toEqual(['Job/migrate-9-8-7'])
      const before = await released()
      succeeded(await upgrade(overlay, ...next))
      expect(await released()).toEqual(before)
    })

    test('a rollback brings the image and the migrations of then, and another one those of now', async () => {
      succeeded(await helm('rollback', 'vigia', '1', ...waiting))
      expect(await image()).toMatch(new RegExp(`:${version}$`))
      expect(await jobs()).toEqual([job])
      succeeded(await helm('rollback', 'vigia', ...waiting))
      expect(await image()).toMatch(/:9\.8\.7$/)
    })

    test('a value that nothing reads is refused, and nothing changes', async () => {
      const before = await released()
      refused(await upgrade(overlay, '--set', 'imgae.tag=1'), /imgae/)
      expect(await released()).toEqual(before)
    })

    test('helm uninstall leaves the databases, their volumes and the namespace; there is nothing to uninstall twice', async () => {
      const named = async () => (await released()).map(one => one.split(' ').slice(0, 2).join(' '))
      const kept = /^(StatefulSet|PersistentVolumeClaim|Cluster|MongoDBCommunity|RabbitmqCluster)\//
      const before = (await named()).filter(one => kept.test(one))
      succeeded(await helm('uninstall', 'vigia', ...waiting))
      expect((await named()).filter(one => !one.startsWith('ServiceAccount/default '))).toEqual(before)
      refused(await helm('uninstall', 'vigia'), /not found/)
    })

    test('a first install in two steps waits for the broker and who hears its dead letters before any function publishes', async () => {
      const count = async (kind: string) =>
        JSON.parse(succeeded(await server.kubectl(['get', kind, '--namespace=vigia', '-o', 'json']))).items.length
      succeeded(await install(overlay, '--set', 'publishers=false'))
      expect([await count('ksvc'), await count('trigger'), await count('pingsource')]).toEqual([1, 0, 0])
      succeeded(await upgrade(overlay, '--set', 'publishers=true'))
      expect(await count('ksvc')).toBe(functionNames().length)
      expect(await count('trigger')).toBeGreaterThan(10)
    })
  })

  test('without its secrets the chart makes nothing', async () => {
    const values = ['--values', join(chart, 'values-minikube.yaml')]
    refused(await helm('install', 'vigia', chart, ...values), /secrets\.\w+ is not set: values\.yaml says where/)
    expect(succeeded(await server.kubectl(['get', 'namespaces', '-o', 'name']))).not.toContain('vigia')
  })
})
