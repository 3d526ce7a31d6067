import { html } from '#functions/telegram/html.ts'

/** The texts of /manutencao, in Brazilian Portuguese. */
export const maintenancePtBR = {
  none: () => html`Nenhuma manutenção agora nem marcada.`,
  how: () => html`Durante a manutenção não aviso de quedas, e o tempo não conta. Para começar uma agora, escolha a duração para todos os monitores ou mande o nome de um grupo ou monitor:
<code>/manutencao 2h Loja</code>`,
  everything: 'todos os monitores',
  until: (when: string) => `até ${when}`,
  endNow: (name: string) => `encerrar · ${name}`,
  ended: 'Manutenção encerrada.',
  over: 'Essa manutenção já acabou.',
  durationUnknown: (asked: string) =>
    html`Não entendi a duração em “${asked}”. Mande por exemplo <code>/manutencao 2h</code> ou <code>/manutencao 30 minutos Loja</code>.`,
  durationRefused: () => html`A manutenção dura de 1 minuto a 7 dias, por exemplo <code>/manutencao 2h</code>.`,
  scopeUnknown: (name: string) =>
    html`Não achei um grupo nem um monitor “${name}”. Mande o nome que aparece em /monitores, por exemplo <code>/manutencao 2h exemplo.com.br</code>.`,
}
