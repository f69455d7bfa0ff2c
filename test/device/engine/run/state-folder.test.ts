import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStateFolder } from '../../../../device/engine/run/state-folder.ts'

let root: string
let folder: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'loreweave-states-'))
  folder = join(root, 'states')
})
afterEach(() => rmSync(root, { recursive: true }))

const open = (changes: { base?: string; maxBytes?: number } = {}) =>
  openStateFolder({ folder, base: 'weights', maxBytes: 2 ** 20, ...changes })
const key = (text: string, generation = 'g') => ({ generation, text })
const numbers = (seed: number, count = 5) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + i))
const files = () =>
  readdirSync(folder).flatMap((name) =>
    readdirSync(join(folder, name)).map((f) => join(folder, name, f)),
  )

test('another process reads what was written, bit for bit', async () => {
  const states = open()
  await states.write(key('a'), numbers(1))
  await states.flush()
  expect(open().read(key('a'), 5)).toEqual(numbers(1))
  expect(open().read(key('b'), 5)).toBeUndefined()
  expect(open().read(key('a', 'h'), 5)).toBeUndefined()
  expect(open({ base: 'other weights' }).read(key('a'), 5)).toBeUndefined()
})

test.skipIf(process.platform === 'win32')('only the owner may read it', async () => {
  const states = open()
  await states.write(key('a'), numbers(1))
  await states.flush()
  const modes = [folder, join(folder, readdirSync(folder)[0]!), files()[0]!]
  expect(modes.map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o700, 0o600])
})

test('a file that was cut, changed, grown or put in the place of another is not used', async () => {
  const states = open()
  await states.write(key('a'), numbers(1))
  await states.flush()
  const [path] = files()
  const good = readFileSync(path!)
  await states.write(key('b'), numbers(2))
  await states.flush()
  const other = readFileSync(files().find((file) => file !== path)!)
  const flipped = Buffer.from(good)
  flipped[40]! ^= 1
  for (const bad of [
    good.subarray(0, 0),
    good.subarray(0, good.length - 4),
    flipped,
    Buffer.concat([good, good]),
    other,
  ]) {
    writeFileSync(path!, bad)
    expect(states.read(key('a'), 5)).toBeUndefined()
  }
  writeFileSync(path!, good)
  expect(states.read(key('a'), 5)).toEqual(numbers(1))
  expect(states.read(key('a'), 4)).toBeUndefined()
})

test('beyond its bytes the files that were read longest ago go first', async () => {
  const bytes = 32 + 4 * 5
  const states = open({ maxBytes: 4 * bytes })
  for (const [i, text] of ['a', 'b', 'c', 'd'].entries()) {
    await states.write(key(text), numbers(i))
    await states.flush()
    for (const file of files()) if (statSync(file).mtimeMs > 1e12) utimesSync(file, i, i)
  }
  expect(states.read(key('a'), 5)).toBeDefined()
  await states.write(key('e'), numbers(9))
  await states.flush()
  const held = ['a', 'b', 'c', 'd', 'e'].filter((text) => states.read(key(text), 5))
  expect(held).toEqual(['a', 'd', 'e'])
})

test('a new generation drops the others and what a killed process left half written', async () => {
  const states = open()
  await states.write(key('a', 'old'), numbers(1))
  await states.write(key('a', 'new'), numbers(2))
  await states.flush()
  const kept = files().find((file) => readFileSync(file).includes(Buffer.from(numbers(2).buffer)))!
  writeFileSync(`${kept}.1.tmp`, 'half')
  await states.begin(['new'])
  expect(files()).toEqual([kept])
  expect(states.read(key('a', 'new'), 5)).toEqual(numbers(2))
})

test('a folder that cannot be written only costs time', async () => {
  const states = open()
  writeFileSync(folder, 'a file in the way')
  await states.write(key('a'), numbers(1))
  await states.flush()
  expect(states.read(key('a'), 5)).toBeUndefined()
})
