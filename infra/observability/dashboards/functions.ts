import type { DashboardSource } from './dashboard.ts'

const selected = 'function=~"$function"'

/** What each function does and what it costs. */
export const functions: DashboardSource = {
  name: 'functions',
  title: 'Functions',
  description: 'Requests, latency, processes, cold starts, CPU and memory of each function.',
  selectsFunctions: true,
  panels: [
    {
      title: 'Events and requests',
      unit: 'reqps',
      width: 12,
      queries: [
        [`sum by (function) (rate(vigia_handled_seconds_count{${selected}}[$__rate_interval]))`, '{{function}}'],
      ],
    },
    {
      title: 'How events and requests ended',
      unit: 'reqps',
      width: 12,
      description:
        'done: handled. later, conflict and failed: the broker tries again. permanent and malformed: a dead letter.',
      queries: [
        [
          `sum by (function, outcome) (rate(vigia_handled_seconds_count{${selected}}[$__rate_interval]))`,
          '{{function}} {{outcome}}',
        ],
      ],
    },
    {
      title: '95 % are handled within',
      unit: 's',
      width: 12,
      description: 'uptime-prober waits for the time of each check, so half a minute is normal for it.',
      queries: [
        [
          `histogram_quantile(0.95, sum by (function, le) (rate(vigia_handled_seconds_bucket{${selected}}[$__rate_interval])))`,
          '{{function}}',
        ],
      ],
    },
    {
      title: 'Mean time by type',
      unit: 's',
      width: 12,
      queries: [
        [
          `sum by (function, type) (rate(vigia_handled_seconds_sum{${selected}}[$__rate_interval])) / sum by (function, type) (rate(vigia_handled_seconds_count{${selected}}[$__rate_interval]) > 0)`,
          '{{function}} {{type}}',
        ],
      ],
    },
    {
      title: 'CPU',
      unit: 'percentunit',
      width: 12,
      description: 'Share of one core.',
      queries: [[`sum by (function) (rate(process_cpu_seconds_total{${selected}}[$__rate_interval]))`, '{{function}}']],
    },
    {
      title: 'Memory',
      unit: 'bytes',
      width: 12,
      queries: [[`sum by (function) (process_resident_memory_bytes{${selected}})`, '{{function}}']],
    },
    {
      title: 'Utilization of the event loop',
      unit: 'percentunit',
      width: 12,
      description: 'Share of the time between two scrapes. Near 100 %, a process computes and answers late.',
      queries: [[`max by (function) (nodejs_eventloop_utilization{${selected}})`, '{{function}}']],
    },
    {
      title: 'Processes (one machine)',
      width: 12,
      queries: [[`sum by (function, state) (vigia_function_processes{${selected}})`, '{{function}} {{state}}']],
    },
    {
      title: 'Cold starts in 5 minutes (one machine)',
      width: 12,
      queries: [[`sum by (function) (increase(vigia_function_cold_starts_total{${selected}}[5m]))`, '{{function}}']],
    },
    {
      title: 'Requests in progress or waiting (one machine)',
      width: 12,
      queries: [[`sum by (function, state) (vigia_function_requests{${selected}})`, '{{function}} {{state}}']],
    },
    {
      title: 'Pods that the autoscaler wants (Knative)',
      width: 12,
      queries: [['sum by (kn_configuration_name) (kn_revision_pods_desired)', '{{kn_configuration_name}}']],
    },
    {
      title: 'Requests that wait for a pod (Knative)',
      width: 12,
      description: 'The activator holds these requests until a pod is ready. They are the cold starts of a cluster.',
      queries: [['sum by (kn_configuration_name) (kn_revision_request_queued)', '{{kn_configuration_name}}']],
    },
    {
      title: 'Requests at queue-proxy by status (Knative)',
      unit: 'reqps',
      width: 12,
      queries: [
        [
          `sum by (function, http_response_status_code) (rate(kn_serving_invocation_duration_seconds_count{${selected}}[$__rate_interval]))`,
          '{{function}} {{http_response_status_code}}',
        ],
      ],
    },
    {
      title: 'Memory of containers (Kubernetes)',
      unit: 'bytes',
      width: 12,
      queries: [
        ['sum by (pod) (container_memory_working_set_bytes{namespace="vigia",container="user-container"})', '{{pod}}'],
      ],
    },
  ],
}
