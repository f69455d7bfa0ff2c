import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunProgram } from '../../../eval/peers/programs.ts'
import { runProgram } from '../../../eval/peers/programs.ts'
import {
  interpreterOf,
  PEER_PACKAGES,
  PINS,
  pythonFolder,
  pythonWith,
} from '../../../eval/peers/python.ts'

let cacheFolder: string
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'loreweave-peers-'))
})
afterEach(() => rmSync(cacheFolder, { recursive: true }))

/** A machine on which `fails` (part of a command line) does not work, and its calls so far. */
const machine = (fails = '\0', said = 'ERROR: no') => {
  const calls: string[] = []
  const run: RunProgram = async (command, args) => {
    const line = [command, ...args].join(' ')
    calls.push(line)
    if (line.includes('-m venv')) mkdirSync(String(args.at(-1)), { recursive: true })
    return { code: line.includes(fails) ? 1 : 0, text: '', output: [said, 'a last line'] }
  }
  return { calls, run, installs: () => calls.filter((c) => c.includes('pip install')).length }
}

test('an environment is made once, with every pin, and found again', async () => {
  const { run, calls, installs } = machine()
  const interpreter = interpreterOf(pythonFolder(cacheFolder))
  expect(await pythonWith(PEER_PACKAGES, { cacheFolder, run })).toEqual({ interpreter })
  expect(await pythonWith(PEER_PACKAGES, { cacheFolder, run })).toEqual({ interpreter })
  expect(installs()).toBe(1)
  const line = calls.find((c) => c.includes('pip install'))!
  for (const pin of PINS) expect(line).toContain(pin)
  expect(line).not.toMatch(/https?:|index/)
})

test('one that was not finished is made again from nothing', async () => {
  const folder = pythonFolder(cacheFolder)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'left-over'), '')
  const { run, installs } = machine()
  expect(await pythonWith(PEER_PACKAGES, { cacheFolder, run })).toHaveProperty('interpreter')
  expect(installs()).toBe(1)
  expect(existsSync(join(folder, 'left-over'))).toBe(false)
})

test.each([
  ['no Python', 'import sys', 'no Python 3.11 or later'],
  ['no venv', '-m venv', 'venv failed: ERROR: no'],
  ['no network', 'pip install', 'pip install failed: ERROR: no'],
  ['packages for another processor', 'import torch', 'do not import'],
])('%s is said in words, and tried again the next time', async (_, fails, reason) => {
  const { run } = machine(fails)
  expect(await pythonWith(PEER_PACKAGES, { cacheFolder, run })).toEqual({
    reason: expect.stringContaining(reason),
  })
  expect(await pythonWith(PEER_PACKAGES, { cacheFolder, run: machine().run })).toHaveProperty(
    'interpreter',
  )
})

test('an environment that another process is making is left to it', async () => {
  const { run, installs } = machine()
  mkdirSync(join(cacheFolder, 'peers'))
  writeFileSync(`${pythonFolder(cacheFolder)}.pid`, String(process.ppid))
  expect(await pythonWith(PEER_PACKAGES, { cacheFolder, run })).toEqual({
    reason: expect.stringContaining('try again'),
  })
  expect(installs()).toBe(0)
})

test('a program that is not there has no code, and every line of one that is comes back', async () => {
  expect((await runProgram('loreweave-no-such-program', [])).code).toBeNull()
  const lines: string[] = []
  const script = 'process.stdout.write("a\\nb"); process.stderr.write("c\\n"); process.exit(3)'
  const ran = await runProgram(process.execPath, ['-e', script], { onLine: (l) => lines.push(l) })
  expect(ran.code).toBe(3)
  expect(ran.text).toBe('a\nb')
  expect(lines.sort()).toEqual(['a', 'b', 'c'])
})
