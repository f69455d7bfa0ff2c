/** What a user can set on a device, with bounds and defaults; the `settings` object of config.json. */
import { z } from 'zod'

const Usd = z.number().min(0).max(1_000_000)
const Price = z.strictObject({ input: Usd, output: Usd, cacheWrite: Usd, cacheRead: Usd })

export const DeviceSettings = z.strictObject({
  /** Most answers asked of Claude for one request; 1 switches rerank off. */
  candidates: z.int().min(1).max(4).default(4),
  /** Tokens and US dollars a day that candidates beyond the first may cost, whichever is spent first. */
  extraTokensPerDay: z.int().min(0).max(1_000_000_000).default(500_000),
  extraUsdPerDay: z.number().min(0).max(1_000_000).default(1),
  /** Prices in US dollars a million tokens by the beginning of a model's name, before the table of prices.ts. */
  prices: z.record(z.string().min(1).max(100), Price).default({}),
  /** Whether the device only decides and records what it would return, and returns Claude's first answer. */
  shadow: z.boolean().default(false),
  /** Times a day that an app may be told that showing two answers to the user is worth it; 0: never. */
  asksPerDay: z.int().min(0).max(1000).default(3),
  /** Share of rerank decisions whose leader is drawn by what is not known yet, so that feedback is not only about the favourite. */
  explore: z.number().min(0).max(0.5).default(0.05),
  /** Tokens of one answer with its prompt that the local model reads. */
  maxTokens: z.int().min(16).max(4096).default(384),
  /** Most recent choices that training reads. */
  maxChoices: z.int().min(1).max(10_000).default(300),
  /** Variance of a head weight where no prior has been released. */
  initialVariance: z.number().positive().max(1e6).default(2),
  /** Where requests to Claude go. */
  claudeUrl: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .default('https://api.anthropic.com'),
  /** Port of the local API, on loopback only. */
  port: z.int().min(0).max(65_535).default(4141),
  /** Share of the time that training may run; scoring is never held up. Results do not depend on it. */
  cpuShare: z.number().min(0.1).max(1).default(1),
  /** Megabytes that a process with the local model may hold; training takes smaller rows under it. null: what is free. */
  memoryLimit: z.int().min(128).max(4_000_000).nullable().default(null),
  /** Whether answers are scored by quantized weights: less memory, an order that may differ in a few requests of a hundred. */
  quantized: z.boolean().default(false),
  /** Whether the preference block is added to `system`. */
  rewrite: z.boolean().default(true),
  /** Whether the local model may also propose other words for the user's message; kept only where everything in it survives. */
  rewriteFree: z.boolean().default(false),
})
export type DeviceSettings = z.infer<typeof DeviceSettings>
export type DeviceSettingsInput = z.input<typeof DeviceSettings>
