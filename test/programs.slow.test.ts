/** Other tests start the programs from bundles; these are the commands of a checkout. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { VERSION } from '../adapters/version.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

const NAMES = ['loreweave', 'loreweave-server', 'loreweave-eval']

test.each(NAMES)('%s ends quietly when its reader has closed the pipe', async (name) => {
  const file = scripts[name].split(' ')[1]
  const ended = async (args: readonly string[], closed: 'stdout' | 'stderr') => {
    const loader = ['--import', import.meta.resolve('tsx')]
    const child = spawn(process.execPath, [...loader, file, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child[closed].destroy()
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        said += text
      })
    const [status] = (await once(child, 'close')) as [number]
    return { status, said }
  }
  expect(await ended(['--help'], 'stdout')).toEqual({ status: 0, said: '' })
  expect(await ended(['no-such-command'], 'stderr')).toEqual({ status: 2, said: '' })
})

test.each(NAMES)('npm run %s starts the sources', async (name) => {
  const [program, file] = scripts[name].split(' ')
  expect(program).toBe('tsx')
  const loader = ['--import', import.meta.resolve('tsx')]
  const args = [...loader, file, '--version']
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root })
  expect(stdout.trim()).toBe(VERSION)
})
