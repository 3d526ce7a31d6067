import type { DashboardSource } from './dashboard.ts'

/** Whether events and messages arrive: the broker, the outbox and the dead letters. */
export const delivery: DashboardSource = {
  name: 'delivery',
  title: 'Delivery',
  description: 'The outbox for Telegram, the broker and the dead letters.',
  panels: [
    {
      title: 'Messages that wait for Telegram',
      width: 12,
      queries: [['max by (state) (vigia_outbox_messages)', '{{state}}']],
    },
    {
      title: 'Age of the oldest message that waits for Telegram',
      unit: 's',
      width: 12,
      redFrom: 120,
      queries: [['max(vigia_outbox_oldest_message_age_seconds)', 'oldest']],
    },
    {
      title: 'Messages of the last 5 minutes',
      width: 12,
      description: 'in_time: Telegram had the message within 3 s.',
      queries: [['max by (outcome) (vigia_recent_messages)', '{{outcome}}']],
    },
    {
      title: 'telegram-notifier by outcome',
      unit: 'reqps',
      width: 12,
      queries: [
        [
          'sum by (type, outcome) (rate(vigia_handled_seconds_count{function="telegram-notifier"}[$__rate_interval]))',
          '{{type}} {{outcome}}',
        ],
      ],
    },
    {
      title: 'Dead letters of the last 24 hours',
      width: 12,
      redFrom: 1,
      description: 'By kind of error. npm run vigia -- dead-letters lists them.',
      queries: [['max by (trigger, fingerprint) (vigia_dead_letters)', '{{trigger}} {{fingerprint}}']],
    },
    {
      title: 'Events that the broker accepts (one machine)',
      unit: 'reqps',
      width: 12,
      queries: [['sum by (outcome) (rate(vigia_broker_events_total[$__rate_interval]))', '{{outcome}}']],
    },
    {
      title: 'Deliveries that end (one machine)',
      unit: 'reqps',
      width: 12,
      queries: [['sum by (outcome) (rate(vigia_broker_deliveries_total[$__rate_interval]))', '{{outcome}}']],
    },
    {
      title: 'Deliveries that go on (one machine)',
      width: 12,
      description: 'Checks wait for their time, so some deliveries always go on.',
      queries: [
        ['sum by (state) (vigia_broker_deliveries)', 'in memory, {{state}}'],
        ['max(vigia_broker_unfinished_deliveries)', 'in PostgreSQL'],
      ],
    },
    {
      title: 'Age of the oldest event with an unfinished delivery (one machine)',
      unit: 's',
      width: 12,
      queries: [['max(vigia_broker_oldest_delivery_age_seconds)', 'oldest']],
    },
    {
      title: 'Messages in queues (RabbitMQ)',
      width: 12,
      queries: [
        ['sum(rabbitmq_queue_messages_ready)', 'waiting'],
        ['sum(rabbitmq_queue_messages_unacked)', 'delivered, not answered'],
      ],
    },
  ],
}
