/** Values that the examples of several routes share. */
export const AT = 1_790_000_000_000
export const HASH = '9f2c'.repeat(16)
export const DEVICE_ID = '9f2c'.repeat(8)
/** Raw Ed25519, base64url. */
export const PUBLIC_KEY = `${'3q2-7w'.repeat(7)}A`
export const LINEAGE_ID = '51be'.repeat(8)

export const BASE = {
  name: 'SmolLM2-135M-Instruct',
  weights: HASH,
  tokenizer: '51be'.repeat(16),
  shape: { layers: 30, hidden: 576, heads: 9, kvHeads: 3, headDim: 64, ffn: 1536, vocab: 49_152 },
}

export const FEATURES = { pooled: 576, named: ['length', 'lists'] }

export const ADAPTER = {
  firstLayer: 8,
  endLayer: 12,
  modules: ['q' as const, 'v' as const],
  rank: 8,
  alpha: 16,
}

export const JOB = {
  name: 'first job',
  base: BASE,
  adapter: ADAPTER,
  exitLayer: 12,
  features: FEATURES,
  contributions: ['adapter' as const, 'prior' as const],
  cohort: { size: 30, goal: 25, minimum: 20 },
}
