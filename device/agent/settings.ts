/** What a user can set on a device, with bounds and defaults; the `settings` object of config.json. */
import { z } from 'zod'

export const DeviceSettings = z.strictObject({
  /** Answers asked of Claude for one request; 1 switches rerank off. */
  candidates: z.int().min(1).max(4).default(2),
  /** Tokens a day that candidates beyond the first may cost; when they are spent, one is asked for. */
  extraTokensPerDay: z.int().min(0).max(1_000_000_000).default(500_000),
  /** Share of rerank decisions whose order is drawn at random, so that feedback is not only about the favourite. */
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
