/** What an evaluation consists of, as data: people, requests, the federation's plan, arms. */
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { parseJson } from '../../adapters/formats/text.ts'
import { parseAs } from '../../adapters/parse.ts'
import { readData } from '../data/read-data.ts'
import { readText } from '../inputs/files.ts'
import { FederationPlan } from '../population/federate.ts'
import { TASTE_FAMILIES } from '../population/users.ts'

export const DEFAULT_CLAUDE = 'claude-sonnet-5-5'

const count = (least: number, most: number) => z.int().min(least).max(most)

/** A costly arm is judged on the first few newcomers, after these numbers of choices. */
const CostlyArm = z.strictObject({
  people: count(0, 10_000).default(0),
  budgets: z.array(count(0, 10_000)).max(20).default([30]),
})

export const Scenario = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,40}$/),
  /** One sentence for the report. */
  about: z.string().max(500).default(''),
  /** Registry name, 'tiny', a .gguf file or a folder. */
  model: z.string().min(1).default('smollm2-135m'),
  people: z.strictObject({
    /** From whose choices the federation learns. */
    learners: z.strictObject({ count: count(1, 100_000), choices: count(1, 10_000) }),
    /** Who come afterwards and are judged, each on so many unseen requests. */
    newcomers: z.strictObject({ count: count(1, 100_000), requests: count(1, 1000) }),
    /** Shares. */
    tastes: z.partialRecord(z.enum(TASTE_FAMILIES), z.number().min(0)).default({ mixed: 1 }),
  }),
  world: z
    .strictObject({
      /** The first so many of the bank; default all. */
      requests: count(2, 100_000).optional(),
      /** Answers to each request. */
      variants: count(2, 64).default(8),
      /** How many of them a person sees in a choice. */
      shown: count(2, 64).default(2),
      /** Share of topics that no choice is about: newcomers are judged on these. */
      unseen: z.number().gt(0).lt(1).default(0.25),
      /** Noise of choices, in units of utility. */
      temperature: z.number().min(0).max(100).default(0.5),
    })
    .prefault({}),
  /** Choices after which newcomers are judged. */
  budgets: z.array(count(0, 10_000)).min(1).max(20).default([0, 10, 30, 100]),
  federation: FederationPlan,
  /** Model of Claude by whose price the product decides how many answers to ask for. */
  claude: z.string().min(1).max(100).default(DEFAULT_CLAUDE),
  /** Newcomers are judged under up to so many releases, evenly spaced, the last included. */
  rounds: z
    .strictObject({ budget: count(0, 10_000).default(10), points: count(0, 1000).default(8) })
    .prefault({}),
  /** Mean log-probability, and the log-ratio of adapter and base: full passes, so costly. */
  likelihood: CostlyArm.omit({ budgets: true }).prefault({}),
  /** A private adapter over the federated one. */
  private: CostlyArm.prefault({}),
  /** A private adapter trained by DPO, its log-ratio as the reward. */
  dpo: CostlyArm.prefault({}),
  /** Whether rewriting is measured on the labelled requests too, which takes minutes. */
  rewriting: z.boolean().default(true),
  /** The whole product, which asks Claude again under each person's own preference block. */
  whole: CostlyArm.prefault({}),
  /** The same with every default setting and the private adapter that the agent would train. */
  shipped: CostlyArm.prefault({}),
  /** People who use the endpoint alone, after so many requests: see endpoint-person.ts. */
  endpoint: CostlyArm.extend({
    budgets: CostlyArm.shape.budgets.unwrap().default([0, 10, 30, 100, 300]),
  }).prefault({}),
})
export type Scenario = z.infer<typeof Scenario>

/** Kinds of ablation, and what each takes away. */
export const ABLATIONS = {
  prior: 'no rounds for the prior',
  lora: 'no rounds for the adapter',
  states: "the local model's states read as zero",
  named: 'the named features read as zero',
  words: 'the feature space of version 0.1, without shares of words',
  rewrite: 'no preference block',
  rerank: "Claude's first answer is returned",
} as const
export type Ablation = keyof typeof ABLATIONS

/** Without states there is nothing that an adapter could be trained through. */
export const ablatedPlan = (plan: FederationPlan, ablate: readonly Ablation[]): FederationPlan => ({
  ...plan,
  words: plan.words && !ablate.includes('words'),
  steps: plan.steps.filter(
    ({ kind }) =>
      !(kind === 'prior' && ablate.includes('prior')) &&
      !(kind === 'adapter' && (ablate.includes('lora') || ablate.includes('states'))),
  ),
})

/** The built-in scenarios. */
export const SCENARIOS = {
  population: readData('scenarios/population.json', Scenario),
  worlds: readData('scenarios/worlds.json', Scenario),
  endpoint: readData('scenarios/endpoint.json', Scenario),
  small: readData('scenarios/small.json', Scenario),
  tiny: readData('scenarios/tiny.json', Scenario),
}

/** A built-in scenario's name, or a JSON file's path. Fails with E_USAGE (no such), E_DATA. */
export const readScenario = (nameOrFile: string): Scenario => {
  if (Object.hasOwn(SCENARIOS, nameOrFile)) return SCENARIOS[nameOrFile as keyof typeof SCENARIOS]
  if (!existsSync(nameOrFile))
    throw new FedError(
      'E_USAGE',
      `no scenario ${JSON.stringify(nameOrFile.slice(0, 100))}: expected ` +
        `${Object.keys(SCENARIOS).join(', ')} or a JSON file`,
    )
  const json = parseJson(readText(nameOrFile), 'the scenario')
  return parseAs(Scenario, json, 'E_DATA', 'scenario: ', 'file')
}
