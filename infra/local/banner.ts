import type { UnusedField } from './manifests.ts'

export interface Ready {
  port: number
  publicPort: number
  isSimulated: boolean
  dataDir: string
  mongoWords: string
  publicUrl: string | undefined
  tookMs: number
}

/** What is said when everything is up. */
export const banner = ({ port, publicPort, isSimulated, dataDir, mongoWords, publicUrl, tookMs }: Ready): string => {
  const lines: [string, string][] = isSimulated
    ? [
        ['chat', `http://localhost:${port}/chat (a Telegram of our own; npm run chat does the same here)`],
        ['sites', `http://sites.localhost:${port}/ has sites to watch, and a switch`],
      ]
    : [['bot', publicUrl ? `Telegram reaches us at ${publicUrl}` : 'we ask Telegram for updates (long polling)']]
  lines.push(
    ['inside', `http://localhost:${port}/`],
    ['public', `http://localhost:${publicPort} (PUBLIC_PORT), for a reverse proxy or tunnel`],
    ['data', dataDir],
    ['', mongoWords],
    ['stop', 'Ctrl-C; everything that was started ends with it'],
  )
  const body = lines.map(([name, text]) => `  ${name.padEnd(7)} ${text}`).join('\n')
  return `\nVigia is up (${(tookMs / 1000).toFixed(1)} s)\n\n${body}\n`
}

/** One line for each field of the manifests that means nothing on one machine. */
export const unusedLines = (unused: readonly UnusedField[]): string =>
  [
    'Not used on one machine:',
    ...unused.map(({ file, line, field, why }) => `  ${file}:${line} ${field}: ${why}`),
  ].join('\n')
