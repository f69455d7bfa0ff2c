/**
 * Masked rounds over real ports, by the production code of device and server: whoever drops out, and
 * wherever, the release is that of the plain quantized sum of those that are left, to the bit, or the
 * round ends with its cause.
 */
import { expect, test } from 'vitest'
import { seededRng } from '../../adapters/random.ts'
import { parametersOf } from '../../adapters/secagg/parameters.ts'
import { MASK_STEPS, type MaskStep } from '../support/masked-fleet.ts'
import {
  cohortOf,
  type MaskedScene,
  maskedScene,
  plainRelease,
  runMasked,
  type SceneOptions,
  survivorsOf,
} from '../support/masked-scene.ts'

const withScene = async (
  options: SceneOptions,
  use: (scene: MaskedScene) => Promise<void>,
): Promise<void> => {
  const scene = await maskedScene(options)
  try {
    await use(scene)
  } finally {
    await scene.close()
  }
}

const CAUSES = [
  /devices shared their secrets, of at least/,
  /devices sent a masked update, of at least/,
  /devices agreed on who is left, of at least/,
  /devices revealed their shares, of at least/,
]

/** Of those that are left after each step, as the protocol's own limits have it. */
const causeOf = ({ devices, gone, minimum = 2 }: MaskedScene): RegExp | null => {
  const left = MASK_STEPS.map(
    (_, at) =>
      devices.filter((_, i) => {
        const step = gone.get(i)
        return step === undefined || MASK_STEPS.indexOf(step) > at
      }).length,
  )
  const rates = { adversaries: 0.1, dropouts: 0.3 }
  const { quorum, threshold } = parametersOf(Math.max(2, left[0]!), rates)
  const least = [minimum, Math.max(minimum, quorum), quorum, threshold]
  const at = least.findIndex((one, i) => left[i + 1]! < one)
  return at < 0 ? null : CAUSES[at]!
}

const expectOutcome = async (scene: MaskedScene): Promise<'released' | 'abandoned'> => {
  const round = await runMasked(scene)
  const cause = causeOf(scene)
  if (cause) {
    expect(round).toMatchObject({ phase: 'abandoned', reason: expect.stringMatching(cause) })
    return 'abandoned'
  }
  expect(round).toMatchObject({ phase: 'released' })
  const bytes = await scene.operator.releaseBytes(round.release!)
  const left = survivorsOf(scene)
  expect(cohortOf(bytes)).toBe(left.length)
  expect(Buffer.from(bytes).equals(Buffer.from(await plainRelease(scene, left)))).toBe(true)
  return 'released'
}

test.each([2, 3, 5, 20, 100])('%i devices, all there', { timeout: 600_000 }, (count) =>
  withScene({ count, pollMs: 4 * count }, async (scene) => {
    expect(await expectOutcome(scene)).toBe('released')
  }),
)

/** Of two devices of which one never joins there is no round. */
const ONE_BY_ONE = [2, 3, 5, 20]
  .flatMap((count) => MASK_STEPS.map((step) => [count, step] as const))
  .filter(([count, step]) => count > 2 || step !== 'keys')

test.each(ONE_BY_ONE)(
  '%i devices, of which one is gone in %s',
  { timeout: 600_000 },
  (count, step) =>
    withScene({ count, gone: new Map([[count - 1, step]]), pollMs: 4 * count }, async (scene) => {
      expect(await expectOutcome(scene)).toBe(count > 2 ? 'released' : 'abandoned')
    }),
)

const AT_RANDOM = [3, 5, 20, 100].flatMap((count) =>
  Array.from({ length: count === 100 ? 1 : 3 }, (_, i) => [count, i] as const),
)

/** Each device is gone with this probability, somewhere. */
const GONE = 0.2

test.each(AT_RANDOM)('%i devices, some gone anywhere (%i)', { timeout: 600_000 }, (count, i) => {
  const rng = seededRng(`gone ${count} ${i}`)
  const gone = new Map<number, MaskStep>()
  for (let device = 0; device < count; device++)
    if (rng.uniform() < GONE)
      gone.set(device, MASK_STEPS[Math.floor(rng.uniform() * MASK_STEPS.length)]!)
  return withScene({ count, gone, pollMs: 4 * count }, async (scene) => {
    await expectOutcome(scene)
  })
})
