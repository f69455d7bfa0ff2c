/** Other tests start the programs from bundles; these are the commands of a checkout. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { VERSION } from '../adapters/version.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

test.each(['loreweave', 'loreweave-server', 'loreweave-eval'])(
  'npm run %s starts the sources',
  async (name) => {
    const [program, file] = scripts[name].split(' ')
    expect(program).toBe('tsx')
    const loader = ['--import', import.meta.resolve('tsx')]
    const args = [...loader, file, '--version']
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
    expect(stdout.trim()).toBe(VERSION)
  },
)
