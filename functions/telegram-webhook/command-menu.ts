/**
 * The menu beside Telegram's text field. Telegram identifies languages by two-letter codes. Users of all other
 * languages get the English menu.
 */
export const commandMenu: { language: 'pt' | 'en'; commands: { command: string; description: string }[] }[] = [
  {
    language: 'en',
    commands: [
      { command: 'search', description: 'Find a series to follow' },
      { command: 'shows', description: 'The series you follow' },
      { command: 'upcoming', description: 'Episodes in the coming days' },
      { command: 'today', description: "Today's episodes" },
      { command: 'monitor', description: 'Watch a site or server' },
      { command: 'monitors', description: 'Your monitors and how they are doing' },
      { command: 'heartbeat', description: 'Watch a job that runs regularly' },
      { command: 'incidents', description: 'Recent outages' },
      { command: 'maintenance', description: 'No alerts during maintenance' },
      { command: 'page', description: 'Pages that show how your monitors are' },
      { command: 'notice', description: 'Tell the visitors of a status page something' },
      { command: 'subscriptions', description: 'Status pages that tell you their news' },
      { command: 'report', description: 'A report now, every day or every week' },
      { command: 'settings', description: 'When I tell you about episodes' },
      { command: 'quiet', description: 'Hours without notices about episodes' },
      { command: 'timezone', description: 'Your time zone' },
      { command: 'language', description: 'Português or English' },
      { command: 'apikey', description: 'API keys, for programs' },
      { command: 'help', description: 'What this bot can do' },
    ],
  },
  {
    language: 'pt',
    commands: [
      { command: 'buscar', description: 'Buscar uma série para seguir' },
      { command: 'series', description: 'As séries que você segue' },
      { command: 'proximos', description: 'Episódios dos próximos dias' },
      { command: 'hoje', description: 'Episódios de hoje' },
      { command: 'monitorar', description: 'Vigiar um site ou servidor' },
      { command: 'monitores', description: 'Seus monitores e como eles estão' },
      { command: 'batimento', description: 'Vigiar uma tarefa que roda de tempos em tempos' },
      { command: 'incidentes', description: 'As quedas recentes' },
      { command: 'manutencao', description: 'Sem avisos durante uma manutenção' },
      { command: 'pagina', description: 'Páginas que mostram como estão os monitores' },
      { command: 'aviso', description: 'Avisar os visitantes de uma página de status' },
      { command: 'inscricoes', description: 'Páginas de status que avisam você' },
      { command: 'relatorio', description: 'Um relatório agora, todo dia ou toda semana' },
      { command: 'config', description: 'Quando aviso dos episódios' },
      { command: 'silencio', description: 'Horário sem avisos de episódios' },
      { command: 'fuso', description: 'Seu fuso horário' },
      { command: 'idioma', description: 'Português ou English' },
      { command: 'chave', description: 'Chaves da API, para programas' },
      { command: 'ajuda', description: 'O que este bot faz' },
    ],
  },
]
