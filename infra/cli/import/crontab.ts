import { basename } from 'node:path'
import { collector, type Imported } from './imported.ts'

/** What the short forms of cron mean. */
const shortForms: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

const maxNameLength = 100

/**
 * Reads a crontab: each job becomes a heartbeat with the job's schedule. `hasUser`: the lines have the user before the
 * command, as in /etc/crontab. `zone` is the time zone of the machine; CRON_TZ in the file replaces it.
 */
export const importCrontab = (text: string, { hasUser, zone }: { hasUser: boolean; zone: string }): Imported => {
  const { imported, add, leaveOut } = collector('crontab')
  let timeZone = zone
  for (const [index, line] of text
    .split(/\r?\n/)
    .map(line => line.trim())
    .entries()) {
    if (line === '' || line.startsWith('#')) continue
    const variable = /^(\w+)\s*=\s*(.*)$/.exec(line)
    if (variable) {
      if (variable[1] === 'CRON_TZ') timeZone = variable[2]!.replace(/^(["'])(.*)\1$/, '$2')
      continue
    }
    const job = jobOf(line, hasUser)
    if ('why' in job) leaveOut(`line ${index + 1}: ${line}`, job.why)
    else
      add(programOf(job.command), {
        entry: {
          kind: 'heartbeat',
          name: shortened(job.command),
          settings: { cron: job.schedule, timeZone },
        },
      })
  }
  return imported
}

const jobOf = (line: string, hasUser: boolean): { schedule: string; command: string } | { why: string } => {
  const [short, long] = [/^(@\w+)\s+(.+)$/.exec(line), /^((?:\S+\s+){4}\S+)\s+(.+)$/.exec(line)]
  const [, time = '', rest = ''] = short ?? long ?? []
  const command = hasUser ? rest.replace(/^\S+\s*/, '') : rest
  if (command === '') return { why: 'it is neither a job nor a variable' }
  if (time === '@reboot')
    return { why: 'a job that runs at the start of the machine has no times at which a ping could be late' }
  const schedule = time.startsWith('@') ? shortForms[time] : time.replace(/\s+/g, ' ')
  return schedule === undefined ? { why: `${time} is not a schedule of cron` } : { schedule, command }
}

/** The name of the program, or of the script that an interpreter runs. */
const programOf = (command: string): string => {
  const words = command
    .replace(/^cd\s+\S+\s*(&&|;)\s*/, '')
    .split(/\s+/)
    .filter(word => !/^\w+=/.test(word))
  const script = words.find(
    word => !/^(\/\S*\/)?(env|nice|ionice|flock|timeout|sudo|bash|sh|cd|test|\[|&&|;|-\S*|\d+)$/.test(word),
  )
  return basename(script ?? words[0] ?? 'job').replace(/\.\w{1,4}$/, '') || 'job'
}

const shortened = (text: string) => (text.length > maxNameLength ? `${text.slice(0, maxNameLength - 1)}…` : text)
