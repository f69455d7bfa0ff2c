/** The engine's interface. Requests and results cross a process boundary, so they are plain
 *  data. */
import type { Factor } from '../../adapters/lora/layout.ts'
import type { AdapterSpec } from '../../adapters/lora/spec.ts'

/** float32: as converted. quantized: rounded to 4 or 8 bits (model/quantize.ts), which takes an
 *  eighth to a quarter of the memory. */
export type Weights = 'float32' | 'quantized'

/** flat: the full layout of lora/layout.ts, A and B. */
export type LoraFeed = { readonly spec: AdapterSpec; readonly flat: Float32Array }

/** Prompt then answer; the answer is ids[answerStart …]. */
export type AnswerInput = { readonly ids: readonly number[]; readonly answerStart: number }

/** loss = −weight·log σ(r(chosen) − r(rejected) + offset). */
export type RewardPair = {
  readonly chosen: AnswerInput
  readonly rejected: AnswerInput
  readonly offset: number
  readonly weight: number
}

/** An answer that was liked or disliked on its own. */
export type RatedAnswer = {
  readonly answer: AnswerInput
  readonly isDesirable: boolean
  readonly weight: number
}

/** reward: Bradley-Terry on r = head·(mean state over the answer after exitLayer layers), with the
 *  head [hidden].
 *  completion: cross-entropy, mean over the answer tokens of a batch.
 *  dpo (Rafailov et al. 2023): r = beta·log-ratio to the same adapters without the trainable one;
 *  offset is unused.
 *  kto (Ethayarajh et al. 2024, eq. 8): weight·λ·(1 − σ(±(r − z0))), r as in dpo,
 *  λ by the sign (default 1), and z0 = beta times the batch's mean log-ratio of mismatched prompts
 *  and answers, at least 0, no gradient through it. */
export type Objective =
  | {
      readonly kind: 'reward'
      readonly exitLayer: number
      readonly head: Float32Array
      readonly pairs: readonly RewardPair[]
    }
  | { readonly kind: 'completion'; readonly examples: readonly AnswerInput[] }
  | { readonly kind: 'dpo'; readonly beta: number; readonly pairs: readonly RewardPair[] }
  | {
      readonly kind: 'kto'
      readonly beta: number
      readonly examples: readonly RatedAnswer[]
      readonly desirableWeight?: number
      readonly undesirableWeight?: number
    }

/** Examples never trained on: their mean loss decides when to stop and which adapter to return. */
type Validation = {
  /** Must be of the request's kind. */
  readonly objective: Objective
  /** Steps from one evaluation to the next; default: an epoch. The first is before any step, the
   *  last after all. */
  readonly every?: number
  /** Evaluations in a row without a new lowest loss that end the run; at least 1. */
  readonly patience: number
}

export type TrainRequest = {
  readonly objective: Objective
  readonly adapters: readonly LoraFeed[]
  /** The adapter to train, and which of its factors; the other adapters are active and frozen. */
  readonly trainable: { readonly index: number; readonly factors: readonly Factor[] }
  readonly epochs: number
  readonly learningRate: number
  /** Pairs or examples per optimizer step; a step's loss is their mean. */
  readonly batch: number
  /** Longer inputs lose the front of the prompt, then the end of the answer. */
  readonly maxTokens: number
  /** Tokens that a row may hold before another is begun; default ROW_TOKENS. */
  readonly rowTokens?: number
  /** Largest global gradient norm; 0 turns clipping off. */
  readonly clipNorm: number
  /** Decoupled (AdamW); default 0. */
  readonly weightDecay?: number
  /** After the warm-up: constant (default), or falling to 0 along half a cosine. */
  readonly schedule?: 'constant' | 'cosine'
  /** Share of all steps, 0 to 1, over which the learning rate rises from 0; default 0. */
  readonly warmup?: number
  /** μ of FedProx (Li et al. 2020): adds μ/2·‖w − w₀‖² over the trainable factors, with w₀ the
   *  adapter at the start; default 0. */
  readonly proximal?: number
  /** Without a validation the run takes every step and returns the last adapter. */
  readonly validation?: Validation
  readonly seed: number
  /** File path, written atomically every few seconds; resumed exactly by an equal request. */
  readonly checkpoint?: string
  readonly threads?: number
}

/** tokens, seconds: so far, in this call; heldBack: the newest evaluation. tokensPerSecond,
 *  secondsLeft: over the last steps without pauses; absent at the first step. */
export type TrainProgress = {
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly tokens: number
  readonly seconds: number
  readonly heldBack?: number
  readonly tokensPerSecond?: number
  readonly secondsLeft?: number
}

/** Mean loss of the held-back examples after a number of steps. */
export type Evaluation = { readonly step: number; readonly loss: number }

/** flat: the trainable adapter in full layout: with a validation the one of the lowest held-back
 *  loss, else the last.
 *  losses: one per step; steps: the number taken. */
export type TrainResult = {
  readonly flat: Float32Array
  readonly losses: readonly number[]
  readonly steps: number
  /** Empty without a validation. */
  readonly evaluations: readonly Evaluation[]
  readonly tokens: number
  readonly seconds: number
}

/** Derivative of a loss by the pooled state of an answer, [hidden]; the answer is read whole. */
export type AnswerCotangent = { readonly answer: AnswerInput; readonly cotangent: Float32Array }

export type GradientRequest = {
  /** Each distinct answer passes once, however often it is given. */
  readonly answers: readonly AnswerCotangent[]
  /** Where the answers are pooled. */
  readonly exitLayer: number
  readonly adapters: readonly LoraFeed[]
  /** The adapter to differentiate by, and which of its factors; the others are active. */
  readonly trainable: { readonly index: number; readonly factors: readonly Factor[] }
  /** Tokens that a row may hold before another is begun; default GRADIENT_ROW_TOKENS. */
  readonly rowTokens?: number
}

/** gradient: of Σ cotangent·pooled(answer), in the full layout of the trainable adapter, zero for
 *  its other factor. tokens: read, prompts that answers share counted once a row. */
export type GradientResult = {
  readonly gradient: Float64Array
  readonly tokens: number
  readonly seconds: number
}

export type PooledOptions = {
  readonly exitLayer: number
  /** Lower layers, rising, to pool as well: a result then has [hidden] numbers for each layer. */
  readonly through?: readonly number[] | undefined
  readonly adapters: readonly LoraFeed[]
  /** States that enter this layer are cached; default: the first layer of the adapters. */
  readonly keepFrom?: number | undefined
  /** The graph keeps a copy of its weights as its products read them: short texts pass a sixth
   *  faster, and the copy takes as much memory as the weights. */
  readonly packed?: boolean | undefined
  /** False: nothing derived from the inputs may outlast the process. */
  readonly keep?: boolean | undefined
  /** If it aborts, work that has not begun is dropped and the call fails with E_CANCELLED. */
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: (done: number, of: number) => void
}

/** logProb: sum over the candidate's tokens; firstLogits: the five largest for its first token. */
export type CandidateScore = {
  readonly logProb: number
  readonly tokens: number
  readonly firstLogits: readonly { readonly id: number; readonly logit: number }[]
}

/** temperature 0 (default) is greedy; topP and seed matter only above it. */
export type GenerateOptions = {
  readonly adapters: readonly LoraFeed[]
  readonly maxTokens: number
  readonly temperature?: number
  readonly topP?: number
  readonly seed?: number
  readonly stopIds: readonly number[]
}

/** Every method fails with E_ENGINE (the child died), E_SHAPE (inputs) or E_MODEL_FILE
 *  (weights). */
export type Engine = {
  /** Mean residual state over each answer after exitLayer layers (no final norm), [hidden]. */
  pooled(inputs: readonly AnswerInput[], options: PooledOptions): Promise<Float32Array[]>
  score(
    prompt: readonly number[],
    candidates: readonly (readonly number[])[],
    options: { readonly adapters: readonly LoraFeed[] },
  ): Promise<CandidateScore[]>
  /** The new tokens, without the stop token. */
  generate(prompt: readonly number[], options: GenerateOptions): Promise<number[]>
  /** E_DIVERGED when the loss or a gradient is not finite; E_MEMORY when it would not fit;
   *  E_CANCELLED when the signal aborts. */
  train(
    request: TrainRequest,
    onProgress?: (progress: TrainProgress) => void,
    signal?: AbortSignal,
  ): Promise<TrainResult>
  /** The vector-Jacobian product of pooled states: one forward and one backward pass over each
   *  distinct answer. E_DIVERGED, E_MEMORY and E_CANCELLED as train. It has no checkpoint: a call
   *  whose child was ended begins again. */
  gradient(
    request: GradientRequest,
    onProgress?: (done: number, of: number) => void,
    signal?: AbortSignal,
  ): Promise<GradientResult>
  /** Peak over the children: proportional set size on Linux, else resident set size. */
  memory(): Promise<{ peakPssBytes: number }>
  /** Forgets every text, on disk too. Calls under way fail with E_CANCELLED. */
  forget?(): Promise<void>
  /** Ends the children; pending calls fail with E_ENGINE. */
  close(): Promise<void>
}
