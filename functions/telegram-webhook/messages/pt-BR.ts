import { type Html, html } from '#functions/telegram/html.ts'
import { calendarPtBR } from './calendar-pt-BR.ts'
import { historyPtBR } from './history-pt-BR.ts'
import { keysPtBR } from './keys-pt-BR.ts'
import { maintenancePtBR } from './maintenance-pt-BR.ts'
import { noticesPtBR } from './notices-pt-BR.ts'
import { personalDataPtBR } from './personal-data-pt-BR.ts'
import { postsPtBR } from './posts-pt-BR.ts'
import { seenPtBR } from './seen-pt-BR.ts'
import { statusPagesPtBR } from './status-pages-pt-BR.ts'
import { subscriptionsPtBR } from './subscriptions-pt-BR.ts'
import { webhooksPtBR } from './webhooks-pt-BR.ts'
import { wizardPtBR } from './wizard-pt-BR.ts'

const counted = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

/** The bot's messages in Portuguese. The type and a test ensure that English has the same keys. */
export const ptBR = {
  /** The button above the results of `@VigiaBot name`. */
  inline: {
    how: 'Digite o nome de uma série',
    nothing: 'Não achei essa série',
    tooOften: 'Muitas buscas seguidas; espere um pouco',
    unavailable: 'O TVmaze não respondeu; tente de novo',
  },

  // Greeting and help
  welcome: (name: string) => html`Oi${name && `, ${name}`}! Eu sou o <b>Vigia</b>.

📺 Aviso quando sai episódio novo das séries que você segue.
🟢 Aviso quando um site seu sai do ar e quando ele volta.

Para começar, me mande o nome de uma série. Para vigiar um site, use /monitorar.`,
  groupWelcome:
    () => html`Oi, pessoal! Eu sou o <b>Vigia</b>. Aviso aqui no grupo quando sai episódio novo e quando um site sai do ar.

/buscar Severance – seguir uma série
/monitorar exemplo.com.br – vigiar um site
/ajuda – tudo o que eu faço`,
  menu: (isPrivate: boolean) =>
    html`Em que posso ajudar?${isPrivate && ' Você também pode só me mandar o nome de uma série.'}`,
  linkUnknown: () => html`Esse link não leva a nada que eu conheça. Se procura uma série, busque pelo nome.`,
  zoneNote: (zone: string) => html`🕘 Uso o ${zone}. Mora em outro lugar? Escolha seu fuso: /fuso`,
  noChannels: () =>
    html`Oi! Eu ainda não atendo canais, porque neles não recebo comandos. Fale comigo no privado ou me coloque num grupo.`,
  greeted: (text: string) => html`Oi! 👋 Me mande o nome de uma série, ou escolha abaixo.

Se procura uma série chamada “${text}”, mande <code>/buscar ${text}</code>`,
  youAreWelcome: () => html`De nada! 😊`,
  goodbye: () => html`Até logo! 👋 Continuo de vigia.`,
  acknowledged: (text: string) => html`👍 Para ver o que eu faço: /ajuda

Se procura uma série chamada “${text}”, mande <code>/buscar ${text}</code>`,
  help: (isPrivate: boolean) => html`<b>Séries</b>
${isPrivate ? 'Me mande o nome de uma série ou use /buscar' : '/buscar Severance – achar uma série'}
/series – as séries que você segue
/hoje, /proximos – o que sai
/continuar – o que falta ver
/agenda – no seu calendário
/visto T2E5 – anotar o que viu
/estatisticas – seu ano
📎 ZIP do TV Time ou lista – seguir tudo

<b>Sites e servidores</b>
/monitorar exemplo.com.br 1m – vigiar um endereço
/batimento backup 24h – vigiar uma tarefa
/monitores – seus monitores
/manutencao – sem avisos na manutenção
/incidentes – quedas
/pagina – página com o estado dos monitores
/aviso – avisar quem visita a página
/inscricoes – páginas que avisam você

<b>Relatórios</b>
/relatorio – um resumo agora, todo dia ou toda semana

<b>Ajustes</b>
/config – quando aviso dos episódios
/silencio – horário sem avisos de episódios
/fuso, /idioma – fuso horário e idioma
/chave, /webhook – para programas
/exportar, /excluir – seus dados

Os dados das séries vêm do <a href="https://www.tvmaze.com">TVmaze</a> (CC BY-SA 4.0).`,
  unknownCommand: () => html`Não conheço esse comando. Veja o que eu faço em /ajuda.`,
  wordless: () => html`Eu só entendo texto. Me mande o nome de uma série, ou veja /ajuda.`,
  sorryWithRetry: () =>
    html`Algo deu errado do meu lado e ainda não consegui responder. Seu pedido está guardado e vou tentar de novo sozinho. Se não chegar nada em alguns minutos, mande outra vez.`,
  sorryWithoutRetry: () =>
    html`Algo deu errado do meu lado e não consegui mostrar a resposta. O que você já tinha está guardado. Já avisei quem cuida de mim; tente de novo mais tarde.`,
  oldButton: 'Esse botão não vale mais. Mande o comando de novo.',
  backToList: '« voltar',

  // Language and time zone
  chooseLanguage: () => html`Em que idioma você prefere conversar?`,
  languageSet: () => html`Pronto! Agora eu falo português.`,
  languageUnknown: (asked: string) => html`Ainda não falo “${asked}”. Escolha um destes:`,
  otherLanguage: '🌐 English',
  zoneButton: (zone: string) => `🕘 Fuso: ${zone}`,
  chooseZone: (zone: string, clock: string) => html`Seu fuso é <b>${zone}</b>. Hora atual: ${clock}.

Escolha outro, ou mande a cidade: <code>/fuso Lisboa</code>`,
  zoneSet: (zone: string, clock: string) => html`Pronto! Seu fuso é <b>${zone}</b>. Hora atual: ${clock}.`,
  zoneUnknown: (asked: string) =>
    html`Não achei um fuso para “${asked}”. Tente a cidade grande mais próxima, por exemplo <code>/fuso Recife</code>.`,
  zoneWhich: (asked: string) => html`Qual destes é o fuso de “${asked}”?`,

  // Reports
  reportSetting: {
    none: () => html`📊 Relatório automático: <b>desligado</b>.`,
    daily: (hour: string, next: Html) => html`📊 Relatório <b>todo dia às ${hour}</b>. Próximo: ${next}.`,
    weekly: (weekday: string, hour: string, next: Html) =>
      html`📊 Relatório <b>toda semana, ${weekday} às ${hour}</b>. Próximo: ${next}.`,
  },
  reportZone: (zone: string) => html`As horas são do seu fuso: ${zone}.`,
  howToReport: () =>
    html`Ou mande: <code>/relatorio diario 8h</code>, <code>/relatorio semanal segunda 8h</code>, <code>/relatorio nunca</code>`,
  reportComing: () => html`Estou preparando seu relatório; ele chega em instantes.`,
  reportedTooOften: () => html`Você acabou de pedir relatórios. Espere um minuto para pedir outro.`,
  statistics: {
    coming: (year: number) => html`Estou somando o que você viu em ${year}; chega em instantes.`,
    unknownYear: (asked: string, year: number) =>
      html`Não tenho o ano “${asked}”. Mande um ano até ${year}: <code>/estatisticas ${year}</code>`,
  },
  reportUnknown: (asked: string) => html`Não entendi “${asked}”.`,
  reportButtons: { none: 'nunca', daily: 'diário', weekly: 'semanal' },
  reportHourOnly: () => html`Só mando relatórios em horas cheias, como <code>8h</code>.`,
  reportThemes: { light: '☀️ imagem clara', dark: '🌙 imagem escura' },
  weekdays: ['segunda', 'terça', 'quarta', 'quinta', 'sexta', 'sábado', 'domingo'],

  // Searching and following series
  searchButton: '🔎 Buscar série',
  seriesButton: '📺 Minhas séries',
  upcomingButton: '🗓 Próximos episódios',
  monitorsButton: '🟢 Meus monitores',
  howToSearch: () => html`Me mande o nome da série, por exemplo: <code>Severance</code>`,
  howToSearchInGroup: () => html`Mande o comando com o nome da série, por exemplo: <code>/buscar Severance</code>`,
  nothingFound: (query: string) =>
    html`Não achei nenhuma série com “${query}”. Confira a grafia ou tente o título original.`,
  tvmazeDown: () => html`O TVmaze, de onde vêm os dados das séries, não respondeu. Tente de novo em um minuto.`,
  searchedTooOften: 'Você fez muitas buscas seguidas. Espere alguns segundos e tente de novo.',
  tvmazeStillDown: 'O TVmaze não está respondendo. Tente de novo em um minuto.',
  tryAgain: 'tentar de novo',
  otherSeries: '🔎 outras séries com esse nome',
  noOtherSeries: 'Não achei outra série com esse nome.',
  tryLater: 'Não consegui abrir o catálogo de séries agora. Tente de novo em um minuto.',
  showGone: () => html`Essa série não existe mais no TVmaze. Busque de novo pelo nome dela.`,
  looksLikeAddress: (address: string) => html`Isso parece um endereço. Quer que eu vigie? Mande:
<code>/monitorar ${address}</code>`,
  status: {
    Running: 'em exibição',
    Ended: 'encerrada',
    'To Be Determined': 'sem novos episódios confirmados',
    'In Development': 'em produção',
  },
  follow: 'seguir',
  following: 'seguindo ✓',
  undo: 'desfazer',
  remove: 'remover',
  followsFull: (most: number) =>
    `Você já segue ${counted(most, 'série', 'séries')}, o máximo por conversa. Remova uma em /series para abrir espaço.`,
  followsWaiting: (most: number) =>
    `Ainda não segui esta série: estou buscando as datas de ${counted(most, 'outra', 'outras')} que você acabou de seguir. Tente de novo em um minuto.`,
  followed: 'Pronto! Eu aviso quando sair episódio novo.',
  followedByName: (name: string | null) =>
    html`Pronto! Você segue ${name ? html`<b>${name}</b>` : 'a série'}. Eu aviso quando sair episódio novo.`,
  alreadyFollowing: 'Você já segue esta série.',
  unfollowed: 'Removida. Não aviso mais.',
  notFollowing: 'Você não segue esta série.',
  restored: 'Desfeito! Você continua seguindo.',
  nextEpisode: (episode: string, when: Html) => html`🔔 Próximo: ${episode} · ${when}`,
  nextBeingLookedUp: () => html`🔔 Estou buscando a data do próximo episódio; daqui a pouco ela aparece em /series.`,
  nextUnknown: () => html`🔔 O próximo episódio ainda não tem data; eu aviso quando ele sair.`,
  nextEnded: () => html`🔔 A série acabou; se ela voltar, eu aviso.`,
  searchTooOld: 'Essa busca já expirou. Busque a série de novo.',

  // The list of followed series
  seriesTitle: (count: number) => html`📺 <b>Suas séries</b> (${count})`,
  seriesNone: () => html`Você ainda não segue nenhuma série. Me mande o nome de uma para começar.`,
  seriesNoneInGroup: () => html`Este grupo ainda não segue nenhuma série. Comece com <code>/buscar Severance</code>`,
  removed: (name: string) => html`Removi <b>${name}</b>. Não aviso mais.`,
  removeNamed: (name: string) => `remover ${name}`,
  undoRemove: (name: string) => `desfazer · ${name}`,
  unnamedSeries: 'série (buscando o nome…)',
  next: (episode: string, when: Html) => html`${episode} · ${when}`,
  noDate: 'sem data marcada',
  dateBeingLookedUp: 'buscando a data…',

  // Schedule
  upcomingTitle: (days: number) => html`🗓 <b>Próximos ${days} dias</b>`,
  upcomingNone: (days: number) => html`Nada previsto para os próximos ${days} dias.`,
  todayTitle: (date: string) => html`🗓 <b>Hoje</b>, ${date}`,
  todayNone: () => html`Hoje não sai nada do que você segue.`,
  showDays: (days: number) => `ver ${days} dias`,
  hourUnknown: 'horário não divulgado',
  andMore: (count: number) => html`… e mais ${count}`,
  zoneFooter: (zone: string) => html`<i>Dias: ${zone}. Dados: TVmaze.</i>`,
  catalogueDown: () =>
    html`Não consegui abrir o catálogo de séries agora. O que você segue está guardado; tente de novo em um minuto.`,
  catalogueFilling: () => html`Ainda estou buscando as datas do que você segue. Tente de novo em um minuto.`,
  catalogueDownNote: () => html`<i>As datas não estão disponíveis agora.</i>`,

  notices: noticesPtBR,
  seen: seenPtBR,

  // Monitors
  wizard: wizardPtBR,
  history: historyPtBR,
  maintenance: maintenancePtBR,
  statusPages: statusPagesPtBR,
  personalData: personalDataPtBR,
  posts: postsPtBR,
  subscriptions: subscriptionsPtBR,
  keys: keysPtBR,
  webhooks: webhooksPtBR,
  calendar: calendarPtBR,
  administratorsOnly: 'Só quem administra o grupo pode mudar os monitores.',
  settingsForAdministrators: 'Só quem administra o grupo pode mudar isso.',
  administratorsOnlyHere: () =>
    html`Só quem administra o grupo pode mudar os monitores. Para ver como eles estão: /monitores`,
  intervalUnknown: (asked: string) =>
    html`Não entendi o intervalo “${asked}”. Use por exemplo <code>30s</code>, <code>5m</code> ou <code>1h</code>.`,
  intervalShort: () => html`O menor intervalo é de 10 segundos (<code>10s</code>).`,
  limitRefused: (longest: string) =>
    html`O limite de tempo da resposta vai de 1 s a ${longest} e não pode passar do intervalo. Exemplo: <code>/monitorar exemplo.com.br 1m limite 30s</code>`,
  intervalLong: () => html`O maior intervalo é de 24 horas (<code>24h</code>).`,
  tcpInstead: (address: string) =>
    html`Essa porta é de outro tipo de serviço, não de um site. Para eu vigiar se ela aceita conexões, mande:
<code>/monitorar ${address}</code>`,
  addressRefused: (address: string, why: string) => html`Não posso vigiar <code>${address}</code>: ${why}.`,
  refusals: {
    'bad-url': 'não é um endereço que eu entenda. Tente algo como https://exemplo.com.br',
    'private-address':
      'ele fica numa rede privada, que eu não alcanço; mande um endereço público, como https://exemplo.com.br',
    'bad-scheme':
      'só vigio endereços http, https, tcp, tls, dns, ping, ws, wss, grpc e grpcs, como https://exemplo.com.br',
    'blocked-port': 'essa porta é de outro tipo de serviço; para ela, use tcp://',
    'missing-port': 'falta a porta, como em tcp://exemplo.com.br:5432',
    credentials: 'ele contém usuário ou senha, que eu não guardo; mande o endereço sem eles',
  },
  monitorAdded: (name: string, interval: string) =>
    html`Pronto! Vou verificar <b>${name}</b> a cada ${interval}. Estou fazendo a primeira verificação e já conto o resultado.`,
  monitorAddedWithoutCheck: (name: string, interval: string) =>
    html`Pronto! Vou verificar <b>${name}</b> a cada ${interval}. Acabei de verificar esse servidor, então só verifico de novo no próximo intervalo.`,
  monitorUpdated: (name: string, interval: string) =>
    html`Eu já vigiava <b>${name}</b>. Agora verifico a cada ${interval}.`,
  monitorsFull: (most: number) =>
    html`Você já tem ${counted(most, 'monitor', 'monitores')}, o máximo por conversa. Exclua um em /monitores para abrir espaço.`,
  monitorsFullForPerson: (most: number) =>
    html`Você já tem ${counted(most, 'monitor', 'monitores')} em todas as suas conversas, o máximo por pessoa. Exclua um em /monitores para abrir espaço.`,
  hostFullForPerson: (host: string, perMinute: number) =>
    html`Com este monitor, eu faria mais de ${counted(perMinute, 'verificação', 'verificações')} por minuto em ${host} para você, o máximo por pessoa. Use um intervalo maior ou pause outro monitor.`,
  hostFull: (host: string, perMinute: number) =>
    html`Muita gente já vigia ${host}, e eu não passo de ${counted(perMinute, 'verificação', 'verificações')} por minuto no mesmo servidor. Use um intervalo maior ou tente mais tarde.`,
  monitorsTitle: (count: number) => html`<b>Seus monitores</b> (${count})`,
  monitorsNone: () => html`Ainda não vigio nada para você. Comece com <code>/monitorar exemplo.com.br</code>`,
  monitorGone: 'Esse monitor não existe mais.',
  outageOver: 'Essa queda já acabou.',
  answeredBefore: (name: string, clock: string) => `${name || 'Alguém'} já apertou este botão às ${clock}.`,
  outageAnswered: {
    acknowledge: () => 'Anotado. Não mando mais lembretes; aviso quando voltar ao ar.',
    hour: (until: string) => `Silêncio até ${until}: não aviso nada deste monitor até lá.`,
    morning: (until: string) => `Silêncio até ${until}: não aviso nada deste monitor até lá.`,
    recovery: () => 'Silêncio até voltar: só aviso quando voltar ao ar.',
  },
  monitorState: {
    up: 'no ar',
    down: 'fora do ar',
    new: 'esperando a primeira verificação',
    resumed: 'esperando a próxima verificação',
    unknown: 'sem verificação recente',
    paused: 'pausado',
  },
  stateSince: (state: string, duration: string) => `${state} há ${duration}`,
  uptimeUnknown: 'sem dados das últimas 24 h',
  averageResponse: (ms: string) => `resposta média: ${ms}`,
  timeLimit: (duration: string) => `limite de tempo: ${duration}`,
  slowFrom: (time: string) => `aviso se demorar mais de ${time}`,
  everyInterval: (interval: string) => `verificado a cada ${interval}`,
  lastCheck: (duration: string) => `última verificação há ${duration}`,
  neverChecked: 'ainda não verificado',
  check: 'verificar agora',
  checkedJustNow: (state: string, checked: string | null) =>
    `Acabei de verificar esse servidor. Situação: ${state}${checked ? `, ${checked}` : ''}. Espere um pouco para verificar de novo.`,
  checking: 'Verificando… já mando o resultado.',
  notChecked: 'É o serviço que me avisa, então não há o que verificar.',
  pause: 'pausar',
  paused: 'Pausado. Não verifico até você retomar.',
  resume: 'retomar',
  resumed: 'Retomado!',
  delete: 'excluir',
  deleteSure: (name: string) =>
    html`Excluir <b>${name}</b>? O histórico dele vai junto. Dá para desfazer por 24 horas.`,
  undoDelete: (name: string) => `desfazer · ${name}`,
  undeleted: 'Desfeito! O monitor voltou, com o histórico.',
  undeleteGone: 'Já não dá para desfazer essa exclusão.',
  undeleteExists: 'Você já criou outro monitor com esse endereço. Exclua-o primeiro para desfazer.',
  silence: {
    button: '🔕 silenciar',
    howLong: () => html`Por quanto tempo devo ficar sem avisar nada deste monitor?`,
    choices: { hour: '1 h', morning: 'até 8h', recovery: 'até voltar', none: '🔔 voltar a avisar' },
    until: (clock: Html) => html`🔕 silêncio até ${clock}`,
    untilRecovery: '🔕 silêncio até voltar ao ar',
    ended: 'Pronto! Voltei a avisar.',
  },
  deleteYes: (name: string) => `excluir ${name}`,
  deleteNo: 'não excluir',
  deleted: (name: string) => `${name} foi excluído.`,

  // Heartbeats
  howToHeartbeat: () => html`Diga o nome da tarefa e de quanto em quanto tempo ela roda:

<code>/batimento backup 24h</code>
<code>/batimento backup 24h tolerância 1h</code>
<code>/batimento relatório 0 3 * * *</code> (cron, no fuso desta conversa)

Eu respondo com um endereço. A tarefa o acessa a cada vez que termina, e eu aviso quando ela não der sinal.`,
  heartbeatNameUnknown: () =>
    html`Esse nome não serve: use letras ou números, como em <code>/batimento backup 24h</code>`,
  heartbeatPeriodRefused: (shortest: string, longest: string) =>
    html`O intervalo e a tolerância vão de ${shortest} a ${longest}. Exemplo: <code>/batimento backup 24h tolerância 1h</code>`,
  heartbeatTaken: (slug: string) => html`Já existe outro batimento com o nome <code>${slug}</code>. Escolha outro.`,
  heartbeatAdded: (name: string, schedule: Html) =>
    html`Pronto! Espero um sinal de <b>${name}</b> ${schedule}. Começo a contar no primeiro sinal.`,
  heartbeatUpdated: (name: string, schedule: Html) =>
    html`Eu já vigiava <b>${name}</b>. Agora espero um sinal ${schedule}.`,
  heartbeatUsage: (
    url: string,
  ) => html`No fim da tarefa, acesse este endereço. Quem o conhece pode dar o sinal, então não o publique.
<pre>curl -fsS -m 10 --retry 5 ${url}</pre>
Com <code>/start</code> no fim do endereço a tarefa avisa que começou; com <code>/fail</code> ou <code>/1</code>, que falhou.`,
  heartbeatUrlUnknown:
    'Falta o começo do endereço, porque quem administra este Vigia ainda não definiu PING_URL. Peça o endereço a essa pessoa.',
  heartbeatByName: (url: string) => html`Pelo nome: <code>${url}</code>`,
  copyUrl: 'copiar endereço',
  heartbeatState: { up: 'em dia', new: 'esperando o primeiro sinal', resumed: 'esperando o próximo sinal' },
  heartbeatExpected: (schedule: Html) => html`sinal esperado ${schedule}`,
  lastPing: (duration: string) => `último sinal há ${duration}`,
  noPing: 'nenhum sinal até agora',
  pings: (count: number) => counted(count, 'sinal', 'sinais'),
  runTook: (duration: string, isSlow: boolean) =>
    `última execução: ${duration}${isSlow ? ' (mais de 3 vezes o normal)' : ''}`,
  lastLog: 'O que a tarefa mandou por último:',
}

type Widened<Value> = Value extends string
  ? string
  : Value extends (...args: infer Args) => infer Result
    ? (...args: Args) => Result
    : { [Key in keyof Value]: Widened<Value[Key]> }

/** Every message, toast and button text of the bot. Each language has all of them. */
export type BotMessages = Widened<typeof ptBR>
