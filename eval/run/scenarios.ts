/** The built-in scenarios. */
import type { z } from 'zod'
import type { Scenario } from './scenario.ts'

export const SCENARIOS = {
  population: {
    name: 'population',
    about:
      '300 people to learn from with 100 choices each, 40 who come afterwards, 260 requests about every topic of the bank; a fifth of all have no taste, another fifth only one that no named feature measures.',
    people: {
      learners: { count: 300, choices: 100 },
      newcomers: { count: 40, requests: 60 },
      kinds: { mixed: 0.6, content: 0.2, none: 0.2 },
    },
    world: { requests: 260 },
    federation: {
      steps: [
        { kind: 'statistics' },
        { kind: 'prior', rounds: 8 },
        {
          kind: 'adapter',
          rounds: 3,
          cohort: 20,
          training: { learningRate: 4e-3, maxPairs: 32, batchPairs: 4 },
        },
        { kind: 'prior', rounds: 4 },
      ],
    },
    rounds: { points: 4 },
    likelihood: { people: 5 },
    private: { people: 4, budgets: [30] },
    dpo: { people: 1, budgets: [30] },
    whole: { people: 4, budgets: [30] },
  },
  small: {
    name: 'small',
    about: 'A look in about three minutes on two cores: few people, few answers, wide intervals.',
    people: {
      learners: { count: 40, choices: 40 },
      newcomers: { count: 20, requests: 15 },
      kinds: { mixed: 0.6, content: 0.2, none: 0.2 },
    },
    world: { requests: 60, variants: 4 },
    budgets: [0, 10, 30],
    federation: {
      steps: [
        { kind: 'statistics' },
        { kind: 'prior', rounds: 3 },
        {
          kind: 'adapter',
          rounds: 2,
          cohort: 6,
          training: { learningRate: 2e-3, maxPairs: 10, batchPairs: 4 },
        },
        { kind: 'prior', rounds: 1 },
      ],
    },
    rounds: { points: 4 },
    rewriting: false,
  },
  tiny: {
    name: 'tiny',
    about:
      'Seconds on a tiny random model: whether everything runs. Its figures say nothing about quality.',
    model: 'tiny',
    people: {
      learners: { count: 5, choices: 8 },
      newcomers: { count: 5, requests: 4 },
      kinds: { mixed: 0.6, content: 0.2, none: 0.2 },
    },
    world: { requests: 12, variants: 3 },
    budgets: [0, 4, 8],
    federation: {
      adapter: { layers: 1, rank: 2, alpha: 4 },
      maxTokens: 128,
      steps: [
        { kind: 'statistics' },
        { kind: 'prior' },
        { kind: 'adapter', rounds: 2, cohort: 3, training: { maxPairs: 4 } },
        { kind: 'prior' },
      ],
    },
    rounds: { budget: 4 },
    likelihood: { people: 2 },
    private: { people: 2, budgets: [8] },
    dpo: { people: 1, budgets: [8] },
    whole: { people: 2, budgets: [8] },
    rewriting: false,
  },
} satisfies Record<string, z.input<typeof Scenario>>
