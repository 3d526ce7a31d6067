import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { type Overlay, overlays } from '#infra/cluster/render/overlays.ts'
import { functionNames, root } from '#infra/repository.ts'
import { type ApiServer, apiServerSkipReason, expectSuccess, type ProgramResult, startApiServer } from './api-server.ts'
import { deployableCopy } from './support/deployable-copy.ts'
import { objectVersions } from './support/object-versions.ts'
import { applyPlatform } from './support/platform.ts'
import { stopAfterTests } from './support/stop-after-tests.ts'

const why = await apiServerSkipReason()
const chart = join(root, 'infra/charts/vigia')

describe.skipIf(why)(`the chart on a real API server${why ? ` (skipped: ${why})` : ''}`, () => {
  let server: ApiServer
  let copy: Awaited<ReturnType<typeof deployableCopy>>
  let secretValues: string
  stopAfterTests(() => server)

  beforeAll(async () => {
    server = await startApiServer()
    copy = await deployableCopy(server.env.PATH!)
    secretValues = await writeSecretValues()
  })
  afterAll(() => copy?.remove())

  /** Writes the values that git does not have: the secrets of minikube, and the sealed ones of onprem. */
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

  /** The objects of the release, without the Secrets in which Helm keeps its history. */
  const released = async () => (await objectVersions(server)).filter(one => !one.startsWith('Secret/sh.helm.release.'))
  const jobs = async () => (await released()).filter(one => one.startsWith('Job/')).map(one => one.split(' ')[0])
  const image = async () =>
    expectSuccess(
      await server.kubectl([
        ...['get', 'ksvc', 'uptime-prober', '--namespace=vigia'],
        ...['-o', 'jsonpath={.spec.template.spec.containers[0].image}'],
      ]),
    )
  const expectRefusal = (result: ProgramResult, reason: RegExp) => {
    expect(result.code).not.toBe(0)
    expect(result.stderr).toMatch(reason)
    for (const secret of copy.secrets) expect(result.stderr + result.stdout).not.toContain(secret)
  }

  describe.each(overlays)('%s', overlay => {
    let version: string
    let job: string

    beforeAll(async () => {
      await applyPlatform(server, copy.at(overlay))
      version = parse(await readFile(join(chart, 'Chart.yaml'), 'utf8')).appVersion
      job = `Job/migrate-${version.replaceAll('.', '-')}`
    })
    afterAll(async () => {
      await server.kubectl(['delete', 'namespace', 'vigia', '--ignore-not-found', '--timeout=120s'])
    })

    test('helm install waits until everything is ready; a second install is refused', async () => {
      expectSuccess(await install(overlay))
      const all = await released()
      expect(await jobs()).toEqual([job])
      expectRefusal(await install(overlay), /cannot re-?use a name that is still in use/)
      expect(await released()).toEqual(all)
    })

    test('an upgrade to the same release changes nothing', async () => {
      const before = await released()
      expectSuccess(await upgrade(overlay))
      expectSuccess(await upgrade(overlay))
      expect(await released()).toEqual(before)
    })

    test('an upgrade to the next release has its image and its migrations, and a second one changes nothing', async () => {
      const next = ['--set', 'image.tag=9.8.7', '--set', 'revision=abc']
      expectSuccess(await upgrade(overlay, ...next))
      expect(await image()).toMatch(/:9\.8\.7$/)
      expect(await jobs()).toEqual(['Job/migrate-9-8-7'])
      const before = await released()
      expectSuccess(await upgrade(overlay, ...next))
      expect(await released()).toEqual(before)
    })

    test('a rollback has the image and the migrations of the first release; another rollback has the newer ones again', async () => {
      expectSuccess(await helm('rollback', 'vigia', '1', ...waiting))
      expect(await image()).toMatch(new RegExp(`:${version}$`))
      expect(await jobs()).toEqual([job])
      expectSuccess(await helm('rollback', 'vigia', ...waiting))
      expect(await image()).toMatch(/:9\.8\.7$/)
    })

    test('an unknown value is refused, and nothing changes', async () => {
      const before = await released()
      expectRefusal(await upgrade(overlay, '--set', 'imgae.tag=1'), /imgae/)
      expect(await released()).toEqual(before)
    })

    test('helm uninstall keeps the databases, their volumes and the namespace; a second helm uninstall is refused', async () => {
      const named = async () => (await released()).map(one => one.split(' ').slice(0, 2).join(' '))
      const kept = /^(StatefulSet|PersistentVolumeClaim|Cluster|MongoDBCommunity|RabbitmqCluster)\//
      const before = (await named()).filter(one => kept.test(one))
      expectSuccess(await helm('uninstall', 'vigia', ...waiting))
      expect((await named()).filter(one => !one.startsWith('ServiceAccount/default '))).toEqual(before)
      expectRefusal(await helm('uninstall', 'vigia'), /not found/)
    })

    test('an installation in two steps waits for the Broker and error-notifier before any function publishes', async () => {
      const names = async (kind: string): Promise<string[]> => {
        const output = expectSuccess(await server.kubectl(['get', kind, '--namespace=vigia', '-o', 'json']))
        return JSON.parse(output).items.map(({ metadata }: { metadata: { name: string } }) => metadata.name)
      }
      expectSuccess(await install(overlay, '--set', 'publishers=false'))
      // The functions that publish nothing.
      expect(await names('ksvc')).toEqual(['database-metrics', 'error-notifier', 'status-page'])
      expect([await names('trigger'), await names('pingsource')]).toEqual([[], []])
      expectSuccess(await upgrade(overlay, '--set', 'publishers=true'))
      expect(await names('ksvc')).toEqual(functionNames())
      expect((await names('trigger')).length).toBeGreaterThan(10)
    })
  })

  test('without its secrets the chart creates nothing', async () => {
    const values = ['--values', join(chart, 'values-minikube.yaml')]
    expectRefusal(await helm('install', 'vigia', chart, ...values), /secrets\.\w+ is not set; values\.yaml explains it/)
    expect(expectSuccess(await server.kubectl(['get', 'namespaces', '-o', 'name']))).not.toContain('vigia')
  })
})
