import { expect, test } from 'vitest'
import { FedError } from '../../../../adapters/errors.ts'
import type { Call } from '../../../../device/engine/process/messages.ts'
import { pendingCalls } from '../../../../device/engine/process/pending-calls.ts'

const call: Call = {
  method: 'generate',
  args: [[1], { adapters: [], maxTokens: 1, stopIds: [] }],
}
const opened = () => {
  let emptied = 0
  const calls = pendingCalls(() => emptied++)
  return { calls, emptied: () => emptied }
}

test('each call gets its own answer and progress, and the last one empties the list', async () => {
  const { calls, emptied } = opened()
  const progresses: unknown[] = []
  const first = calls.add<string>(call, (progress) => progresses.push(progress))
  const second = calls.add<string>(call)
  calls.progress(first.id, { done: 1, of: 2 })
  calls.progress(second.id, { done: 1, of: 2 })
  calls.resolve(second.id, 'second')
  expect(emptied()).toBe(0)
  calls.resolve(first.id, 'first')
  expect(emptied()).toBe(1)
  expect(await Promise.all([first.answer, second.answer])).toEqual(['first', 'second'])
  expect(progresses).toEqual([{ done: 1, of: 2 }])
})

test('a lost process fails its calls with its reason, cancelled ones with E_CANCELLED', async () => {
  const { calls, emptied } = opened()
  const [lost, stopped] = [calls.add(call), calls.add(call)]
  const ended = [
    expect(lost.answer).rejects.toMatchObject({ code: 'E_ENGINE' }),
    expect(stopped.answer).rejects.toMatchObject({ code: 'E_CANCELLED' }),
  ]
  expect(calls.cancel(stopped.id)).toBe(true)
  expect(calls.cancelledIds()).toEqual([stopped.id])
  calls.rejectAll(new FedError('E_ENGINE', 'lost'))
  await Promise.all(ended)
  expect(emptied()).toBe(1)
})

test('a late answer, and the cancelling of an answered call, change nothing', async () => {
  const { calls, emptied } = opened()
  const { id, answer } = calls.add<string>(call)
  calls.resolve(id, 'answer')
  calls.resolve(id, 'again')
  calls.reject(id, new FedError('E_ENGINE', 'late'))
  expect(calls.cancel(id)).toBe(false)
  expect(await answer).toBe('answer')
  expect(emptied()).toBe(1)
})
