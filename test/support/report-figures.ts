import type { MonitorFigures, Uptime, UptimeFigures } from '#functions/reporter/figures.ts'

/** The period and the chat of the sample reports. */
export const samplePeriod = { from: new Date('2026-11-29T11:00:00Z'), to: new Date('2026-11-30T11:00:00Z') }
export const sampleReader = {
  language: 'pt-BR',
  zone: 'America/Sao_Paulo',
  frequency: 'daily',
  onDemand: false,
} as const

const names = [
  'loja.exemplo.com.br',
  'api.exemplo.com.br/saude',
  'banco.exemplo.com.br:5432',
  'blog.exemplo.org',
  'São João',
]

/** Random numbers from 0 to 1 that are the same at each run. */
const randomNumbers = (seed: number) => () => {
  seed = (seed * 16_807) % 2_147_483_647
  return seed / 2_147_483_647
}

/** Figures of `count` monitors with some outages and gaps. If `name` is given, all monitors have that name. */
export const sampleFigures = (
  count: number,
  { name, withoutChecks = false }: { name?: string; withoutChecks?: boolean } = {},
): UptimeFigures => {
  const random = randomNumbers(count + 1)
  const cell = (id: number): Uptime =>
    withoutChecks || random() < 0.03 ? null : random() < (id < 4 ? 0.2 : 0.01) ? random() : 1
  const monitors = Array.from({ length: count }, (_, id): MonitorFigures => {
    const cells = Array.from({ length: 24 }, () => cell(id))
    return {
      id,
      name: name ?? `${names[id % names.length]}`,
      uptime: average(cells),
      averageMs: withoutChecks ? null : 80 + 20 * id,
      cells,
      isDown: id === 0 && !withoutChecks,
    }
  }).sort((one, other) => (one.uptime ?? 2) - (other.uptime ?? 2))
  const outages = withoutChecks
    ? []
    : monitors.slice(0, 3).map(({ id, name }, at) => ({
        monitorId: id,
        name,
        from: new Date(samplePeriod.from.getTime() + at * 3_600_000),
        to: id === 0 ? null : new Date(samplePeriod.from.getTime() + at * 3_600_000 + 12 * 60_000),
        downMs: id === 0 ? 5 * 3_600_000 : 12 * 60_000,
      }))
  return { monitors, uptime: average(monitors.map(({ uptime }) => uptime)), outages, unknown: withoutChecks ? 12 : 0 }
}

const average = (values: readonly Uptime[]): Uptime => {
  const known = values.filter(value => value !== null)
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}
