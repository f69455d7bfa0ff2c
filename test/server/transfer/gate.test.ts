import { expect, test } from 'vitest'
import { openGate } from '../../../server/transfer/gate.ts'

const deferred = () => {
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { end, ended }
}

test('so many run at once, others wait in line, and the rest fails with E_UNAVAILABLE', async () => {
  const gate = openGate({ atOnce: 2, waiting: 1 }, 'uploads')
  const works = Array.from({ length: 3 }, deferred)
  const begun: number[] = []
  const running = works.map(({ ended }, i) =>
    gate.through(async () => {
      begun.push(i)
      await ended
      return i
    }),
  )
  await expect(gate.through(async () => 0)).rejects.toMatchObject({ code: 'E_UNAVAILABLE' })
  expect(begun).toEqual([0, 1])
  works[1]!.end()
  expect(await running[1]).toBe(1)
  expect(begun).toEqual([0, 1, 2])
  for (const { end } of works) end()
  expect(await Promise.all(running)).toEqual([0, 1, 2])
  expect(await gate.through(async () => 'again')).toBe('again')
})

test('work that fails gives its place on', async () => {
  const gate = openGate({ atOnce: 1, waiting: 9 }, 'uploads')
  const works = Array.from({ length: 3 }, (_, i) =>
    gate.through(async () => {
      if (i < 2) throw new Error(`${i}`)
      return i
    }),
  )
  const ends = await Promise.allSettled(works)
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
})
