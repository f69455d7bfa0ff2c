/** A device whose disk is full from the beginning adds nothing that it could not remember. */
import { afterEach, expect, test } from 'vitest'
import { openWorld, systemsIn, type World } from './world.ts'

let world: World
afterEach(() => world.close())

const system = 'Du hilfst in einer Bibliothek.'
const FIRST = 'Wie entstehen Ebbe und Flut, und was hat der Mond damit zu tun?'
const SECOND = 'Und warum ist es an manchen Küsten so viel stärker?'

test('a block that cannot be remembered is not added', async () => {
  world = await openWorld()
  world.fillDisk()
  const app = world.app({ system })
  const told = [await app.say(FIRST), await app.say(SECOND)]
  expect(told.map((t) => t.status)).toEqual([200, 200])
  const [first, second] = systemsIn(world)
  expect(second).toEqual(first)
})
