/** The diary of a soak. */
import { expect, test } from 'vitest'
import { duration, openDiary } from '../../../eval/soak/diary.ts'

const at = (hours: number) => Date.UTC(2026, 10, 2) + hours * 3_600_000

test('a run of questions that were answered is one line', () => {
  const lines: string[] = []
  const diary = openDiary((line) => lines.push(line))
  diary.count(at(8), 20)
  diary.count(at(9), 60)
  diary.write(at(9.5), 'The agent is killed.')
  diary.count(at(10), 5)
  diary.close()
  expect(lines).toEqual([
    'Mon 08:00  Until 09:00 the app asks 2 times and is answered, within 60 ms at most.',
    'Mon 09:30  The agent is killed.',
    'Mon 10:00  The app asks Claude, and is answered within 5 ms.',
  ])
})

test('durations are in the unit that people use', () => {
  expect([duration(-4 * 60_000), duration(90 * 60_000)]).toEqual(['4 minutes', '1.5 hours'])
})
