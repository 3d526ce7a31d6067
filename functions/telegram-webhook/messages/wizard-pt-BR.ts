import { html } from '#functions/telegram/html.ts'

/** The texts of setting up a monitor by buttons, in Brazilian Portuguese. */
export const wizardPtBR = {
  labels: {
    kind: 'Tipo',
    address: 'Endereço',
    name: 'Nome',
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
    reminder: 'Lembretes',
    parent: 'Depende de',
    method: 'Método',
    headers: 'Cabeçalhos',
    body: 'Corpo',
    json: 'JSON',
    auth: 'Acesso',
    keywordAbsent: 'Texto proibido',
    expected: 'Valores esperados',
    server: 'Servidor DNS',
    send: 'Enviar',
    protocol: 'Subprotocolo',
    service: 'Serviço',
    family: 'Versão do IP',
    redirects: 'Redirecionamentos',
    certificateDays: 'Aviso de validade',
    security: 'TLS',
    starttls: 'STARTTLS',
    certificate: 'Certificado',
  },
  asks: {
    kind: () => html`O que devo vigiar? Mande o endereço ou escolha o tipo.

<code>exemplo.com.br</code>
<code>https://exemplo.com.br/saude 30s</code>
<code>tcp://exemplo.com.br:5432 5m</code>

Também funciona numa linha só: <code>/monitorar exemplo.com.br 1m limite 30s</code>`,
    address: () => html`Qual é o endereço? Por exemplo:`,
    name: () => html`Que nome devo usar nos avisos e nas listas? Mande, por exemplo, <code>Loja</code>.`,
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
    reminder: () => html`Com que frequência devo lembrar enquanto estiver fora do ar?`,
    method: () => html`Que método HTTP devo usar? Escolha ou mande, por exemplo, <code>POST</code>.`,
    headers: () => html`Que cabeçalhos devo enviar? Mande um por linha, por exemplo:

<code>X-Equipe: plantao
Accept: application/json</code>

Para senhas e tokens, use o campo Acesso.`,
    body: () => html`Que corpo devo enviar? Mande, por exemplo, <code>{"ping": true}</code>.`,
    json: () => html`O que o JSON da resposta precisa ter? Mande uma condição por linha, com um caminho JSONPath:

<code>$.status = ok
$.fila &lt; 10
$.versao</code>

Os sinais são =, ≠ (ou !=), &lt; e &gt;. Só o caminho significa que ele precisa existir.`,
    auth: () => html`Mande o usuário e a senha assim: <code>ana:senha</code>
Ou um token assim: <code>bearer abc123</code>

Eu guardo o segredo, apago a sua mensagem se o Telegram deixar e nunca mostro o segredo de novo.`,
    keywordAbsent: () =>
      html`Que texto a resposta <b>não</b> pode conter? Mande, por exemplo, <code>Erro fatal</code>.`,
    expected: () => html`Que valores a resposta do DNS precisa ter? Mande um por linha, por exemplo:

<code>203.0.113.7</code>`,
    server: () => html`A que servidor DNS devo perguntar? Mande o endereço, por exemplo <code>9.9.9.9</code>.`,
    send: () => html`Que texto devo enviar depois de conectar? Mande, por exemplo, <code>ping</code>.`,
    protocol: () => html`Que subprotocolo o servidor precisa aceitar? Mande, por exemplo, <code>graphql-ws</code>.`,
    service: () => html`De que serviço devo perguntar a saúde? Mande, por exemplo, <code>loja.v1.Pedidos</code>.`,
    family: () => html`Devo usar só uma versão do IP? Escolha ou mande, por exemplo, <code>IPv6</code>.`,
    redirects: () =>
      html`Devo seguir redirecionamentos? Se não, o próprio redirecionamento é a resposta. Em “só com criptografia”, um redirecionamento de https para http conta como falha.`,
    certificateDays: () =>
      html`Quantos dias antes de o certificado vencer devo avisar? Escolha ou mande, por exemplo, <code>30</code>.`,
    security: () => html`Devo usar TLS nesta conexão?`,
    starttls: () => html`Por qual protocolo começo o TLS? Sem escolha, ele começa assim que a conexão abre.`,
    certificate:
      () => html`Que certificados devo aceitar? Escolha um botão ou mande o certificado da sua própria CA, como texto ou arquivo, no formato PEM:

<code>-----BEGIN CERTIFICATE-----
…
-----END CERTIFICATE-----</code>`,
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
  reminders: { off: 'nenhum', '30m': 'a cada 30 min', '2h': 'a cada 2 h', doubling: '30 min, 1 h, 2 h, …' },
  families: { ipv4: 'só IPv4', ipv6: 'só IPv6' },
  redirects: { yes: 'seguir', secure: 'só com criptografia', no: 'não seguir' },
  security: { tls: 'TLS desde o início', starttls: 'STARTTLS' },
  certificates: { usual: 'de autoridades conhecidas', 'own-ca': 'da CA própria', any: 'aceitar qualquer um' },
  days: (count: number) => (count === 1 ? '1 dia' : `${count} dias`),
  passwordOf: (user: string) => `${user} (senha guardada)`,
  tokenStored: 'token guardado',
  more: '⚙️ mais opções',
  moreOptions: () => html`Outras opções deste monitor:`,
  secretDeleted: () => html`🔒 Apaguei a sua mensagem, porque ela tem um segredo.`,
  secretNotDeleted: () =>
    html`⚠️ O Telegram não me deixou apagar a sua mensagem com o segredo. Apague-a você, por favor.`,
  secretHeaderRefused: () =>
    html`Esse cabeçalho é secreto, e cabeçalhos aparecem aqui na conversa. Use o campo Acesso, por exemplo <code>bearer abc123</code>.`,
  authRefused: () =>
    html`Não entendi. Mande o usuário e a senha com dois-pontos, por exemplo <code>ana:senha</code>, ou um token, por exemplo <code>bearer abc123</code>.`,
  certificateRefused: () =>
    html`Isso não é um certificado no formato PEM. Mande o texto inteiro, de <code>-----BEGIN CERTIFICATE-----</code> até <code>-----END CERTIFICATE-----</code>.`,
  privateKeyRefused: () =>
    html`Isso tem uma chave privada, que eu não devo ter. Mande só o certificado da CA, de <code>-----BEGIN CERTIFICATE-----</code> até <code>-----END CERTIFICATE-----</code>.`,
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
  rename: 'renomear',
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
    method: (text: string) =>
      html`Não conheço o método “${text}”. Escolha um dos botões, por exemplo <code>POST</code>.`,
    headers: (text: string) =>
      html`“${text}” não serve. Mande um cabeçalho por linha, com nome e valor, por exemplo <code>X-Equipe: plantao</code>. Alguns, como Content-Length, sou eu que defino.`,
    body: () => html`O corpo deve ter de 1 a 16.384 letras, por exemplo <code>{"ping": true}</code>.`,
    json: (text: string) =>
      html`Não entendi “${text}”. Mande uma condição por linha, no máximo 10, com um caminho JSONPath, por exemplo <code>$.status = ok</code> ou <code>$.fila &lt; 10</code>.`,
    keywordAbsent: () => html`O texto deve ter de 1 a 500 letras, por exemplo <code>Erro fatal</code>.`,
    expected: (text: string) =>
      html`“${text}” não serve para este tipo de registro. Mande um valor por linha, como o <code>dig +short</code> mostra, por exemplo <code>203.0.113.7</code>.`,
    server: (text: string) =>
      html`“${text}” não é o endereço de um servidor DNS. Mande um IP, por exemplo <code>9.9.9.9</code>.`,
    send: () => html`O texto deve ter de 1 a 1.000 letras, por exemplo <code>ping</code>.`,
    protocol: (text: string) =>
      html`“${text}” não é um subprotocolo. Mande um nome sem espaços, por exemplo <code>graphql-ws</code>.`,
    service: (text: string) =>
      html`“${text}” não é o nome de um serviço. Mande, por exemplo, <code>loja.v1.Pedidos</code>.`,
    family: (text: string) => html`Não entendi “${text}”. Mande <code>IPv4</code> ou <code>IPv6</code>.`,
    certificateDays: (text: string) =>
      html`“${text}” não serve. Mande um número de 1 a 365 dias, por exemplo <code>30</code>.`,
    slow: (text: string) =>
      html`“${text}” não serve. O tempo vai de 1 ms a 120 s, por exemplo <code>800 ms</code> ou <code>2 s</code>.`,
  },
  nameRefused: (most: number) => html`O nome deve ter de 1 a ${most} letras, por exemplo <code>Loja</code>.`,
  nameTaken: (name: string) =>
    html`Já há um monitor “${name}” nesta conversa, e você não saberia de qual deles é um aviso. Mande outro nome.`,
  groupRefused: (most: number) => html`O nome do grupo deve ter de 1 a ${most} letras, por exemplo <code>Loja</code>.`,
  parentRefused: (text: string) =>
    html`Não achei um monitor “${text}” de que este possa depender. Escolha um dos botões ou mande o nome que aparece em /monitores.`,
}
