import { stringify } from 'yaml'

export interface PrometheusOptions {
  /** PORT of `npm start`. */
  port: string
  /** The port of Prometheus, which also scrapes itself. */
  prometheusPort: string
  /** How often Prometheus scrapes, looks for functions and evaluates rules: `15s`. */
  interval: string
  /** Files of rules; may contain `*` in the last part. */
  ruleFiles: readonly string[]
  /** The address of Alertmanager: `localhost:9093`. Without an address, Prometheus shows alerts but sends none. */
  alertmanager?: string | undefined
}

/** prometheus.yml for one machine: the runtime, and the functions while they run. */
export const prometheusConfiguration = ({
  port,
  prometheusPort,
  interval,
  ruleFiles,
  alertmanager,
}: PrometheusOptions): string =>
  stringify({
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: ruleFiles,
    ...(alertmanager !== undefined && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    }),
    scrape_configs: [
      { job_name: 'prometheus', static_configs: [{ targets: [`localhost:${prometheusPort}`] }] },
      // The label "job" of vigia_job_reached_timestamp_seconds must stay.
      { job_name: 'vigia', honor_labels: true, static_configs: [{ targets: [`localhost:${port}`] }] },
      {
        job_name: 'functions',
        honor_labels: true,
        http_sd_configs: [{ url: `http://localhost:${port}/metrics/targets`, refresh_interval: interval }],
      },
    ],
  })

/** The files of Grafana's provisioning folder, by path: the data source and the folder of dashboards. */
export const grafanaProvisioning = (prometheusUrl: string, dashboards: string): Map<string, string> =>
  new Map([
    [
      'datasources/vigia.yaml',
      stringify({
        apiVersion: 1,
        datasources: [
          {
            ...{
              name: 'Vigia',
              uid: 'vigia',
              type: 'prometheus',
              access: 'proxy',
              url: prometheusUrl,
              isDefault: true,
            },
            jsonData: { timeInterval: '15s' },
          },
        ],
      }),
    ],
    [
      'dashboards/vigia.yaml',
      stringify({
        apiVersion: 1,
        providers: [{ name: 'Vigia', folder: 'Vigia', type: 'file', options: { path: dashboards } }],
      }),
    ],
  ])

/** The variables that Grafana reads. People on this machine see the dashboards without a password. */
export const grafanaEnvironment = (folder: string, port: number): Record<string, string> => ({
  GF_PATHS_PROVISIONING: `${folder}/provisioning`,
  GF_PATHS_DATA: `${folder}/data`,
  GF_PATHS_LOGS: `${folder}/logs`,
  GF_SERVER_HTTP_ADDR: '127.0.0.1',
  GF_SERVER_HTTP_PORT: String(port),
  GF_AUTH_ANONYMOUS_ENABLED: 'true',
  GF_ANALYTICS_REPORTING_ENABLED: 'false',
  GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
})
