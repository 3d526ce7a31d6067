import type { DashboardSource } from './dashboard.ts'

/** The databases, the one-machine runtime, and the machines of a cluster. */
export const cluster: DashboardSource = {
  name: 'cluster',
  title: 'Databases and cluster',
  description: 'PostgreSQL, the jobs, the runtime, and what runs under them on a cluster.',
  panels: [
    {
      title: 'PostgreSQL answers',
      kind: 'stat',
      width: 8,
      queries: [['min(vigia_database_up)', '']],
    },
    {
      title: 'Age of the last backup',
      kind: 'stat',
      unit: 's',
      width: 8,
      redFrom: 36 * 3_600,
      queries: [['time() - max(vigia_job_reached_timestamp_seconds{job="backup"})', '']],
    },
    {
      title: 'Targets that Prometheus cannot scrape',
      kind: 'stat',
      width: 8,
      redFrom: 1,
      description: 'A function that has just ended counts until Prometheus looks for targets again.',
      queries: [['sum(up == bool 0)', '']],
    },
    {
      title: 'Time since each job did its work',
      unit: 's',
      width: 12,
      queries: [['time() - max by (job) (vigia_job_reached_timestamp_seconds)', '{{job}}']],
    },
    {
      title: 'CPU of the one-machine runtime',
      unit: 'percentunit',
      width: 12,
      queries: [['sum(rate(process_cpu_seconds_total{function="",job="vigia"}[$__rate_interval]))', 'runtime']],
    },
    {
      title: 'Transactions (CloudNativePG)',
      unit: 'ops',
      width: 12,
      queries: [['sum by (pod) (rate(cnpg_pg_stat_database_xact_commit[$__rate_interval]))', '{{pod}}']],
    },
    {
      title: 'Delay of replication (CloudNativePG)',
      unit: 's',
      width: 12,
      queries: [['max by (pod) (cnpg_pg_replication_lag)', '{{pod}}']],
    },
    {
      title: 'Free space on disks (nodes)',
      unit: 'percentunit',
      width: 12,
      queries: [
        [
          'min by (instance) (node_filesystem_avail_bytes{fstype!~"tmpfs|overlay"} / node_filesystem_size_bytes{fstype!~"tmpfs|overlay"})',
          '{{instance}}',
        ],
      ],
    },
    {
      title: 'Memory in use (nodes)',
      unit: 'percentunit',
      width: 12,
      queries: [['1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes', '{{instance}}']],
    },
    {
      title: 'etcd: time to write to disk, 99 %',
      unit: 's',
      width: 12,
      description: 'Over 10 ms, the disk is too slow for etcd.',
      queries: [
        [
          'histogram_quantile(0.99, sum by (instance, le) (rate(etcd_disk_wal_fsync_duration_seconds_bucket[$__rate_interval])))',
          '{{instance}}',
        ],
      ],
    },
    {
      title: 'Servers that answer behind the virtual address (HAProxy)',
      width: 12,
      queries: [['min by (proxy) (haproxy_backend_active_servers)', '{{proxy}}']],
    },
  ],
}
