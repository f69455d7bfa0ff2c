/** What happens to the devices between two turns of a drawn conversation. */
import type { Rng } from '../../../../../adapters/random.ts'
import { DAY, MINUTE, type World } from '../world.ts'
import { chance } from './setting.ts'
import type { Side } from './side.ts'

/** sides: through the device first. front: the device that the app talks to. */
export type Stage = {
  readonly sides: readonly [Side, Side]
  readonly worlds: readonly World[]
  readonly front: World
  readonly steps: string[]
  readonly time: { now: number }
}

export type Event = { readonly name: string; readonly run: () => Promise<unknown> }

export const drawEvent = (
  rng: Rng,
  { sides: [through], worlds, front, time, steps }: Stage,
): Event => {
  const world = rng.pick(worlds)
  const pass = (ms: number) => async () => {
    time.now += ms
  }
  const events: Event[] = [
    { name: 'one line is undone', run: () => quietly(front.undo(through.decision, 'emoji')) },
    { name: 'all is undone', run: () => quietly(front.undo(through.decision)) },
    { name: 'forgotten', run: () => quietly(front.forget(through.decision)) },
    { name: 'restart', run: () => world.restart() },
    { name: 'restart', run: () => world.restart() },
    {
      name: 'restart without rewriting',
      run: () => world.restart({ settings: { rewrite: false } }),
    },
    {
      name: 'restart with a late model',
      run: () => world.restart({ localModel: 'late', deadlineMs: 5 }),
    },
    { name: 'restart without a model', run: () => world.restart({ localModel: 'absent' }) },
    {
      name: 'the profile changes',
      run: () =>
        quietly(
          world.state([
            {
              op: 'state',
              dimension: rng.pick(['headings', 'emoji', 'tables']),
              direction: rng.pick([1, -1]),
            },
          ]),
        ),
    },
    {
      name: 'a preference goes',
      run: () => quietly(world.state([{ op: 'forget', dimension: 'lists' }])),
    },
    {
      name: 'another conversation begins with the same words',
      run: async () => {
        const { messages } = through
        const body = { model: 'claude-sonnet-5-5', max_tokens: 200, messages: messages.slice(0, 1) }
        await (await front.through('/v1/messages', body)).text()
      },
    },
    { name: 'four minutes pass', run: pass(4 * MINUTE) },
    { name: 'half an hour passes', run: pass(30 * MINUTE) },
    { name: '31 days pass', run: pass(31 * DAY) },
    ...(chance(rng, 0.2) ? [{ name: 'the disk is full', run: async () => world.fillDisk() }] : []),
  ]
  // What is said incognito is remembered until the device stops, as its README says.
  const isForgetful = steps.some((step) => step.includes('incognito'))
  return rng.pick(events.filter(({ name }) => !isForgetful || !name.startsWith('restart')))
}

/** Where there is nothing to undo or to forget, nothing happens. */
const quietly = async (work: Promise<unknown>): Promise<void> => {
  await work.catch(() => {})
}
