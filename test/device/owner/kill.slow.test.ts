/** `loreweave serve` is killed at many moments; `kill.test.ts` has one. */
import { afterAll, beforeAll, test } from 'vitest'
import { seededRng } from '../../../adapters/random.ts'
import { killedAt, type ServedHome, servedHome } from '../served-home.ts'

let home: ServedHome
beforeAll(async () => {
  home = await servedHome()
})
afterAll(() => home.close())

test('serve is killed at nine moments, and loses no feedback that it acknowledged', async () => {
  const rng = seededRng('moments of a kill')
  // The first moments lie in the first event, the later ones anywhere; at 0 nothing of it may have come.
  const later = Array.from({ length: 4 }, () => rng.int(250))
  await killedAt(home, [0, 1, 3, 8, ...later, { acknowledged: 3 }])
})
