import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { root } from '#infra/repository.ts'
import { checks } from './dashboards/checks.ts'
import { cluster } from './dashboards/cluster.ts'
import { dashboardOf } from './dashboards/dashboard.ts'
import { delivery } from './dashboards/delivery.ts'
import { episodes } from './dashboards/episodes.ts'
import { functions } from './dashboards/functions.ts'
import { overview } from './dashboards/overview.ts'

/** The folder of the generated dashboards. kustomize makes a ConfigMap of each file, and reads only files below it. */
export const dashboardFolder = 'infra/observability/cluster/dashboards'

/** The dashboards by the name of their file: `overview.json`. */
export const dashboards: ReadonlyMap<string, Dashboard> = new Map(
  [overview, functions, checks, episodes, delivery, cluster].map(source => [
    `${source.name}.json`,
    dashboardOf(source),
  ]),
)

/** The generated files by path in the checkout. */
export const dashboardFiles = (): Map<string, string> =>
  new Map(
    [...dashboards].map(([name, dashboard]) => [
      `${dashboardFolder}/${name}`,
      `${JSON.stringify(dashboard, null, 2)}\n`,
    ]),
  )

/** The paths of the generated files that the checkout has. */
export const presentDashboards = (checkout = root): string[] =>
  existsSync(join(checkout, dashboardFolder))
    ? readdirSync(join(checkout, dashboardFolder)).map(name => `${dashboardFolder}/${name}`)
    : []
