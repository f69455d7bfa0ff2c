/**
 * `loreweave agent`: serves the local API, and works by itself whenever the machine's conditions
 * allow it.
 */
import { Command } from 'commander'
import type { Io } from './io.ts'
import type { AgentOptions } from './run-agent.ts'
import { withApi } from './serve.ts'

export const agentCommand = (io: Io): Command =>
  withApi(new Command('agent'))
    .description('serve, and train and take part in rounds by itself when the machine is free')
    .option('--once', 'do what is due and allowed now, then end')
    .option('--no-api', 'do not serve apps')
    .option(
      '--ignore <list>',
      'conditions to ignore in this run: charging, idle, hours, heat, metered, budget',
    )
    .option(
      '--assume <list>',
      'values in place of readings: charging=yes, idle=no, metered=no, celsius=60',
    )
    .addHelpText(
      'after',
      '\nConditions and the daily budget are the settings under `agent` in config.json. A ' +
        'home has one agent or one `loreweave serve`.\nWith --json events go to stdout, one ' +
        'JSON object per line.\n\nExamples:\n  loreweave agent\n  loreweave agent --once ' +
        '--no-api --ignore charging,idle --json',
    )
    .action(async (options: AgentOptions) => {
      const { agent } = await import('./run-agent.ts')
      await agent(io, options)
    })
