import type { DashboardSource } from './dashboard.ts'

/** Whether checks run on time, how they end and what they cost. */
export const checks: DashboardSource = {
  name: 'checks',
  title: 'Checks',
  description: 'The checks of sites and servers: on time, outcomes, cost.',
  panels: [
    {
      title: 'Lateness of checks',
      unit: 's',
      width: 12,
      redFrom: 1,
      description:
        'Of the sampled checks of the last 5 minutes. The line 99 %: 99 % of the checks began at most this late.',
      queries: [['max by (percentile) (vigia_check_lateness_seconds)', '{{percentile}} %']],
    },
    {
      title: 'Share of checks that began more than 1 s late',
      unit: 'percentunit',
      width: 12,
      description: 'Of the sampled checks of the last 5 minutes. A missed check counts as late.',
      queries: [
        ['max(vigia_sampled_late_checks) / clamp_min(sum(max by (outcome) (vigia_sampled_checks)), 1)', 'late'],
      ],
    },
    {
      title: 'How far the schedule is ahead of the clock',
      unit: 's',
      width: 12,
      description: 'Below 0, checks are not requested in time. Look at the ticks and at the logs of probe-scheduler.',
      queries: [['max(vigia_job_reached_timestamp_seconds{job="probe-scheduler"}) - time()', 'ahead']],
    },
    {
      title: 'Outcomes of checks',
      width: 12,
      description: 'In a sample, over 5 minutes. unknown and missed are faults of Vigia, never of the site.',
      queries: [['max by (outcome) (vigia_sampled_checks)', '{{outcome}}']],
    },
    {
      title: 'Checks without a result, this hour and the hour before',
      width: 12,
      redFrom: 1,
      queries: [['max(vigia_missed_checks)', 'missed']],
    },
    {
      title: 'Monitors',
      width: 12,
      queries: [['max by (state) (vigia_monitors)', '{{state}}']],
    },
    {
      title: 'Outages that go on',
      width: 12,
      queries: [['max(vigia_open_incidents)', 'incidents']],
    },
    {
      title: 'CPU for each check',
      unit: 's',
      width: 12,
      description: 'Right only with up to about a thousand monitors, because then every check is in the sample.',
      queries: [
        [
          'sum(increase(process_cpu_seconds_total{function="uptime-prober"}[5m])) / clamp_min(sum(max by (outcome) (vigia_sampled_checks)), 1)',
          'uptime-prober',
        ],
      ],
    },
    {
      title: 'Events of checks',
      unit: 'reqps',
      width: 12,
      queries: [
        [
          'sum by (function, type) (rate(vigia_handled_seconds_count{function=~"probe-scheduler|uptime-prober"}[$__rate_interval]))',
          '{{function}} {{type}}',
        ],
      ],
    },
  ],
}
