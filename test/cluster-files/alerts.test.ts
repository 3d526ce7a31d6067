import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseManifests, renderOverlay } from '#infra/cluster/render/overlays.ts'
import { kubeTool, kustomize } from '#infra/delivery/kube-tools.ts'
import { root } from '#infra/repository.ts'
import { type Rule, rules } from '#test/observability/rule-files.ts'

const folder = 'infra/observability/cluster'
const reason = (await kubeTool('kubectl')) === undefined ? ' (skipped: no kubectl)' : ''

const objects = async (kind: string) =>
  parseManifests(await kustomize(join(root, folder)), folder).filter(object => object.kind === kind)

const rulesIn = async (): Promise<Rule[]> =>
  (await objects('PrometheusRule')).flatMap(({ spec }) =>
    spec.groups.flatMap((group: { rules: Rule[] }) => group.rules),
  )

test.skipIf(reason)(
  `the PrometheusRules have every rule, and the label by which Prometheus finds them${reason}`,
  async () => {
    const bare = ({ alert, record, expr, for: wait }: Rule) => ({ alert, record, expr, wait })
    expect((await rulesIn()).map(bare)).toEqual(rules().map(bare))
    for (const { metadata } of await objects('PrometheusRule'))
      expect(metadata.labels).toMatchObject({ release: 'kube-prometheus-stack' })
  },
)

test.skipIf(reason)(`each alert has the namespace that its AlertmanagerConfig applies to${reason}`, async () => {
  const [config] = await objects('AlertmanagerConfig')
  for (const { alert, labels } of await rulesIn())
    if (alert !== undefined) expect(labels?.namespace, alert).toBe(config!.metadata.namespace)
})

test.skipIf(reason)(`the dashboards of alerts are on the host name of Grafana${reason}`, async () => {
  const route = (await renderOverlay('gke')).find(
    ({ kind, metadata }) => kind === 'HTTPRoute' && metadata.name === 'grafana',
  )
  const links = (await rulesIn()).map(({ annotations }) => annotations?.dashboard_url).filter(url => url !== undefined)
  expect(new Set(links.map(url => new URL(url).host))).toEqual(new Set(route!.spec.hostnames))
})

interface PlainRoute {
  receiver: string
  matchers: string[]
  group_wait?: string
  group_interval?: string
  repeat_interval?: string
  continue?: boolean
}
interface ObjectRoute {
  receiver: string
  matchers: { name: string; matchType: string; value: string }[]
  groupWait?: string
  groupInterval?: string
  repeatInterval?: string
  continue?: boolean
}

test.skipIf(reason)(`the AlertmanagerConfig routes alerts as alertmanager.yml does${reason}`, async () => {
  const plain = parse(readFileSync(join(root, 'infra/observability/alertmanager.yml'), 'utf8'))
  const [object] = await objects('AlertmanagerConfig')
  const { route, inhibitRules, receivers } = object!.spec
  type Matchers = ObjectRoute['matchers']
  const written = (matchers: Matchers) => matchers.map(({ name, matchType, value }) => `${name}${matchType}"${value}"`)
  const asPlain = ({ receiver, matchers, groupWait, groupInterval, repeatInterval, continue: goOn }: ObjectRoute) => ({
    receiver,
    matchers: written(matchers),
    ...(groupWait && { group_wait: groupWait, group_interval: groupInterval, repeat_interval: repeatInterval }),
    ...(goOn && { continue: goOn }),
  })
  expect(route.routes.map(asPlain)).toEqual(plain.route.routes as PlainRoute[])
  expect([route.receiver, route.groupBy, route.groupWait, route.groupInterval, route.repeatInterval]).toEqual(
    ['receiver', 'group_by', 'group_wait', 'group_interval', 'repeat_interval'].map(key => plain.route[key]),
  )
  expect(
    inhibitRules.map(({ sourceMatch, targetMatch }: { sourceMatch: Matchers; targetMatch: Matchers }) => ({
      source_matchers: written(sourceMatch),
      target_matchers: written(targetMatch),
    })),
  ).toEqual(plain.inhibit_rules)
  const names = (all: { name: string }[]) => all.map(({ name }) => name)
  expect(names(receivers)).toEqual(names(plain.receivers))
})
