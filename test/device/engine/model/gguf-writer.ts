/** Writes small GGUF files for tests, independently of the reader. */

export type Meta = readonly [key: string, type: number, value: unknown]
export type Info = { name: string; dims: number[]; type: number; data: Uint8Array }

const u32 = (n: number) => {
  const b = Buffer.alloc(4)
  b.writeUInt32LE(n)
  return b
}
const u64 = (n: number | bigint): Buffer<ArrayBuffer> => {
  const b = Buffer.alloc(8)
  b.writeBigUInt64LE(BigInt(n))
  return b
}
const text = (s: string) => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)])

const value = (type: number, v: unknown): Buffer<ArrayBuffer> => {
  const b = Buffer.alloc(8)
  const first = (n: number) => Buffer.from(b.buffer, b.byteOffset, n) as Buffer<ArrayBuffer>
  switch (type) {
    case 0:
      return Buffer.from([Number(v)])
    case 4:
      return u32(Number(v))
    case 5:
      b.writeInt32LE(Number(v))
      return first(4)
    case 6:
      b.writeFloatLE(Number(v))
      return first(4)
    case 7:
      return Buffer.from([v ? 1 : 0])
    case 8:
      return text(String(v))
    case 9: {
      const { of, items } = v as { of: number; items: unknown[] }
      return Buffer.concat([u32(of), u64(items.length), ...items.map((i) => value(of, i))])
    }
    case 10:
      return u64(v as bigint)
    default:
      throw new RangeError(`the test writer has no type ${type}`)
  }
}

/** dims: fastest first, as in the file. */
export const writeGguf = (meta: readonly Meta[], infos: readonly Info[], version = 3): Buffer => {
  const head = [Buffer.from('GGUF'), u32(version), u64(infos.length), u64(meta.length)]
  for (const [key, type, v] of meta) head.push(text(key), u32(type), value(type, v))
  let offset = 0
  for (const info of infos) {
    head.push(text(info.name), u32(info.dims.length), ...info.dims.map((d) => u64(d)))
    head.push(u32(info.type), u64(offset))
    offset += Math.ceil(info.data.length / 32) * 32
  }
  const header = Buffer.concat(head)
  const body = infos.map((i) =>
    Buffer.concat([i.data, Buffer.alloc((32 - (i.data.length % 32)) % 32)]),
  )
  return Buffer.concat([header, Buffer.alloc((32 - (header.length % 32)) % 32), ...body])
}

export const f32 = (numbers: ArrayLike<number>): Uint8Array =>
  new Uint8Array(Float32Array.from(numbers).buffer)

/** Metadata of a small byte-level llama with these sizes. */
export const llamaMeta = (sizes: {
  layers: number
  hidden: number
  heads: number
  kvHeads: number
  ffn: number
  tokens: string[]
  types: number[]
  merges?: string[]
  template?: string
}): Meta[] => [
  ['general.architecture', 8, 'llama'],
  ['llama.block_count', 4, sizes.layers],
  ['llama.context_length', 4, 128],
  ['llama.embedding_length', 4, sizes.hidden],
  ['llama.feed_forward_length', 4, sizes.ffn],
  ['llama.attention.head_count', 4, sizes.heads],
  ['llama.attention.head_count_kv', 4, sizes.kvHeads],
  ['llama.attention.layer_norm_rms_epsilon', 6, 1e-5],
  ['llama.rope.freq_base', 6, 10_000],
  ['tokenizer.ggml.model', 8, 'gpt2'],
  ['tokenizer.ggml.pre', 8, 'gpt-2'],
  ['tokenizer.ggml.tokens', 9, { of: 8, items: sizes.tokens }],
  ['tokenizer.ggml.token_type', 9, { of: 5, items: sizes.types }],
  ['tokenizer.ggml.merges', 9, { of: 8, items: sizes.merges ?? [] }],
  ['tokenizer.ggml.eos_token_id', 4, 0],
  ...(sizes.template ? [['tokenizer.chat_template', 8, sizes.template] as const] : []),
]
