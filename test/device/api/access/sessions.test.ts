import { describe, expect, test } from 'vitest'
import { CODE_MS, IDLE_MS, openSessions } from '../../../../device/api/access/sessions.ts'
import { expectCode } from '../../../support/expect-code.ts'

const build = () => {
  let now = 0
  const sessions = openSessions(() => now)
  return {
    sessions,
    pass: (ms: number) => {
      now += ms
    },
  }
}

describe('codes and sessions of the page', () => {
  test('a code opens one session, once', () => {
    const { sessions } = build()
    const { code, expiresAt } = sessions.newCode()
    expect(expiresAt).toBe(CODE_MS)
    const session = sessions.exchange(code)
    expect(session.startsWith('lw-page-')).toBe(true)
    expect(sessions.isOpen(session)).toBe(true)
    expectCode('E_AUTH', () => sessions.exchange(code))
  })

  test('a code may be typed in capitals, with spaces and with letters that look like its digits', () => {
    const { sessions } = build()
    const { code } = sessions.newCode()
    expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}$/)
    const typed = code.toUpperCase().replaceAll('-', ' ').replaceAll('1', 'l').replaceAll('0', 'O')
    expect(sessions.isOpen(sessions.exchange(` ${typed} `))).toBe(true)
  })

  test('a code is worth nothing after a minute, nor is one that was never given', () => {
    const { sessions, pass } = build()
    const { code } = sessions.newCode()
    pass(CODE_MS)
    expectCode('E_AUTH', () => sessions.exchange(code))
    expectCode('E_AUTH', () => sessions.exchange(''))
  })

  test('at most ten codes a minute', () => {
    const { sessions, pass } = build()
    for (let i = 0; i < 10; i++) sessions.newCode()
    expectCode('E_UNAVAILABLE', () => sessions.newCode())
    pass(60_000)
    sessions.newCode()
  })

  test('however many wrong codes another program sends, the right one opens a session', () => {
    const { sessions } = build()
    const { code } = sessions.newCode()
    for (let i = 0; i < 1000; i++) expectCode('E_AUTH', () => sessions.exchange('guess'))
    expectCode('E_AUTH', () => sessions.open(false))
    expect(sessions.isOpen(sessions.exchange(code))).toBe(true)
    expect(sessions.isOpen(sessions.open(true))).toBe(true)
  })

  test('a session ends twelve hours after it was last used', () => {
    const { sessions, pass } = build()
    const session = sessions.open(true)
    pass(IDLE_MS - 1)
    expect(sessions.isOpen(session)).toBe(true)
    pass(IDLE_MS - 1)
    expect(sessions.isOpen(session)).toBe(true)
    pass(IDLE_MS)
    expect(sessions.isOpen(session)).toBe(false)
  })

  test('a session that is ended is closed; the others stay', () => {
    const { sessions } = build()
    const [one, other] = [sessions.open(true), sessions.open(true)]
    sessions.end(one)
    expect(sessions.isOpen(one)).toBe(false)
    expect(sessions.isOpen(other)).toBe(true)
  })

  test('of more than twenty sessions the one longest unused goes', () => {
    const { sessions, pass } = build()
    const all = Array.from({ length: 21 }, () => {
      pass(1)
      return sessions.open(true)
    })
    expect(all.map(sessions.isOpen)).toEqual(all.map((_, i) => i > 0))
  })
})
