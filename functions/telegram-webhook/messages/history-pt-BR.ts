import { html } from '#functions/telegram/html.ts'

/** The texts about the history of monitors, in Brazilian Portuguese. */
export const historyPtBR = {
  uptimes: (day: string, month: string) => `${day} no ar em 24 h · ${month} em 30 d`,
  phases: { dnsMs: 'DNS', connectMs: 'conexão', tlsMs: 'TLS', firstByteMs: 'primeira resposta', totalMs: 'total' },
  lastIncidents: () => html`Últimas quedas:`,
  noIncidents: () => html`Nenhuma queda registrada.`,
  stillDown: (duration: string) => `${duration} até agora`,
  incidentsTitle: (count: number) => html`<b>Quedas</b> (${count})`,
  incidentsNone: () => html`Nenhuma queda registrada até agora. Seus monitores estão em /monitores`,
  why: { 1: 'por que este número?', 30: 'os últimos 30 dias' },
  incidentsButton: 'quedas',
  uptimeOf: {
    1: (percent: string) => html`${percent} no ar em 24 h`,
    30: (percent: string) => html`${percent} no ar em 30 dias`,
  },
  noUptime: () => html`Ainda não há verificações neste período.`,
  time: {
    up: (duration: string) => html`🟢 no ar: ${duration}`,
    down: (duration: string) => html`🔴 fora do ar: ${duration}`,
    unknown: (duration: string) => html`⚪ sem resultado por um problema meu, não conta: ${duration}`,
    maintenance: (duration: string) => html`🛠 manutenção, não conta: ${duration}`,
  },
  uptimeRule: () =>
    html`O número é o tempo no ar dividido pelo tempo no ar mais o tempo fora do ar. Cada verificação vale o intervalo até a próxima.`,
  countedIncidents: () => html`Quedas que contam:`,
  noCountedIncidents: () => html`Nenhuma queda neste período.`,
  /** In place of the texts above, for a heartbeat. */
  ofHeartbeat: {
    uptimes: (day: string, month: string) => `${day} em dia em 24 h · ${month} em 30 d`,
    uptimeOf: {
      1: (percent: string) => html`${percent} em dia em 24 h`,
      30: (percent: string) => html`${percent} em dia em 30 dias`,
    },
    noUptime: () => html`Ainda não há sinais neste período.`,
    time: {
      up: (duration: string) => html`🟢 em dia: ${duration}`,
      down: (duration: string) => html`🔴 com atraso ou falha: ${duration}`,
    },
    uptimeRule: () =>
      html`O número é o tempo em dia dividido pelo tempo em dia mais o tempo com atraso ou falha. O atraso vai do prazo até o próximo sinal bom. Não contam a manutenção e o tempo em que eu não podia receber sinais.`,
  },
}
