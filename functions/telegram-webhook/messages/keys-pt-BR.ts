import { type Html, html } from '#functions/telegram/html.ts'

/** The texts of /chave, in Portuguese. */
export const keysPtBR = {
  title: () => html`<b>Chaves da API</b>
Com uma chave, um programa cuida dos monitores desta conversa.`,
  titleOfGroup: () => html`<b>Chaves da API do grupo</b>
Com uma chave, um programa cuida dos monitores do grupo.`,
  none: () => html`Ainda não há nenhuma chave.`,
  entry: (number: number, scope: string, created: Html, used: string | null) =>
    html`${number}. ${scope} · criada ${created} · ${used === null ? 'nunca usada' : `usada há ${used}`}`,
  choose: () => html`O que a nova chave poderá fazer?`,
  scopes: { read: 'só ler', write: 'ler e mudar tudo', maintenance: 'só manutenção' },
  make: (scope: string) => `🔑 criar: ${scope}`,
  revoke: (number: number, scope: string) => `revogar ${number} · ${scope}`,
  revoked: 'Pronto, essa chave não abre mais nada.',
  gone: 'Essa chave já tinha sido revogada.',
  full: 'Já há 20 chaves. Revogue uma antes de criar outra.',
  made: (
    key: string,
    scope: string,
  ) => html`Esta é a chave (${scope}). Guarde-a agora, porque não vou mostrá-la de novo:

<code>${key}</code>`,
  usage: (example: string, document: string) => html`Um exemplo:
<pre>${example}</pre>
Tudo o que a API faz está em ${document}`,
  urlUnknown: () =>
    html`Falta o começo do endereço, porque quem administra este Vigia ainda não definiu API_URL. Peça o endereço a essa pessoa.`,
  copy: 'copiar a chave',
  inPrivate: () => html`Aqui todo o grupo leria a chave. Vamos para uma conversa só nossa:`,
  openPrivate: 'abrir a conversa privada',
  administratorsOnly: () => html`Só quem administra o grupo pode ver e criar as chaves dele.`,
}
