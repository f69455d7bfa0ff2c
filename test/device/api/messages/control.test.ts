import { expect, test } from 'vitest'
import { readControl } from '../../../../device/api/messages/control.ts'

const control = (headers: Record<string, string>, compareStreams = false) =>
  readControl(new Headers(headers), compareStreams)

test('without headers everything is as the settings have it', () => {
  expect(control({})).toMatchObject({ mode: undefined, candidates: 4, isCompared: false })
  expect(control({}, true).isCompared).toBe(true)
})

test.each(['off', 'shadow', 'on', 'incognito'])('knows the mode %s', (mode) => {
  expect(control({ 'loreweave-mode': ` ${mode.toUpperCase()} ` }).mode).toBe(mode)
})

test('reads a cap and the wish to compare a stream', () => {
  const headers = { 'loreweave-candidates': '2', 'loreweave-stream': 'compare' }
  expect(control(headers)).toMatchObject({ candidates: 2, isCompared: true })
})

test.each([
  ['loreweave-mode', 'private'],
  ['loreweave-mode', ''],
  ['loreweave-candidates', '0'],
  ['loreweave-candidates', '5'],
  ['loreweave-candidates', '2.5'],
  ['loreweave-stream', 'yes'],
])('a bad %s (%s) is refused with E_BODY, which names the header', (name, value) => {
  expect(() => control({ [name]: value })).toThrow(
    expect.objectContaining({ code: 'E_BODY', message: expect.stringContaining(name) }),
  )
})
