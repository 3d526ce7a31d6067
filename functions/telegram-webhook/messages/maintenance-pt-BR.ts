import { type Html, html } from '#functions/telegram/html.ts'

/** The texts of /manutencao, in Brazilian Portuguese. */
export const maintenancePtBR = {
  none: () => html`Nenhuma manutenção agora nem marcada.`,
  how: () => html`Durante a manutenção não aviso de quedas, e o tempo não conta. Para começar uma agora em todos os monitores, escolha a duração. Para marcar, use o botão ou mande, por exemplo:

<code>/manutencao 2h Loja</code>
<code>/manutencao amanhã 22:00 2h</code>
<code>/manutencao toda terça às 3h 1h Loja</code>
<code>/manutencao 0 3 * * 2 1h</code> (cron)`,
  everything: 'todos os monitores',
  until: (when: Html) => html`até ${when}`,
  endNow: (name: string) => `encerrar · ${name}`,
  cancel: (when: string, name: string) => `cancelar ${when} · ${name}`,
  cancelled: 'Manutenção cancelada.',
  gone: 'Essa manutenção não existe mais.',
  fromFile: 'Esta manutenção vem do arquivo vigia.yaml. Cancele-a no arquivo.',
  button: '🛠 manutenção',
  planButton: '📅 marcar manutenção',
  forWhat: () => html`Para que monitores é a manutenção?`,
  whichDay: (name: string | null) =>
    html`Quando começa? Escolha ou mande outra data, por exemplo <code>/manutencao 24/12 22:00 2h${name && ` ${name}`}</code>`,
  whichWeekday: () => html`Em que dia da semana?`,
  whichHour: () => html`A que horas começa?`,
  howLong: () => html`Quanto tempo dura?`,
  now: 'agora',
  tonight: 'hoje à noite, 22:00',
  daily: '🔁 todo dia',
  weekly: '🔁 toda semana',
  everyDay: (clock: string) => `todo dia às ${clock}`,
  everyWeek: (weekday: string, clock: string) =>
    `${/^(?:sábado|domingo)$/.test(weekday) ? 'todo' : 'toda'} ${weekday} às ${clock}`,
  isPast: 'Essa hora já passou. Escolha outra.',
  tooFar: () => html`Só marco manutenções até um ano à frente, por exemplo <code>/manutencao 24/12 22:00 2h</code>.`,
  full: (most: number) =>
    html`Esta conversa já tem ${most} manutenções marcadas. Cancele uma em /manutencao para abrir espaço.`,
  cronRefused: (cron: string) =>
    html`“${cron}” não é um cron de cinco campos. Mande, por exemplo, <code>/manutencao 0 3 * * 2 1h</code> (toda terça às 3h).`,
  startRefused: {
    time: (asked: string) =>
      html`Não entendi quando começa em “${asked}”. Mande o dia e a hora, por exemplo <code>/manutencao amanhã 22:00 2h</code>.`,
    past: (asked: string) =>
      html`O começo em “${asked}” já passou. Mande um dia e uma hora que ainda vêm, por exemplo <code>/manutencao amanhã 22:00 2h</code>.`,
  },
  ended: 'Manutenção encerrada.',
  over: 'Essa manutenção já acabou.',
  durationUnknown: (asked: string) =>
    html`Não entendi a duração em “${asked}”. Mande por exemplo <code>/manutencao 2h</code> ou <code>/manutencao 30 minutos Loja</code>.`,
  durationRefused: () => html`A manutenção dura de 1 minuto a 7 dias, por exemplo <code>/manutencao 2h</code>.`,
  scopeUnknown: (name: string) =>
    html`Não achei um grupo nem um monitor “${name}”. Mande o nome que aparece em /monitores, por exemplo <code>/manutencao 2h exemplo.com.br</code>.`,
}
