/**
 * A conversation drawn from a seed over everything that Claude's API and the device can do, held
 * twice: through a device (or two in a row), and directly with a second Claude. What goes through
 * directly must go through the device.
 */
import { type Rng, seededRng } from '../../../../../adapters/random.ts'
import { createClaude } from '../../../../../eval/claude/claude.ts'
import type { Refuses } from '../../../../../eval/claude/fallbacks.ts'
import { openWorld } from '../world.ts'
import { drawEvent, type Stage } from './events.ts'
import { chance, drawSetting, type Setting } from './setting.ts'
import { type Side, sideOf } from './side.ts'
import { drawStep } from './steps.ts'

/** steps: what was done, in order. trouble: null where the device cost nothing. */
export type Held = { readonly steps: readonly string[]; readonly trouble: string | null }

/** The service refuses what asks for it, and so do the mocked models that have fallbacks. */
const refuses: Refuses = ({ messages }, model) => {
  const text = JSON.stringify(messages.findLast((m) => m.role === 'user')?.content ?? '')
  if (!text.includes('verbotenes') || model === 'claude-opus-5') return undefined
  return text.includes('mittendrin') ? 'midway' : 'before'
}

/** Fails with nothing: what goes wrong is told. */
export const holdConversation = async (seed: number): Promise<Held> => {
  const rng = seededRng(`sequences/${seed}`)
  const time = { now: 1_800_000_000_000 }
  const claudeOptions = {
    account: chance(rng, 0.15) ? ('old' as const) : ('new' as const),
    refuses,
  }
  const copies = chance(rng, 0.4)
  const world = await openWorld({ claude: claudeOptions, time, copies })
  const second = chance(rng, 0.1)
    ? await openWorld({ before: { request: (r) => world.receive(r) }, time })
    : null
  const worlds = second ? [world, second] : [world]
  const front = second ?? world
  const steps: string[] = [`copies ${copies}, devices ${worlds.length}, ${claudeOptions.account}`]
  try {
    const direct = createClaude({ seed: 1, clock: () => time.now, ...claudeOptions })
    const setting = drawSetting(rng, steps)
    const sides = [
      sideOf(world.claude, front.through),
      sideOf(direct, async (path, body, headers) =>
        direct.request(path, {
          method: 'POST',
          headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01', ...headers },
          body: JSON.stringify(body),
        }),
      ),
    ] as const
    const trouble = await hold(rng, setting, { sides, worlds, front, steps, time })
    return { steps, trouble }
  } finally {
    for (const one of [...worlds].reverse()) await one.close()
  }
}

const hold = async (rng: Rng, setting: Setting, stage: Stage): Promise<string | null> => {
  const { sides, front, steps, worlds } = stage
  const [through] = sides
  const turns = 2 + rng.int(11)
  /** The first turns go past the device. */
  const begunDirectly = chance(rng, 0.15) ? 1 + rng.int(3) : 0
  for (let turn = 0; turn < turns; turn++) {
    through.send = turn < begunDirectly ? worlds[0]!.directly : front.through
    if (turn >= begunDirectly && turn > 0 && chance(rng, 0.45)) {
      const { name, run } = drawEvent(rng, stage)
      steps.push(`- ${name}`)
      await run()
    }
    const step = drawStep(rng, setting)
    steps.push(`${turn + 1} ${step.name}${turn < begunDirectly ? ' (past the device)' : ''}`)
    const before = sides.map(droppedBy)
    const [device, plain] = [await step.run(through), await step.run(sides[1])]
    if (device >= 400 && plain < 400)
      return `step ${turn + 1} (${step.name}): ${device}, directly ${plain}`
    if (device >= 500) return `step ${turn + 1} (${step.name}): ${device}`
    // What the app itself has changed is dropped directly too, once; from copies several times.
    const [own, direct] = sides.map((side, i) => droppedBy(side) - before[i]!)
    if (own! > 0 && direct === 0)
      return `step ${turn + 1} (${step.name}): thinking was dropped for its prefix`
  }
  return null
}

const droppedBy = ({ claude }: Side): number => claude.counts().droppedForPrefix
