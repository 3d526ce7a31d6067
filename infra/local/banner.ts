import type { UnusedField } from './manifests/manifests.ts'

export interface BannerFacts {
  port: number
  publicPort: number
  isSimulated: boolean
  dataDir: string
  /** Where the catalogue of series is stored. */
  catalogue: string
  publicUrl: string | undefined
  tookMs: number
}

/** The text that is shown when everything is up. */
export const banner = ({
  port,
  publicPort,
  isSimulated,
  dataDir,
  catalogue,
  publicUrl,
  tookMs,
}: BannerFacts): string => {
  const lines: [string, string][] = isSimulated
    ? [
        ['chat', `http://localhost:${port}/chat (simulated Telegram; npm run chat opens it in a terminal)`],
        ['sites', `http://sites.localhost:${port}/ has test sites to watch; you can take one of them down`],
      ]
    : [
        [
          'bot',
          publicUrl ? `Telegram sends updates to ${publicUrl}` : 'updates are fetched from Telegram (long polling)',
        ],
      ]
  lines.push(
    ['status', `http://localhost:${port}/`],
    ['public', `http://localhost:${publicPort} (PUBLIC_PORT), for a reverse proxy or tunnel`],
    ['data', dataDir],
    ['', catalogue],
    ['stop', 'Ctrl-C stops Vigia and its databases'],
  )
  const body = lines.map(([name, text]) => `  ${name.padEnd(7)} ${text}`).join('\n')
  return `\nVigia is up (${(tookMs / 1000).toFixed(1)} s)\n\n${body}\n`
}

/** One line for each field of the manifests that has no effect on one machine. */
export const unusedLines = (unused: readonly UnusedField[]): string =>
  [
    'Not used on one machine:',
    ...unused.map(({ file, line, field, why }) => `  ${file}:${line} ${field}: ${why}`),
  ].join('\n')
