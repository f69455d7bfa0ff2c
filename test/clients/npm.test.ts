import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunProgram } from '../../eval/peers/programs.ts'
import { npmPackages } from './npm.ts'

const PINS = ['ai@7.0.173', '@ai-sdk/anthropic@4.0.105']

let cacheFolder: string
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'loreweave-npm-'))
})
afterEach(() => rmSync(cacheFolder, { recursive: true }))

/** A machine whose npm ends with a status, and the folders that it was told to install in. */
const machine = (code: number | null) => {
  const folders: string[] = []
  const run: RunProgram = async (_, args) => {
    folders.push(args[1]!)
    return { code, text: '', output: ['npm error code E404', 'npm error a log'] }
  }
  return { folders, run }
}

test('packages are installed once, at their versions', async () => {
  const { folders, run } = machine(0)
  expect(await npmPackages(PINS, { cacheFolder, run })).toEqual({ folder: folders[0] })
  expect(await npmPackages(PINS, { cacheFolder, run })).toEqual({ folder: folders[0] })
  expect(folders).toHaveLength(1)
  const { dependencies } = JSON.parse(readFileSync(join(folders[0]!, 'package.json'), 'utf8'))
  expect(dependencies).toEqual({ ai: '7.0.173', '@ai-sdk/anthropic': '4.0.105' })
})

test.each([
  ['a registry that says no', 1, 'npm error code E404'],
  ['no npm', null, 'npm install failed'],
])('%s is said in words, and tried again from nothing the next time', async (_, code, reason) => {
  const broken = machine(code)
  expect(await npmPackages(PINS, { cacheFolder, run: broken.run })).toEqual({
    reason: expect.stringContaining(reason),
  })
  const leftOver = join(broken.folders[0]!, 'left-over')
  writeFileSync(leftOver, '')
  const { run } = machine(0)
  expect(await npmPackages(PINS, { cacheFolder, run })).toHaveProperty('folder')
  expect(existsSync(leftOver)).toBe(false)
})
