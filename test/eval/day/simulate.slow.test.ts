import { expect, test } from 'vitest'
import { parseOverrides } from '../../../device/agent/conditions.ts'
import { simulateDay } from '../../../eval/day/simulate.ts'
import { fakeEngine, tinyModel } from '../../device/agent/fixture.ts'

test('an agent that ignores its conditions and its budget is found out in all of them', async () => {
  const model = await tinyModel()
  const { violations } = await simulateDay({
    model,
    engine: fakeEngine(model).engine,
    overrides: parseOverrides('charging,idle,hours,heat,metered,budget'),
  })
  for (const violation of [
    'worked on battery',
    'worked while the user was there',
    'worked outside its hours',
    'worked while it was too hot',
    'took part in a round over a metered network',
    'spent ',
  ])
    expect(violations.join('\n')).toContain(violation)
}, 60_000)
