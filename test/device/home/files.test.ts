import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  dropDerivedFiles,
  dropLeftovers,
  dropRounds,
  homeFiles,
} from '../../../device/home/files.ts'
import { temporaryFolder } from '../device-fixture.ts'

let folder = ''
beforeEach(() => {
  folder = temporaryFolder()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const OWN = [
  'agent.lock',
  'agent.log',
  'claude-key',
  'config.json',
  'config.json.123.tmp',
  'device-key.json',
  'device-token',
  'device-token.7.tmp',
  'home.lock',
  'home.lock-journal',
  'loreweave.db',
  'loreweave.db-shm',
  'loreweave.db-wal',
  'private.checkpoint',
  'private.checkpoint.tmp',
  'round-r_A-1.checkpoint',
  'round-r_A-1.checkpoint.tmp',
]
const OTHERS = [
  'config.json.bak',
  'loreweave.db-copy',
  'notes.txt',
  'private.checkpoint.old',
  'x.tmp',
]

const put = (name: string, at = Date.now()): void => {
  writeFileSync(join(folder, name), name)
  utimesSync(join(folder, name), at / 1000, at / 1000)
}
const names = (): string[] => readdirSync(folder).toSorted()

test('files of loreweave are distinguished from others beside them', () => {
  for (const name of [...OWN, ...OTHERS]) put(name)
  mkdirSync(join(folder, 'states'))
  const { own, others } = homeFiles(folder)
  expect(own.map((path) => basename(path))).toEqual([...OWN, 'states'].toSorted())
  expect(others.map((path) => basename(path))).toEqual(OTHERS)
})

test('everything derived from texts goes, and nothing else', () => {
  for (const name of [...OWN, ...OTHERS]) put(name)
  mkdirSync(join(folder, 'states', 'generation'), { recursive: true })
  dropDerivedFiles(folder)
  const isDerived = (name: string) => /^(?:private|round-.*)\.checkpoint(?:\.tmp)?$/.test(name)
  expect(names()).toEqual([...OWN, ...OTHERS].filter((name) => !isDerived(name)).toSorted())
})

test('what an ended process was writing goes after a minute, a checkpoint after a week', () => {
  const now = Date.now()
  const DAY = 24 * 3600_000
  put('config.json.1.tmp', now - 61_000)
  put('config.json.2.tmp', now - 5000)
  put('config.json', now - 400 * DAY)
  put('x.tmp', now - 400 * DAY)
  put('private.checkpoint', now - 8 * DAY)
  put('round-a.checkpoint', now - 8 * DAY)
  put('round-b.checkpoint', now - 6 * DAY)
  put('round-b.checkpoint.tmp', now - 6 * DAY)
  mkdirSync(join(folder, 'states', 'g'), { recursive: true })
  put('states/g/unread.states', now - 91 * DAY)
  put('states/g/read.states', now - 89 * DAY)
  dropLeftovers(folder, now)
  expect(names()).toEqual([
    'config.json',
    'config.json.2.tmp',
    'round-b.checkpoint',
    'states',
    'x.tmp',
  ])
  expect(readdirSync(join(folder, 'states', 'g'))).toEqual(['read.states'])
})

test('of rounds the one that is assigned keeps its checkpoint', () => {
  for (const name of ['round-a.checkpoint', 'round-ab.checkpoint', 'private.checkpoint']) put(name)
  dropRounds(folder, 'a')
  expect(names()).toEqual(['private.checkpoint', 'round-a.checkpoint'])
  dropRounds(folder, null)
  expect(existsSync(join(folder, 'round-a.checkpoint'))).toBe(false)
  expect(names()).toEqual(['private.checkpoint'])
})
