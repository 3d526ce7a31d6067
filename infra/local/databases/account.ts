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

/** Everybody in /etc/passwd; nobody where there is none. */
export const accounts = (): Account[] => {
  try {
    return parse(readFileSync('/etc/passwd', 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** How people call the user with this number. */
export const nameOf = (uid: number, everybody: Account[] = accounts()): string =>
  everybody.find(account => account.uid === uid)?.name ?? `user ${uid}`

/**
 * As whom the database servers run; null is "as ourselves". PostgreSQL refuses root, so root needs another: the one behind sudo,
 * else `postgres`, else `nobody`. It must be listed: initdb asks for the name of its user.
 */
export const serverAccount = (
  everybody: Account[] = accounts(),
  {
    uid = process.getuid?.(),
    sudoUid = process.env.SUDO_UID,
  }: { uid?: number | undefined; sudoUid?: string | undefined } = {},
): Account | null => {
  if (uid !== 0) return null
  const found =
    everybody.find(account => account.uid !== 0 && String(account.uid) === sudoUid) ??
    everybody.find(account => account.name === 'postgres') ??
    everybody.find(account => account.name === '_postgres') ??
    everybody.find(account => account.name === 'nobody')
  if (!found)
    throw new Error(
      'PostgreSQL does not run as root, and /etc/passwd has no user postgres and no user nobody: start as another user',
    )
  return found
}

/** For spawn: as that account. Node drops the other groups of root by itself. */
export const as = (account: Account | null): { uid?: number; gid?: number } =>
  account ? { uid: account.uid, gid: account.gid } : {}

/** What a server needs of our environment: no PG variable may turn it elsewhere, and tokens are none of its business. */
export const serverEnvironment = (from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv =>
  Object.fromEntries(
    ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR'].flatMap(name =>
      from[name] === undefined ? [] : [[name, from[name]]],
    ),
  )
