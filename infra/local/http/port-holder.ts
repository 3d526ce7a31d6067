import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The process that listens on a port, for a message: `node (pid 4711)`; undefined if it cannot be found out. */
export const holderOf = (port: number): string | undefined =>
  process.platform === 'linux' ? onLinux(port) : process.platform === 'win32' ? undefined : byLsof(port)

const onLinux = (port: number): string | undefined => {
  const inode = listeningInode('/proc/net/tcp', port) ?? listeningInode('/proc/net/tcp6', port)
  if (inode === undefined) return undefined
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name)))
    try {
      const descriptors = readdirSync(`/proc/${pid}/fd`)
      if (descriptors.some(fd => linkOf(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`))
        return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`
    } catch {
      // The process has ended meanwhile, or belongs to another user.
    }
  return undefined
}

/** The state LISTEN in /proc/net/tcp. */
const listenState = '0A'

const listeningInode = (table: string, port: number): string | undefined => {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  try {
    return readFileSync(table, 'utf8')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .find(([, local, , state]) => local?.endsWith(wanted) && state === listenState)?.[9]
  } catch {
    return undefined
  }
}

const linkOf = (path: string) => {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

const byLsof = (port: number): string | undefined => {
  try {
    const fields = execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { encoding: 'utf8' })
    const [, pid] = /^p(\d+)/m.exec(fields) ?? []
    const [, name] = /^c(.+)/m.exec(fields) ?? []
    return pid ? `${name ?? 'a process'} (pid ${pid})` : undefined
  } catch {
    return undefined
  }
}
