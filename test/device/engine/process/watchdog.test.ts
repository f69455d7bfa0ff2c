import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchdog } from '../../../../device/engine/process/watchdog.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const opened = () => {
  let ended = 0
  const watched = watchdog(800, () => ended++)
  return { watched, ended: () => ended }
}

test('ends a process after a long silence, once', () => {
  const { watched, ended } = opened()
  watched.watch()
  vi.advanceTimersByTime(700)
  expect(ended()).toBe(0)
  vi.advanceTimersByTime(5000)
  expect(ended()).toBe(1)
})

test('leaves a process that reports', () => {
  const { watched, ended } = opened()
  watched.watch()
  for (let i = 0; i < 20; i++) {
    vi.advanceTimersByTime(300)
    watched.heard()
  }
  expect(ended()).toBe(0)
})

test('further work does not begin the count anew, and nothing counts while nothing is unanswered', () => {
  const { watched, ended } = opened()
  for (let i = 0; i < 7; i++) {
    vi.advanceTimersByTime(100)
    watched.watch()
  }
  watched.rest()
  vi.advanceTimersByTime(5000)
  expect(ended()).toBe(0)
  watched.watch()
  vi.advanceTimersByTime(400)
  watched.watch()
  vi.advanceTimersByTime(400)
  expect(ended()).toBe(1)
})
