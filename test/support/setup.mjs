// Installs the dependencies when node_modules is missing or older than the lock file.
// Plain JavaScript without imports from node_modules: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const stamp = `${root}node_modules/.loreweave-lock`
const digest = createHash('sha256')
  .update(readFileSync(`${root}package-lock.json`))
  .update(`${process.version} ${process.platform} ${process.arch}`)
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  console.error(
    'Installing dependencies (npm ci); a first install compiles SQLite and takes a minute or two …',
  )
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const result = spawnSync(npm, ['ci'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  })
  if (result.status !== 0) {
    console.error(
      'npm ci failed: see the lines above. A C++ compiler and Python 3 are needed where SQLite has no prebuilt file.',
    )
    process.exit(result.status ?? 1)
  }
  writeFileSync(stamp, digest)
}
