import { readFileSync } from 'node:fs'

/** An entry of /etc/passwd. */
export interface Account {
  name: string
  uid: number
  gid: number
}

const parse = (passwd: string): Account[] =>
  passwd
    .split('\n')
    .map(line => line.split(':'))
    .filter(fields => fields.length >= 4)
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))

/** The accounts in /etc/passwd; none if the file is missing. */
export const accounts = (): Account[] => {
  try {
    return parse(readFileSync('/etc/passwd', 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** The name of the user with this number. */
export const nameOf = (uid: number, all: Account[] = accounts()): string =>
  all.find(account => account.uid === uid)?.name ?? `user ${uid}`

/**
 * The account that runs the database servers; null if it is the account of this process. PostgreSQL refuses to run as
 * root. If this process runs as root, the result is the account that called sudo, else `postgres`, else `nobody`. The
 * account must be in /etc/passwd, because initdb looks up the name of its user.
 */
export const serverAccount = (
  all: Account[] = accounts(),
  {
    uid = process.getuid?.(),
    sudoUid = process.env.SUDO_UID,
  }: { uid?: number | undefined; sudoUid?: string | undefined } = {},
): Account | null => {
  if (uid !== 0) return null
  const found =
    all.find(account => account.uid !== 0 && String(account.uid) === sudoUid) ??
    all.find(account => account.name === 'postgres') ??
    all.find(account => account.name === '_postgres') ??
    all.find(account => account.name === 'nobody')
  if (!found)
    throw new Error(
      'PostgreSQL does not run as root, and /etc/passwd has no user postgres and no user nobody: start Vigia as another user',
    )
  return found
}

/** Options of `spawn` that run a program as this account. Node.js drops the other groups of root itself. */
export const runAs = (account: Account | null): { uid?: number; gid?: number } =>
  account ? { uid: account.uid, gid: account.gid } : {}

/**
 * The part of the environment that a server needs. Variables like PGDATA could change the settings of the server, and
 * the server must not see tokens.
 */
export const serverEnvironment = (from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(
    ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR'].flatMap(name =>
      from[name] === undefined ? [] : [[name, from[name]]],
    ),
  )
