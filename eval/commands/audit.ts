/** `loreweave-eval audit`: attacks on what a federation releases and leaves behind. */
import type { Command } from 'commander'
import { FedError } from '../../adapters/errors.ts'
import { integer } from '../../adapters/node/program.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { audit } from '../audit/audit.ts'
import { cacheOption, integers, jsonOption, type Print } from './options.ts'

const HELP = `
secrets     people with secrets in all that they wrote and read take part in three rounds with the real server;
            whatever they sent, and whatever the server answered, kept, logged and shows, is searched
head        two releases in a row and what everybody knows of the rounds: how near the recovered head comes to
            that of a person of the cohort, and how often it names the person among 20
membership  the attacker of differential privacy: the ε that its attacks prove at least, beside the promised one

The exit status is 1 where a promise is broken. It takes about a minute, with the tiny model.`

export const addAuditCommand = (program: Command, print: Print): void => {
  program
    .command('audit')
    .description('attacks a federation: planted secrets, heads from releases, membership')
    .option('--people <n>', 'with secrets', integer(2, 20), 3)
    .option('--cohorts <list>', 'sizes for the attack on heads', integers, [1, 2, 5, 20, 50])
    .option('--epsilons <list>', 'promises for the attack on membership', integers, [1, 2, 4, 8])
    .option('--rounds <n>', 'releases that the promise is for', integer(1, 1000), 20)
    .option('--trials <n>', 'attacks for each promise', integer(100, 1_000_000), 20_000)
    .addOption(cacheOption())
    .addOption(jsonOption())
    .addHelpText('after', HELP)
    .action(async ({ cache, json, people, cohorts, epsilons, rounds, trials }) => {
      const model = await openModel({ cacheFolder: cache, name: 'tiny' })
      const engine = openEngine({ folder: model.folder, threads: 1, oneChild: true })
      try {
        const plan = { people, cohorts, epsilons, rounds, trials, delta: 1e-6 }
        const tell = (line: string) => void process.stderr.write(`${line}\n`)
        const { results, broken } = await audit({ model, engine }, plan, tell)
        print({ results }, json)
        if (broken.length > 0)
          throw new FedError('E_INTERNAL', `a promise is broken: ${broken.join('; ')}`)
      } finally {
        await engine.close()
      }
    })
}
