import { html } from '#functions/telegram/html.ts'

/** The texts of /agenda, in Brazilian Portuguese. */
export const calendarPtBR = {
  none: () =>
    html`🗓 Posso pôr os episódios das suas séries na agenda do celular ou do computador. Quer um endereço para isso?`,
  make: '🗓 criar o endereço',
  made: (all: string, premieres: string) => html`🗓 <b>Sua agenda de séries</b>
<code>${all}</code>

Só as estreias de temporada:
<code>${premieres}</code>

No app de agenda, escolha assinar (ou adicionar) um calendário por URL e cole o endereço. Quem tem o endereço vê as séries desta conversa, então não o publique.`,
  content: () => html`Nela estão os mesmos episódios dos avisos: /config`,
  copyAll: 'copiar o endereço',
  copyPremieres: 'copiar o das estreias',
  revoke: 'desligar o endereço',
  revoked: () => html`Pronto, o endereço antigo não mostra mais nada.`,
  makeAnother: '🗓 criar outro endereço',
  urlUnknown: () => html`Quem administra este Vigia ainda não definiu PAGES_URL, então só sei o caminho do endereço.`,
}
