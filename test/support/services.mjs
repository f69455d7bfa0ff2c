// PostgreSQL and moto's S3 server for a run of tests, on loopback and in temporary folders. LOREWEAVE_TEST_POSTGRES
// (postgres://…) and LOREWEAVE_TEST_S3 (http://…) name running ones; install-services.sh installs them.
import { spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')

const isThere = (path) => existsSync(path)

/** The first that exists, or what the shell finds. */
const programOf = (name, folders) => {
  const path = folders.map((folder) => join(folder, name)).find(isThere)
  return path ?? (spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim() || undefined)
}

const postgresFolders = () => {
  const all = '/usr/lib/postgresql'
  if (!isThere(all)) return []
  const versions = readdirSync(all).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(all, version, 'bin'))
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** PostgreSQL refuses to run as root. */
const unprivileged = () => {
  if (process.getuid?.() !== 0) return {}
  const idOf = (flag) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout)
  return { uid: idOf('-u') || 65534, gid: idOf('-g') || 65534 }
}

const stopping = (child, folder) => async () => {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  if (child.exitCode === null) await ended
  if (folder) rmSync(folder, { recursive: true, force: true })
}

const until = async (isReady, child) => {
  for (let tries = 0; tries < 200 && child.exitCode === null; tries++) {
    if (await isReady().catch(() => false)) return true
    await wait(100)
  }
  return false
}

/** { url, stop } or { reason }. */
export const startPostgres = async () => {
  const given = process.env.LOREWEAVE_TEST_POSTGRES
  if (given) return { url: given, stop: async () => {} }
  const initdb = programOf('initdb', postgresFolders())
  if (!initdb) return { reason: 'there is no PostgreSQL here' }
  const postgres = initdb.replace(/initdb$/, 'postgres')
  const who = unprivileged()
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-postgres-'))
  if (who.uid) chownSync(folder, who.uid, who.gid)
  const options = { ...who, cwd: folder, stdio: 'ignore' }
  const made = spawnSync(
    initdb,
    ['-D', folder, '-U', 'loreweave', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    options,
  )
  if (made.status !== 0) return { reason: 'initdb failed' }
  const port = await freePort()
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'fsync=off',
    'max_connections=200',
  ]
  const child = spawn(
    postgres,
    ['-D', folder, '-p', String(port), ...settings.flatMap((one) => ['-c', one])],
    options,
  )
  const ready = initdb.replace(/initdb$/, 'pg_isready')
  const isReady = async () =>
    spawnSync(ready, ['-h', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' }).status === 0
  const stop = stopping(child, folder)
  if (await until(isReady, child))
    return { url: `postgres://loreweave@127.0.0.1:${port}/postgres`, stop }
  await stop()
  return { reason: 'PostgreSQL did not start' }
}

/** { url, stop } or { reason }. */
export const startS3 = async () => {
  const given = process.env.LOREWEAVE_TEST_S3
  if (given) return { url: given, stop: async () => {} }
  const moto = programOf('moto_server', [join(cache, 'loreweave/moto-5.2.5/bin')])
  if (!moto) return { reason: "there is no moto here, which serves S3's tests" }
  const port = await freePort()
  const child = spawn(moto, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const url = `http://127.0.0.1:${port}`
  const stop = stopping(child)
  if (await until(async () => (await fetch(`${url}/moto-api/`)).ok, child)) return { url, stop }
  await stop()
  return { reason: 'moto did not start' }
}

export const setup = async (project) => {
  const [postgres, s3] = await Promise.all([startPostgres(), startS3()])
  for (const { reason } of [postgres, s3]) if (reason) console.error(`skipped: ${reason}`)
  project.provide('postgres', postgres.url ?? null)
  project.provide('s3', s3.url ?? null)
  return async () => {
    await Promise.all([postgres.stop?.(), s3.stop?.()])
  }
}
