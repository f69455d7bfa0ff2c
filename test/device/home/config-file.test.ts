import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  changedConfig,
  commentedConfig,
  HomeConfig,
  parseConfig,
} from '../../../device/home/config-file.ts'
import { AgentSettings, DeviceSettings } from '../../../device/home/settings.ts'
import { expectCode } from '../../support/expect-code.ts'

const config = (settings: object = {}): HomeConfig =>
  HomeConfig.parse({ version: 1, model: 'tiny', settings })

test('every setting follows its description, and defaults are commented out', () => {
  const text = commentedConfig(config({ candidates: 2, agent: { idleMinutes: 3 } }))
  expect(text).toContain(
    '    // Most answers asked of Claude for one request; 1 switches rerank off.\n    "candidates": 2,\n',
  )
  expect(text).toContain('      "idleMinutes": 3,\n')
  expect(text).toContain('    // "port": 4141,\n')
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(112)
})

test('every setting has words', () => {
  for (const [name, schema] of [
    ...Object.entries(DeviceSettings.shape),
    ...Object.entries(AgentSettings.shape),
  ])
    expect([name, schema.description?.endsWith('.')]).toEqual([name, true])
})

test('written settings are read back, for any values', () => {
  const settings = fc.record(
    {
      candidates: fc.integer({ min: 1, max: 4 }),
      explore: fc.constantFrom(0, 0.1, 0.5),
      memoryLimit: fc.constantFrom(null, 500),
      claudeUrl: fc.constantFrom('http://x', 'https://y/"z//'),
      agent: fc.record(
        { hours: fc.constantFrom(null, '22:00-07:00'), charging: fc.boolean() },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(settings, settings, (first, second) => {
      const [before, after] = [config(first), config(second)]
      const text = commentedConfig(before)
      expect(parseConfig(text, 'c')).toEqual(before)
      expect(parseConfig(changedConfig(text, before, after), 'c')).toEqual(after)
    }),
  )
})

test("a change keeps the user's comments, and takes the place of the default that is shown", () => {
  const text = commentedConfig(config()).replace('"model"', '/* mine */ "model"')
  const after = changedConfig(text, config(), {
    ...config({ port: 5000 }),
    server: 'http://s.example',
  })
  expect(after).toContain('/* mine */ "model"')
  expect(after).toContain('    "port": 5000,\n')
  expect(after).not.toContain('4141')
  expect(after).toContain('"server": "http://s.example"')
})

test('a plain file of an earlier version keeps working, and gets new settings', () => {
  const old = JSON.stringify({
    version: 1,
    model: 'tiny',
    server: null,
    enrolledAt: null,
    threads: null,
    settings: { candidates: 3 },
  })
  const before = parseConfig(old, 'c')
  expect(before.settings.agent.idleMinutes).toBe(10)
  const after = config({ candidates: 3, port: 1, agent: { auto: false } })
  expect(parseConfig(changedConfig(old, before, after), 'c')).toEqual(after)
})

test('where nothing has changed, nothing is written', () => {
  const text = commentedConfig(config())
  expect(changedConfig(text, config(), config())).toBe(text)
})

test.each([
  ['{\n  "version": 1,\n  "model" "tiny"\n}', 'c:3:11: not JSON: colon expected'],
  ['', 'c:1:1: not JSON: '],
  [
    '{"version": 1, "model": "tiny",\n "settings": {\n  "candidates": 9 } }',
    'c:3:17: settings.candidates: ',
  ],
  ['{"version": 1, "model": "tiny",\n "setings": {} }', 'c:2:13: setings: '],
  [
    '{"version": 1,\n "model": "tiny", "settings": { "agent": {"hours": "late" } } }',
    'c:2:52: settings.agent.hours: expected hours',
  ],
  ['{"version": 1 }', 'c:1:1: model: '],
])('%j is refused where it is wrong', (text, message) => {
  const error = expectCode('E_HOME', () => parseConfig(text, 'c'))
  expect(error.message).toContain(message)
})

test('a file of an earlier version shows the settings that came later, once something is changed', () => {
  const config = HomeConfig.parse({ version: 1, model: 'tiny' })
  const whole = commentedConfig(config)
  const shown = (name: string) => new RegExp(`(    //.*\\n)+    // "${name}": .*\\n\\n`)
  const earlier = ['tools', 'hosts', 'listen', 'retentionDays'].reduce(
    (text, name) => text.replace(shown(name), ''),
    whole,
  )
  expect(earlier).not.toContain('"hosts"')
  const after = { ...config, settings: { ...config.settings, shadow: true, hosts: ['name'] } }
  const changed = changedConfig(earlier, config, after)
  expect(changed).toBe(commentedConfig(after))
  expect(parseConfig(changed, 'config.json')).toEqual(after)
})

test('a plain file of an earlier version stays plain', () => {
  const plain = '{\n  "version": 1,\n  "model": "tiny",\n  "settings": { "port": 1 }\n}\n'
  const config = parseConfig(plain, 'config.json')
  const after = { ...config, settings: { ...config.settings, port: 2 } }
  expect(changedConfig(plain, config, after)).toBe(plain.replace('"port": 1', '"port": 2'))
})
