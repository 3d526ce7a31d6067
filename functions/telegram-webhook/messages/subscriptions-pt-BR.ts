import { html } from '#functions/telegram/html.ts'

/** The texts for visitors who subscribe to a status page, in Brazilian Portuguese. */
export const subscriptionsPtBR = {
  subscribed: (title: string) =>
    html`🔔 Pronto! Quando um serviço de <b>${title}</b> cair ou voltar, você recebe um aviso aqui.`,
  unknown: () => html`Essa página de status não existe mais, ou o endereço mudou.`,
  tooMany: (most: number) => html`Este chat já acompanha ${most} páginas, que é o máximo.`,
  unsubscribe: 'não receber mais',
  ended: 'Você não recebe mais os avisos desta página.',
}
