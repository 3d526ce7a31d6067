import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts about the history of monitors, in English. */
export const historyEn: BotMessages['history'] = {
  uptimes: (day, month) => `${day} up in 24 h · ${month} in 30 d`,
  phases: { dnsMs: 'DNS', connectMs: 'connection', tlsMs: 'TLS', firstByteMs: 'first answer', totalMs: 'total' },
  lastIncidents: () => html`Last outages:`,
  noIncidents: () => html`No outages so far.`,
  stillDown: duration => `${duration} so far`,
  incidentsTitle: count => html`<b>Outages</b> (${count})`,
  incidentsNone: () => html`No outages so far. Your monitors are in /monitors`,
  why: { 1: 'why this figure?', 30: 'the last 30 days' },
  incidentsButton: 'outages',
  uptimeOf: {
    1: percent => html`${percent} up in 24 h`,
    30: percent => html`${percent} up in 30 days`,
  },
  noUptime: () => html`There are no checks in this period yet.`,
  time: {
    up: duration => html`🟢 up: ${duration}`,
    down: duration => html`🔴 down: ${duration}`,
    unknown: duration => html`⚪ without result because of a problem on my side, does not count: ${duration}`,
    maintenance: duration => html`🛠 maintenance, does not count: ${duration}`,
  },
  uptimeRule: () =>
    html`The figure is the time up divided by the time up plus the time down. Each check stands for the interval up to the next one.`,
  countedIncidents: () => html`Outages that count:`,
  noCountedIncidents: () => html`No outages in this period.`,
  ofHeartbeat: {
    uptimes: (day, month) => `${day} on time in 24 h · ${month} in 30 d`,
    uptimeOf: {
      1: percent => html`${percent} on time in 24 h`,
      30: percent => html`${percent} on time in 30 days`,
    },
    noUptime: () => html`There are no pings in this period yet.`,
    time: {
      up: duration => html`🟢 on time: ${duration}`,
      down: duration => html`🔴 late or failed: ${duration}`,
    },
    uptimeRule: () =>
      html`The figure is the time on time divided by the time on time plus the time late or failed. A ping is late from its deadline to the next good ping. Maintenance, and time in which I could not take pings, do not count.`,
  },
}
