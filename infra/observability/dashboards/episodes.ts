import type { DashboardSource } from './dashboard.ts'

const episodeFunctions = 'function=~"series-refresher|episode-checker"'

/** Whether series are kept up to date and episodes are announced. */
export const episodes: DashboardSource = {
  name: 'episodes',
  title: 'Episodes',
  description: 'The data of followed series, and the announcements of episodes.',
  panels: [
    {
      title: 'Time since episodes were last looked for',
      kind: 'stat',
      unit: 's',
      width: 12,
      redFrom: 900,
      description: 'episode-checker has a tick every 5 minutes.',
      queries: [['time() - max(vigia_job_reached_timestamp_seconds{job="episode-checker"})', '']],
    },
    {
      title: 'Time since series were last brought up to date',
      kind: 'stat',
      unit: 's',
      width: 12,
      redFrom: 3 * 3_600,
      description: 'series-refresher has a tick every hour. No data while no chat follows a series.',
      queries: [['time() - max(vigia_job_reached_timestamp_seconds{job="series-refresher"})', '']],
    },
    {
      title: 'Events of episodes by outcome',
      unit: 'reqps',
      width: 12,
      queries: [
        [
          `sum by (function, type, outcome) (rate(vigia_handled_seconds_count{${episodeFunctions}}[$__rate_interval]))`,
          '{{function}} {{type}} {{outcome}}',
        ],
      ],
    },
    {
      title: '95 % are handled within',
      unit: 's',
      width: 12,
      description: 'series-refresher waits for TVmaze, which allows 20 requests in 10 s.',
      queries: [
        [
          `histogram_quantile(0.95, sum by (function, le) (rate(vigia_handled_seconds_bucket{${episodeFunctions}}[$__rate_interval])))`,
          '{{function}}',
        ],
      ],
    },
    {
      title: 'Announcements for chats',
      unit: 'reqps',
      width: 24,
      queries: [
        [
          'sum by (type) (rate(vigia_handled_seconds_count{function="notification-fanout",type=~"dev.vigia.(episode|series).*"}[$__rate_interval]))',
          '{{type}}',
        ],
      ],
    },
  ],
}
