import { readFile } from 'node:fs/promises'

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

/** Everybody in /etc/passwd. */
export const accounts = async (): Promise<Account[]> => parse(await readFile('/etc/passwd', 'utf8').catch(() => ''))

/**
 * As whom the database servers run; null is "as ourselves". PostgreSQL refuses root, so root needs another: the one behind sudo,
 * else `postgres`, else `nobody`. It must be listed: initdb asks for the name of its user.
 */
export const serverAccount = (
  everybody: Account[],
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
      'PostgreSQL does not run as root, and /etc/passwd has neither postgres nor nobody: start as another user',
    )
  return found
}
