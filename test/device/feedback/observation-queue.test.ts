import { expect, test, vi } from 'vitest'
import { openObserver } from '../../../device/feedback/observation-queue.ts'
import type { Observed } from '../../../device/feedback/observe-request.ts'

const request = (n: number): Observed => ({
  decisionId: `d${n}`,
  message: `message ${n}`,
  isByProgram: false,
})

const opened = () => {
  const state = { isWritten: true }
  const seen: string[] = []
  let learned = 0
  const observer = openObserver({
    observe: async ({ decisionId }) => {
      seen.push(decisionId)
      return true
    },
    learn: async () => void learned++,
    isWritten: async () => state.isWritten,
  })
  const answer = (n: number) => {
    observer.expect(request(n))
    observer.answered(`d${n}`)
  }
  return { state, seen, observer, answer, learned: () => learned }
}

test('requests are observed in order, each once, and unanswered ones at the end', async () => {
  const { seen, observer, answer, learned } = opened()
  answer(1)
  observer.expect(request(2))
  answer(3)
  observer.answered('d3')
  observer.answered(undefined)
  await vi.waitFor(() => expect(seen).toEqual(['d1', 'd3']))
  await observer.settled()
  expect(seen).toEqual(['d1', 'd3', 'd2'])
  expect(learned()).toBe(3)
})

test('while nothing can be written they wait, the newest fifty of them', async () => {
  const { state, seen, answer } = opened()
  state.isWritten = false
  for (let n = 1; n <= 60; n++) answer(n)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(seen).toEqual([])
  state.isWritten = true
  await vi.waitFor(() => expect(seen).toHaveLength(50), 5000)
  expect([seen[0], seen.at(-1)]).toEqual(['d11', 'd60'])
})

test('a device that ends does not wait for a disk', async () => {
  const { state, seen, observer, answer } = opened()
  state.isWritten = false
  answer(1)
  await observer.settled()
  expect(seen).toEqual([])
  state.isWritten = true
  answer(2)
  await vi.waitFor(() => expect(seen).toEqual(['d2']))
})
