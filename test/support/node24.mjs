// Runs a script of package.json on Node 24, `test` without an argument: in a copy of the project in the cache folder, whose
// packages are compiled for that Node. Node comes from the registry. Plain JavaScript: it runs before anything is installed.
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const VERSION = '24.21.0'
const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = process.env.LOREWEAVE_CACHE ?? join(homedir(), '.cache', 'loreweave')
const folder = join(cache, `node-${VERSION}`)
const copy = join(folder, 'project')

const run = (command, args, options) => {
  const { status } = spawnSync(command, args, {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    ...options,
  })
  if (status !== 0) process.exit(status ?? 1)
}

/** The package of this platform: the program, and the headers that native packages compile with. */
const home = join(
  folder,
  'node_modules/node/node_modules',
  `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
)
if (!existsSync(home)) {
  console.error(`Installing Node ${VERSION} in ${folder} …`)
  mkdirSync(folder, { recursive: true })
  run('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', `node@${VERSION}`], {
    stdio: ['ignore', 2, 2],
  })
}
const node = join(home, process.platform === 'win32' ? 'node.exe' : 'bin/node')

mkdirSync(copy, { recursive: true })
for (const name of readdirSync(copy))
  if (name !== 'node_modules') rmSync(join(copy, name), { recursive: true, force: true })
const files = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], { cwd: root })
for (const file of new Set(files.toString().split('\0')))
  if (file && existsSync(join(root, file))) cpSync(join(root, file), join(copy, file))

const [script = 'test', ...args] = process.argv.slice(2)
console.error(`npm run ${script} on Node ${VERSION}, in ${copy}`)
run('npm', ['run', script, '--', ...args], {
  cwd: copy,
  env: {
    ...process.env,
    PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
    // Where the registry's package has no headers, node-gyp fetches them.
    ...(existsSync(join(home, 'include/node/node_api.h')) && { npm_config_nodedir: home }),
  },
})
