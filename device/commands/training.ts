/** `loreweave training`: pauses and resumes training in a home, and shows its progress. */

import { Command } from 'commander'
import { rateText } from '../store/training.ts'
import type { TrainingStatus } from '../store/training-status.ts'
import { askHome } from './ask.ts'
import { type CommonOptions, withHome } from './context.ts'
import type { Io } from './io.ts'

export const trainingCommand = (io: Io): Command => {
  const command = new Command('training').description(
    'pause and resume training, and show its progress',
  )
  const show = (options: CommonOptions, status: TrainingStatus) =>
    io.print(options, status, describeTraining(status))
  const actions = [
    ['pause', 'stop training at once, until it is resumed', true],
    ['resume', 'continue where it stopped, even after a restart', false],
  ] as const
  for (const [name, description, paused] of actions)
    withHome(command.command(name))
      .description(description)
      .action((options: CommonOptions) =>
        askHome(io, options, async ({ call }) =>
          show(options, await call('setTraining', { body: { paused } })),
        ),
      )
  withHome(command.command('status'))
    .description('whether it runs, its step, tokens per second and the time left')
    .action((options: CommonOptions) =>
      askHome(io, options, async ({ call }) => show(options, await call('getTraining'))),
    )
  return command
}

export const describeTraining = (status: TrainingStatus): string => {
  const { state, step, steps } = status
  const rate = state === 'running' ? rateText(status) : ''
  const at = step === null ? '' : `, step ${step} of ${steps}${rate && `, ${rate}`}`
  return state === 'paused' ? `paused${at} (loreweave training resume)` : `${state}${at}`
}
