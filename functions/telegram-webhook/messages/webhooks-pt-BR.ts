import { type Html, html } from '#functions/telegram/html.ts'

/** The texts of /webhook, in Portuguese. */
export const webhooksPtBR = {
  title: () => html`<b>Webhooks</b>
Um webhook avisa um programa seu, com assinatura, quando algo cai, volta, ganha um aviso ou entra em manutenção.`,
  none: () => html`Ainda não há nenhum webhook.`,
  how: () => html`Para criar um, mande nesta conversa, ou no grupo dele, o endereço: <code>/webhook https://exemplo.com.br/vigia</code>
Para avisar só o que uma página mostra, ponha o nome dela no fim: <code>/webhook https://exemplo.com.br/vigia loja-da-ana</code>`,
  ofChat: 'tudo desta conversa',
  ofPage: (title: string) => `página ${title}`,
  works: '✅ funcionando',
  fails: (since: Html, reason: string) => `⚠️ falhando desde ${since} (${reason})`,
  disabled: (reason: string) => `🔌 desligado (${reason})`,
  test: 'testar',
  enable: 'ligar',
  rotate: 'novo segredo',
  remove: '🗑',
  tested: 'Teste enviado. Veja se ele chegou ao seu programa.',
  isDisabled: 'Esse webhook está desligado. Ligue-o antes de testar.',
  enabled: 'Pronto, o webhook está ligado.',
  deleted: 'Webhook excluído.',
  fromFile: 'Este webhook vem do arquivo vigia.yaml. Exclua-o no arquivo.',
  gone: 'Esse webhook não existe mais.',
  full: (most: number) => html`Já há ${most} webhooks, que é o máximo. Exclua um antes de criar outro.`,
  made: (
    secret: string,
  ) => html`Este é o segredo com que seu programa confere a assinatura. Guarde-o agora, porque não vou mostrá-lo de novo:

<code>${secret}</code>

As assinaturas seguem o padrão Standard Webhooks. Se já havia outro segredo, ele vale por mais um dia. Teste com /webhook.`,
  copy: 'copiar o segredo',
  urlRefused: () =>
    html`Este endereço não serve. Mande um que comece com https:// e que a internet alcance, sem usuário e senha, por exemplo <code>/webhook https://exemplo.com.br/vigia</code>.`,
  unknownPage: (slug: string) =>
    html`Este chat não tem a página “${slug}”. Mande o endereço e, se quiser, o nome de uma página, por exemplo <code>/webhook https://exemplo.com.br/vigia loja-da-ana</code>.`,
  inPrivate: () => html`Aqui todo o grupo leria os segredos. Vamos para uma conversa só nossa:`,
  madeInGroup: () =>
    html`Webhook criado. O segredo não pode aparecer aqui: na nossa conversa privada, toque em “novo segredo”.`,
  openPrivate: 'abrir a conversa privada',
  administratorsOnly: () => html`Só quem administra o grupo pode ver e criar os webhooks dele.`,
}
