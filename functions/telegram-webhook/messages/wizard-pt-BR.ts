import { html } from '#functions/telegram/html.ts'

/** The texts of setting up a monitor by buttons, in Brazilian Portuguese. */
export const wizardPtBR = {
  labels: {
    kind: 'Tipo',
    address: 'Endereço',
    interval: 'Intervalo',
    limit: 'Limite de tempo',
    keyword: 'Palavra',
    status: 'Status aceitos',
    record: 'Registro',
    recipe: 'Protocolo',
    slow: 'Lento a partir de',
    confirmations: 'Falhas para avisar',
    recoveries: 'Acertos para voltar',
    group: 'Grupo',
    parent: 'Depende de',
  },
  asks: {
    kind: () => html`O que devo vigiar? Mande o endereço ou escolha o tipo.

<code>exemplo.com.br</code>
<code>https://exemplo.com.br/saude 30s</code>
<code>tcp://exemplo.com.br:5432 5m</code>

Também funciona numa linha só: <code>/monitorar exemplo.com.br 1m limite 30s</code>`,
    address: () => html`Qual é o endereço? Por exemplo:`,
    interval: () =>
      html`De quanto em quanto tempo devo verificar? Escolha ou mande, por exemplo, <code>2 minutos</code>.`,
    limit: () =>
      html`Quanto tempo espero pela resposta antes de contar como falha? Escolha ou mande, por exemplo, <code>15s</code>.`,
    keyword: () => html`Que texto a resposta precisa conter? Mande, por exemplo, <code>Bem-vindo</code>.`,
    status: () =>
      html`Que códigos de status contam como no ar? Escolha ou mande, por exemplo, <code>200-299,404</code>.`,
    record: () => html`Que tipo de registro devo consultar? Escolha ou mande, por exemplo, <code>MX</code>.`,
    recipe: () => html`Devo falar que protocolo com o servidor? Sem protocolo, só verifico se a porta aceita conexões.`,
    slow: () =>
      html`A partir de quanto tempo de resposta devo avisar que está lento? Escolha ou mande, por exemplo, <code>800 ms</code>.`,
    confirmations: () =>
      html`Quantas tentativas seguidas precisam falhar para eu avisar que está fora do ar? Escolha ou mande um número de 1 a 10, por exemplo <code>3</code>.`,
    recoveries: () =>
      html`Quantas tentativas seguidas precisam dar certo para eu avisar que voltou? Escolha ou mande um número de 1 a 10, por exemplo <code>2</code>.`,
    group: () => html`Em que grupo ele fica? Escolha ou mande um nome, por exemplo <code>Loja</code>.`,
    parent: () =>
      html`De que outro monitor ele depende? Quando aquele cai, eu mando um aviso só. Escolha ou mande o nome.`,
  },
  examples: {
    http: 'https://exemplo.com.br/saude',
    tcp: 'exemplo.com.br:5432',
    tls: 'exemplo.com.br',
    dns: 'exemplo.com.br',
    ping: 'exemplo.com.br',
    websocket: 'wss://exemplo.com.br/ws',
    grpc: 'exemplo.com.br:443',
  },
  kinds: {
    http: '🌐 site',
    tcp: '🔌 porta TCP',
    tls: '🔒 certificado',
    dns: '📒 DNS',
    ping: '🏓 ping',
    websocket: '↔️ WebSocket',
    grpc: '⚙️ gRPC',
  },
  title: (name: string) => html`<b>${name}</b>`,
  line: (label: string, value: string) => html`${label}: ${value}`,
  checkBeforeSaving: () => html`Confira e salve. Nada muda antes disso.`,
  replyInGroup: () => html`<i>Responda a esta mensagem.</i>`,
  none: '–',
  remove: '✖ tirar',
  back: '« voltar',
  cancel: 'cancelar',
  create: '✅ criar monitor',
  save: '✅ salvar',
  start: '➕ novo monitor',
  edit: 'configurar',
  details: 'ver monitor',
  cancelled: () => html`Cancelado. Nada mudou. Para começar de novo: /monitorar`,
  changed: (name: string) => html`Pronto! Salvei as mudanças em <b>${name}</b>.`,
  alreadySaved: 'Essa configuração já foi salva.',
  gone: 'Essa configuração não vale mais. Comece de novo com /monitorar.',
  ofAnother: 'Só quem começou esta configuração pode continuar. Comece a sua com /monitorar.',
  fromFile: 'Este monitor vem do arquivo vigia.yaml. Mude a configuração dele no arquivo.',
  attemptsRefused: (text: string) =>
    html`“${text}” não serve. Mande um número inteiro de 1 a 10, por exemplo <code>3</code>.`,
  settingRefused: {
    keyword: () => html`O texto deve ter de 1 a 500 letras, por exemplo <code>Bem-vindo</code>.`,
    status: (text: string) =>
      html`Não entendi os códigos “${text}”. Mande códigos ou faixas com vírgulas, por exemplo <code>200-299,404</code>.`,
    record: (text: string) =>
      html`Não conheço o registro “${text}”. Mande um tipo como <code>A</code>, <code>AAAA</code>, <code>CNAME</code>, <code>MX</code> ou <code>TXT</code>.`,
    recipe: (text: string) =>
      html`Não falo o protocolo “${text}”. Escolha um dos botões, por exemplo <code>redis</code>.`,
    slow: (text: string) =>
      html`“${text}” não serve. O tempo vai de 1 ms a 120 s, por exemplo <code>800 ms</code> ou <code>2 s</code>.`,
  },
  groupRefused: (most: number) => html`O nome do grupo deve ter de 1 a ${most} letras, por exemplo <code>Loja</code>.`,
  parentRefused: (text: string) =>
    html`Não achei um monitor “${text}” de que este possa depender. Escolha um dos botões ou mande o nome que aparece em /monitores.`,
}
