/** A box of a picture: a step with up to two lines about it. */
interface Step {
  name: string
  notes: [string] | [string, string]
  /** Vigia's own parts have another colour than those of the engine and of others. */
  owner: 'vigia' | 'engine' | 'others'
}

interface Picture {
  title: string
  /** Each flow is a row of at most four steps, with arrows from one to the next. */
  flows: { heading: string; steps: Step[] }[]
}

const broker = (note: string): Step => ({ name: "Vigia's broker", notes: [note], owner: 'vigia' })
const bot: Step = { name: "Vigia's broker", notes: ['message.requested:', 'the bot sends it'], owner: 'vigia' }

/** By folder of infra/workflows: what the example does. */
const pictures: Record<string, Picture> = {
  argo: {
    title: 'Vigia and Argo Workflows',
    flows: [
      {
        heading: 'An outage that lasts is told to a second chat',
        steps: [
          broker('monitor.down, .up'),
          { name: 'JobSink', notes: ['starts or ends', 'the workflow'], owner: 'others' },
          { name: 'Workflow', notes: ['waits 15 minutes;', 'is it still down?'], owner: 'engine' },
          bot,
        ],
      },
      {
        heading: 'A maintenance window is announced',
        steps: [
          { name: 'CronWorkflow', notes: ['Wednesdays and', 'Saturdays, 15:00'], owner: 'engine' },
          { name: 'Workflow', notes: ['before, at the start,', 'at the end'], owner: 'engine' },
          bot,
        ],
      },
    ],
  },
  n8n: {
    title: 'Vigia and n8n',
    flows: [
      {
        heading: 'A morning report for the operators',
        steps: [
          { name: 'Schedule', notes: ['every day, 08:00'], owner: 'engine' },
          { name: "Vigia's API", notes: ['readiness, outages,', 'dead letters'], owner: 'vigia' },
          { name: 'Edit Fields', notes: ['writes the text'], owner: 'engine' },
          bot,
        ],
      },
      {
        heading: 'Every outage becomes a ticket',
        steps: [
          broker('monitor.down'),
          { name: 'Webhook', notes: ['gets the event'], owner: 'engine' },
          { name: 'Your system', notes: ['opens a ticket'], owner: 'others' },
          bot,
        ],
      },
    ],
  },
  airflow: {
    title: 'Vigia and Airflow',
    flows: [
      {
        heading: 'The incidents of the week as a file',
        steps: [
          { name: 'Schedule', notes: ['Mondays, 08:00'], owner: 'engine' },
          { name: 'export', notes: ['reads PostgreSQL,', 'writes CSV'], owner: 'engine' },
          { name: 'announce', notes: ['how many incidents,', 'how many minutes'], owner: 'engine' },
          bot,
        ],
      },
    ],
  },
}

const width = 760
const box = { width: 155, height: 92, gap: 33 }
const top = 66
const rowHeight = 150

/** The colours follow the reader's light or dark theme, and the picture has its own background. */
const style = `
.card{fill:#fff;stroke:#d0d7de}.ink{fill:#1f2328}.soft{fill:#59636e}.line{stroke:#59636e;fill:none;stroke-width:1.5}.tip{fill:#59636e}
.vigia{fill:#ddf4ff;stroke:#0969da}.engine{fill:#fff1e5;stroke:#bc4c00}.others{fill:#f6f8fa;stroke:#818b98}
@media (prefers-color-scheme:dark){
.card{fill:#0d1117;stroke:#3d444d}.ink{fill:#f0f6fc}.soft{fill:#a8b3bf}.line{stroke:#a8b3bf}.tip{fill:#a8b3bf}
.vigia{fill:#0c2d6b;stroke:#4493f8}.engine{fill:#5a1e02;stroke:#f0883e}.others{fill:#212830;stroke:#818b98}}
text{font:14px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
.title{font-size:21px;font-weight:650}.heading{font-size:16px}.name{font-size:16px;font-weight:650}.middle{text-anchor:middle}`

const stepSvg = ({ name, notes, owner }: Step, x: number, y: number): string => {
  const middle = x + box.width / 2
  const first = notes.length === 1 ? 40 : 32
  const lines = notes.map((note, at) => text('soft middle', middle, y + first + 24 + at * 19, note))
  return [
    `<rect class="${owner}" x="${x}" y="${y}" width="${box.width}" height="${box.height}" rx="8"/>`,
    text('ink name middle', middle, y + first, name),
    ...lines,
  ].join('\n')
}

const arrow = (x: number, y: number): string =>
  `<path class="line" d="M${x + 4} ${y}H${x + box.gap - 9}"/><path class="tip" d="M${x + box.gap - 3} ${y}l-9-5v10z"/>`

const text = (className: string, x: number, y: number, words: string): string =>
  `<text class="${className}" x="${x}" y="${y}">${words}</text>`

/** The picture as an SVG file. */
const svg = ({ title, flows }: Picture): string => {
  const height = top + flows.length * rowHeight
  const about = flows.map(({ heading, steps }) => `${heading}: ${steps.map(({ name }) => name).join(', then ')}.`)
  const rows = flows.flatMap(({ heading, steps }, row) => {
    const y = top + row * rowHeight
    const at = (index: number) => 20 + index * (box.width + box.gap)
    return [
      text('soft heading', 20, y + 10, heading),
      ...steps.map((step, index) => stepSvg(step, at(index), y + 26)),
      ...steps.slice(1).map((_, index) => arrow(at(index) + box.width, y + 26 + box.height / 2)),
    ]
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title about">
<title id="title">${title}</title>
<desc id="about">${about.join(' ')}</desc>
<style>${style}</style>
<rect class="card" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="12"/>
${text('ink title', 20, 38, title)}
${rows.join('\n')}
</svg>
`
}

/** The pictures of infra/workflows: content by path in a checkout. */
export const workflowPictures = async (): Promise<Map<string, string>> =>
  new Map(
    Object.entries(pictures).map(([folder, picture]) => [`infra/workflows/${folder}/${folder}.svg`, svg(picture)]),
  )
