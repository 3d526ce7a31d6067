import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { debianPackages } from './debian-packages.ts'
import { databaseUser, ownFolders, recipe } from './images.ts'
import { type Image, layerOf } from './oci-layout.ts'

/** RabbitMQ, Erlang, and the libraries that both need. */
const packages = [
  'rabbitmq-server',
  ...['asn1', 'base', 'crypto', 'eldap', 'inets', 'mnesia', 'os-mon', 'parsetools', 'public-key', 'runtime-tools'].map(
    name => `erlang-${name}`,
  ),
  ...['ssl', 'syntax-tools', 'tools', 'xmerl'].map(name => `erlang-${name}`),
  ...['busybox-static', 'libc6', 'libcap2', 'libgcc-s1', 'libgcrypt20', 'libgpg-error0', 'liblz4-1', 'liblzma5'],
  ...['libssl3', 'libstdc++6', 'libsystemd0', 'libtinfo6', 'libzstd1', 'zlib1g'],
]

/** What the scripts of RabbitMQ and Erlang call. */
const tools = 'awk basename cat cut df dirname env grep head id ls mkdir readlink rm sed sh sleep tr uname'.split(' ')

const server = '/usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8'
const home = '/var/lib/rabbitmq'

/**
 * A stand-in for the official image of RabbitMQ with its management plugin, made of Debian's packages. It reads
 * `RABBITMQ_DEFAULT_USER` and `RABBITMQ_DEFAULT_PASS`.
 */
export const rabbitmqImage = async (): Promise<Image> => {
  const layer = await layerOf(`rabbitmq ${recipe} ${packages.join()} ${tools.join()}`, async folder => {
    const tree = join(folder, 'tree')
    const at = (path: string) => join(tree, path)
    await cp(await debianPackages(packages), tree, { recursive: true, verbatimSymlinks: true })
    for (const tool of tools) await symlink('busybox', at(`bin/${tool}`))
    await mkdir(at('etc/rabbitmq'), { recursive: true })
    await writeFile(at('etc/nsswitch.conf'), 'hosts: files dns\n')
    await writeFile(at('etc/passwd'), `rabbitmq:x:${databaseUser}:${databaseUser}::${home}:/bin/sh\n`)
    await writeFile(at('etc/rabbitmq/enabled_plugins'), '[rabbitmq_management].\n')
    // Allows the user to connect from other pods.
    await writeFile(at('etc/rabbitmq/rabbitmq.conf'), 'loopback_users = none\n')
    await ownFolders(tree, home.slice(1), 'tmp')
    return { tree }
  })
  return {
    name: 'dev.local/rabbitmq:test',
    layers: [layer],
    entrypoint: [`${server}/sbin/rabbitmq-server`],
    env: {
      PATH: '/bin:/usr/bin',
      HOME: home,
      LANG: 'C.UTF-8',
      RABBITMQ_NODENAME: 'rabbit@localhost',
      RABBITMQ_LOGS: '-',
      RABBITMQ_LOG_BASE: `${home}/log`,
      RABBITMQ_MNESIA_BASE: `${home}/mnesia`,
      RABBITMQ_CONFIG_FILE: '/etc/rabbitmq/rabbitmq.conf',
      RABBITMQ_ENABLED_PLUGINS_FILE: '/etc/rabbitmq/enabled_plugins',
      RABBITMQ_PLUGINS_DIR: `${server}/plugins`,
    },
    user: `${databaseUser}:${databaseUser}`,
    ports: ['5672', '15672'],
  }
}
