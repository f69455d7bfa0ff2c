import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Progress } from '../../../device/home/progress.ts'
import { openLongWork } from '../../../device/owner/long-work.ts'

/** Ends when it is told to, or with its signal. */
const piece = (log: string[], name: string) => {
  let end = () => {}
  const work = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      log.push(`${name} begins`)
      end = () => resolve(name)
      signal.addEventListener('abort', () => {
        log.push(`${name} is stopped`)
        reject(new Error(name))
      })
    })
  return { work, end: () => end() }
}
const soon = () => sleep(0)

test('runs one piece at a time, in order, and reports waiting', async () => {
  const [log, told] = [[] as string[], [] as Progress[]]
  const queue = openLongWork()
  const [a, b, c] = ['a', 'b', 'c'].map((name) => piece(log, name)) as [Piece, Piece, Piece]
  const onProgress = (progress: Progress) => void told.push(progress)
  const all = [a, b, c].map((one) => queue.run(one.work, { onProgress }))
  await soon()
  expect(log).toEqual(['a begins'])
  expect(told.map(({ step }) => step)).toEqual(['waiting', 'waiting'])
  a.end()
  await soon()
  expect(log).toEqual(['a begins', 'b begins'])
  b.end()
  await soon()
  c.end()
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c'])
})
type Piece = ReturnType<typeof piece>

test('the agent’s own work yields to a user’s request, and not vice versa', async () => {
  const log: string[] = []
  const queue = openLongWork()
  const own = queue.run(piece(log, 'own').work, { yields: true })
  await soon()
  const asked = piece(log, 'asked')
  const answer = queue.run(asked.work)
  await expect(own).rejects.toThrow('own')
  const next = queue.run(piece(log, 'next').work, { yields: true })
  await soon()
  expect(log).toEqual(['own begins', 'own is stopped', 'asked begins'])
  asked.end()
  expect(await answer).toBe('asked')
  await soon()
  expect(log.at(-1)).toBe('next begins')
  await Promise.all([expect(next).rejects.toThrow('next'), queue.end()])
})

test('an aborted wait delays no other work, and does not start', async () => {
  const log: string[] = []
  const queue = openLongWork()
  const first = piece(log, 'first')
  const running = queue.run(first.work)
  const abort = new AbortController()
  const given = queue.run(piece(log, 'given up').work, { signal: abort.signal })
  const last = piece(log, 'last')
  const answer = queue.run(last.work)
  await soon()
  abort.abort()
  await expect(given).rejects.toMatchObject({ code: 'E_CANCELLED' })
  // The first still runs: nothing may overtake it.
  expect(log).toEqual(['first begins'])
  first.end()
  await running
  await soon()
  last.end()
  expect(await answer).toBe('last')
  expect(log).toEqual(['first begins', 'last begins'])
})

test('at the end what runs and what waits ends, and nothing begins any more', async () => {
  const log: string[] = []
  const queue = openLongWork()
  const all = ['a', 'b'].map((name) => queue.run(piece(log, name).work))
  await soon()
  const outcomes = Promise.allSettled(all)
  await queue.end()
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await expect(queue.run(piece(log, 'late').work)).rejects.toMatchObject({ code: 'E_CANCELLED' })
  expect(log).toEqual(['a begins', 'a is stopped'])
})
