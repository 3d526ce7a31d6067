import type { DashboardSource } from './dashboard.ts'

/** Whether Vigia does its work, on one screen. */
export const overview: DashboardSource = {
  name: 'overview',
  title: 'Overview',
  description: 'Whether Vigia does its work. Each figure has a dashboard with its details.',
  panels: [
    {
      title: 'PostgreSQL answers',
      kind: 'stat',
      width: 4,
      description: '1 if PostgreSQL answered the last scrape in time. At 0, the figures from PostgreSQL are absent.',
      queries: [['min(vigia_database_up)', '']],
    },
    {
      title: 'Sites that are down',
      kind: 'stat',
      width: 4,
      queries: [['max(vigia_monitors{state="down"})', '']],
    },
    {
      title: 'Latest 1 % of checks began after',
      kind: 'stat',
      unit: 's',
      width: 4,
      redFrom: 1,
      description: 'The objective is 1 s. Dashboard: Checks.',
      queries: [['max(vigia_check_lateness_seconds{percentile="99"})', '']],
    },
    {
      title: 'Oldest message that waits',
      kind: 'stat',
      unit: 's',
      width: 4,
      redFrom: 120,
      description: 'Nothing should wait longer than 2 min. Dashboard: Delivery.',
      queries: [['max(vigia_outbox_oldest_message_age_seconds)', '']],
    },
    {
      title: 'Dead letters, last 24 h',
      kind: 'stat',
      width: 4,
      redFrom: 1,
      description: 'npm run vigia -- dead-letters lists them. Dashboard: Delivery.',
      queries: [['sum(max by (fingerprint, trigger) (vigia_dead_letters))', '']],
    },
    {
      title: 'Age of the last backup',
      kind: 'stat',
      unit: 's',
      width: 4,
      redFrom: 36 * 3_600,
      description: 'A daily backup may be late by half a day.',
      queries: [['time() - max(vigia_job_reached_timestamp_seconds{job="backup"})', '']],
    },
    {
      title: 'Monitors',
      width: 12,
      queries: [['max by (state) (vigia_monitors)', '{{state}}']],
    },
    {
      title: 'Lateness of checks',
      unit: 's',
      width: 12,
      redFrom: 1,
      queries: [['max by (percentile) (vigia_check_lateness_seconds)', '{{percentile}} %']],
    },
    {
      title: 'Events and requests that functions handle',
      unit: 'reqps',
      width: 12,
      queries: [['sum by (function) (rate(vigia_handled_seconds_count[$__rate_interval]))', '{{function}}']],
    },
    {
      title: 'Messages that wait for Telegram',
      width: 12,
      queries: [['max by (state) (vigia_outbox_messages)', '{{state}}']],
    },
    {
      title: 'Memory',
      unit: 'bytes',
      width: 12,
      queries: [
        ['sum by (function) (process_resident_memory_bytes{function!=""})', '{{function}}'],
        ['sum(process_resident_memory_bytes{function="",job="vigia"})', 'one-machine runtime'],
      ],
    },
    {
      title: 'Releases that run',
      width: 12,
      queries: [['count by (version, revision) (vigia_build_info)', '{{version}} ({{revision}})']],
    },
  ],
}
