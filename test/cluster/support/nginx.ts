import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '#infra/net/free-port.ts'
import { until } from '#test/support/until.ts'

const run = promisify(execFile)

/** At an upgrade nginx starts itself again by the path with which it was started. */
const startByPath = 'exec "$(command -v nginx)" "$@"'

/** A real nginx on loopback, which answers every path with 200. Its files are in `folder`. */
export const nginxIn = async (folder: string) => {
  const port = await freePort()
  const path = (name: string) => join(folder, name)
  mkdirSync(path('logs'), { recursive: true })
  writeFileSync(path('nginx.conf'), configuration(port))
  const nginx = (...args: string[]) =>
    run('sh', [
      '-c',
      startByPath,
      'sh',
      '-p',
      `${folder}/`,
      '-c',
      path('nginx.conf'),
      '-e',
      path('logs/error.log'),
      ...args,
    ])
  const pidIn = (file: string) => Number(readFileSync(path(file), 'utf8'))
  const ended = (pid: number) =>
    until(() => !existsSync(`/proc/${pid}`), { what: `nginx ${pid} to end`, timeoutMs: 60_000 })

  const start = async () => {
    await nginx()
    await until(() => fetch(`http://127.0.0.1:${port}/started`), { what: 'nginx to answer', timeoutMs: 60_000 })
  }
  const stop = async () => {
    const pid = pidIn('nginx.pid')
    process.kill(pid, 'SIGTERM')
    await ended(pid)
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    start,
    stop,
    isRunning: () => existsSync(path('nginx.pid')),
    /** Starts new workers with the configuration, and lets the old ones finish. */
    reload: () => nginx('-s', 'reload'),
    /** Replaces the running program by a new one on the same socket, as a package does at an update. */
    upgrade: async () => {
      const old = pidIn('nginx.pid')
      process.kill(old, 'SIGUSR2')
      await until(() => existsSync(path('nginx.pid.oldbin')) && pidIn('nginx.pid') !== old, {
        what: 'the new nginx to start',
        timeoutMs: 60_000,
      })
      process.kill(old, 'SIGWINCH')
      process.kill(old, 'SIGQUIT')
      await ended(old)
    },
    /** The paths that were asked for since the start, in the order of the requests. */
    requests: () =>
      readFileSync(path('logs/access.log'), 'utf8')
        .split('\n')
        .filter(line => line !== ''),
  }
}

const configuration = (port: number) => `
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 2;
pid nginx.pid;
events {}
http {
  log_format path '$uri';
  access_log logs/access.log path;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    location / { return 200 "all is well\\n"; }
  }
}
`
