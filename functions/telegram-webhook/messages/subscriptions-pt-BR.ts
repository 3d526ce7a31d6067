import { html } from '#functions/telegram/html.ts'

/** The texts for visitors who subscribe to a status page, in Brazilian Portuguese. */
export const subscriptionsPtBR = {
  subscribed: (title: string) =>
    html`🔔 Pronto! Quando um serviço de <b>${title}</b> cair ou voltar, ou houver um aviso ou uma manutenção, você recebe uma mensagem aqui.`,
  unknown: () => html`Essa página de status não existe mais, ou o endereço mudou.`,
  tooMany: (most: number) => html`Este chat já acompanha ${most} páginas e serviços, que é o máximo.`,
  unsubscribe: 'não receber mais',
  ended: 'Você não recebe mais os avisos desta página.',
  subscribedTo: (service: string, title: string) =>
    html`🔔 Pronto! Quando <b>${service}</b> (${title}) cair ou voltar, ou tiver um aviso ou uma manutenção, você recebe uma mensagem aqui.`,
  unknownService: (title: string) => html`A página <b>${title}</b> não mostra mais esse serviço.`,
  endedForService: 'Você não recebe mais os avisos deste serviço.',
  all: '📋 minhas inscrições',
  none: () =>
    html`Você não acompanha nenhuma página de status. Nas páginas há um link para receber os avisos no Telegram.`,
  list: (count: number) =>
    html`🔔 Você acompanha ${count === 1 ? '1 página ou serviço' : `${count} páginas ou serviços`}. Toque para não receber mais:`,
}
