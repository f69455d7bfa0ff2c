import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createHome, homeFolder, openHome, saveClaudeKey } from '../../../device/home/home.ts'
import { expectCode } from '../../support/expect-code.ts'
import { temporaryFolder } from '../device-fixture.ts'

let root = ''
beforeEach(() => {
  root = temporaryFolder()
})
afterEach(() => rmSync(root, { recursive: true }))

const modeOf = (path: string) => statSync(path).mode & 0o777

test('a new home is readable by its owner alone, and so is every file in it', () => {
  const home = createHome(join(root, 'home'), { model: 'tiny' })
  expect(modeOf(home.folder)).toBe(0o700)
  for (const file of ['config.json', 'device-key.json', 'device-token', 'loreweave.db'])
    expect(modeOf(join(home.folder, file))).toBe(0o600)
  expect(home.deviceToken).toMatch(/^lw-[A-Za-z0-9_-]{43}$/)
})

test('a second init changes the model and keeps key, token and settings', () => {
  const folder = join(root, 'home')
  const first = createHome(folder, { model: 'tiny', settings: { candidates: 3 } })
  const second = createHome(folder, { model: 'other' })
  expect(second.config.model).toBe('other')
  expect(second.config.settings.candidates).toBe(3)
  expect(second.key).toEqual(first.key)
  expect(second.deviceToken).toBe(first.deviceToken)
})

test.each([0o755, 0o750, 0o701])(
  'refuses a folder of mode %o with E_HOME and says how to fix it',
  (mode) => {
    const { folder } = createHome(join(root, 'home'), {})
    chmodSync(folder, mode)
    expect(expectCode('E_HOME', () => openHome(folder)).message).toContain(`chmod 700 ${folder}`)
  },
)

test('refuses to make a home in a folder that others may read', () => {
  mkdirSync(join(root, 'open'), { mode: 0o755 })
  chmodSync(join(root, 'open'), 0o755)
  expectCode('E_HOME', () => createHome(join(root, 'open'), {}))
})

test.each(['device-key.json', 'device-token', 'loreweave.db'])(
  'refuses %s when others may read it',
  (file) => {
    const { folder } = createHome(join(root, 'home'), {})
    chmodSync(join(folder, file), 0o644)
    expect(expectCode('E_HOME', () => openHome(folder)).message).toContain('chmod 600')
  },
)

test.each([
  ['not JSON', '{'],
  [
    'an unknown field',
    JSON.stringify({
      version: 1,
      model: 'tiny',
      server: null,
      enrolledAt: null,
      threads: null,
      settings: {},
      extra: 1,
    }),
  ],
  [
    'a setting out of bounds',
    JSON.stringify({
      version: 1,
      model: 'tiny',
      server: null,
      enrolledAt: null,
      threads: null,
      settings: { candidates: 9 },
    }),
  ],
])('refuses a config with %s with E_HOME', (_name, text) => {
  const { folder } = createHome(join(root, 'home'), {})
  writeFileSync(join(folder, 'config.json'), text)
  expectCode('E_HOME', () => openHome(folder))
})

test('a folder without a home says to run init', () => {
  expect(expectCode('E_HOME', () => openHome(join(root, 'nothing'))).message).toContain(
    'loreweave init',
  )
})

test('the Claude key comes from the environment, else from its private file', () => {
  const { folder } = createHome(join(root, 'home'), {})
  expect(openHome(folder).claudeKey).toBeNull()
  saveClaudeKey(folder, ' sk-file \n')
  expect(modeOf(join(folder, 'claude-key'))).toBe(0o600)
  expect(openHome(folder).claudeKey).toBe('sk-file')
  expect(openHome(folder, { ANTHROPIC_API_KEY: 'sk-env' }).claudeKey).toBe('sk-env')
  expect(readFileSync(join(folder, 'config.json'), 'utf8')).not.toContain('sk-')
})

test('--home outranks LOREWEAVE_HOME', () => {
  expect(homeFolder('/a', { LOREWEAVE_HOME: '/b' })).toBe('/a')
  expect(homeFolder(undefined, { LOREWEAVE_HOME: '/b' })).toBe('/b')
  expect(homeFolder(undefined, {})).toMatch(/\.loreweave$/)
})

test('files that an editor of Windows has written are read, and UTF-16 is named', () => {
  const { folder } = createHome(join(root, 'home'), { model: 'tiny', settings: { candidates: 3 } })
  const config = join(folder, 'config.json')
  writeFileSync(config, `\ufeff${readFileSync(config, 'utf8').replaceAll('\n', '\r\n')}`)
  saveClaudeKey(folder, '')
  writeFileSync(join(folder, 'claude-key'), '\ufeffsk-ant-x\r\n')
  expect(openHome(folder)).toMatchObject({
    claudeKey: 'sk-ant-x',
    config: { settings: { candidates: 3 } },
  })
  expect(createHome(folder, { model: 'other' }).config.model).toBe('other')
  writeFileSync(join(folder, 'claude-key'), '\ufeffsk-ant-x', 'utf16le')
  expect(expectCode('E_HOME', () => openHome(folder)).message).toContain('UTF-16')
})
