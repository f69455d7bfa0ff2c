/** Everything that reads bytes or texts of others, each with valid inputs to begin from. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { createExactSum } from '../../adapters/aggregate/exact-sum.ts'
import { decodePartial, encodePartial } from '../../adapters/aggregate/partial-sum.ts'
import { viewContainer } from '../../adapters/container/container.ts'
import { applyDelta, encodeDelta } from '../../adapters/container/delta.ts'
import { decodeMaskedUpdate, encodeMaskedUpdate } from '../../adapters/contributions/masked.ts'
import {
  checkReleaseBounds,
  decodeRelease,
  decodeUpdate,
} from '../../adapters/contributions/messages.ts'
import {
  decodePartialUpdate,
  encodePartialUpdate,
} from '../../adapters/contributions/partial-update.ts'
import { type Encoding, encodeValues } from '../../adapters/formats/encoding.ts'
import { parseGguf } from '../../adapters/formats/gguf.ts'
import { parseChoiceLog } from '../../adapters/formats/read-choices.ts'
import { decodeSafetensors, encodeSafetensors } from '../../adapters/formats/safetensors.ts'
import { decodeLines } from '../../adapters/formats/text.ts'
import { readGgufLora } from '../../adapters/lora/gguf-lora.ts'
import { checkMlxConfig, readMlx } from '../../adapters/lora/mlx.ts'
import { readPeft } from '../../adapters/lora/peft.ts'
import { sha256 } from '../../adapters/node/sha256.ts'
import { seededRng } from '../../adapters/random.ts'
import { readEnrolmentToken } from '../../adapters/wire/enrolment-token.ts'
import { NORM_SHARES } from '../../adapters/wire/norm-shares.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { readDigestField, readSignatureFields } from '../../adapters/wire/signature-input.ts'
import { readMessage, readStream } from '../../device/api/messages/answer.ts'
import { readRequest } from '../../device/api/messages/body.ts'
import { parseConfig } from '../../device/home/config-file.ts'
import { readRelease } from '../../device/reward/read-release.ts'
import { encodeFolded, readFolded } from '../../server/releases/folded.ts'
import { parsedJob, scene, updateFor } from '../support/federation-fixture.ts'
import { changedBytes, changedJson, changedJsonBytes } from './mutations.ts'

export type Target = {
  readonly name: string
  readonly inputs: fc.Arbitrary<Uint8Array>
  /** What comes back does not matter, nor which code a refusal has. */
  read(bytes: Uint8Array): unknown
}

const vector = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../vectors/${path}`, import.meta.url)))
const utf8 = new TextEncoder()
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** Of the vectors: layers of the tiny Llama. */
const shape = { layers: 4, hidden: 64, heads: 4, kvHeads: 2, headDim: 16, ffn: 96, vocab: 97 }
const llama = { architecture: 'llama', shape }

/**
 * A container ends with its digest, by which everything else would be refused: so what was changed is
 * sealed again. Half of the edits are made to the JSON of its header.
 */
const sealed = (container: Uint8Array): fc.Arbitrary<Uint8Array> => {
  const body = container.subarray(0, -32)
  const jsonLength = new DataView(container.buffer, container.byteOffset).getUint32(6, true)
  const header: unknown = JSON.parse(text(container.subarray(10, 10 + jsonLength)))
  const payload = body.subarray(Math.ceil((10 + jsonLength) / 8) * 8)
  const withHeader = (json: string): Uint8Array => {
    const bytes = utf8.encode(json)
    const head = new Uint8Array(Math.ceil((10 + bytes.length) / 8) * 8)
    head.set(body.subarray(0, 10))
    head.set(bytes, 10)
    new DataView(head.buffer).setUint32(6, bytes.length, true)
    return new Uint8Array(Buffer.concat([head, payload]))
  }
  return fc
    .oneof(changedBytes([body]), changedJson(header).map(withHeader))
    .map((bytes) => new Uint8Array(Buffer.concat([bytes, sha256(bytes)])))
}

const SIGNATURE_INPUT =
  'sig1=("@method" "@target-uri" "content-digest");created=1700000000;keyid="key-of-device";' +
  'alg="ed25519";nonce="nonce-of-device";tag="loreweave"'
const SIGNATURE = `sig1=:${Buffer.alloc(64, 7).toString('base64')}:`

const CHOICE = {
  user: 'ada',
  id: 'c1',
  messages: [{ role: 'user', content: 'Why is the sky blue?' }],
  system: 'Be brief.',
  candidates: ['Because of scattering.', 'A long story.'],
  shown: [0, 1],
  chosen: 0,
  at: 1_700_000_000_000,
}
const REQUEST = {
  model: 'claude',
  max_tokens: 10,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  messages: [
    { role: 'user', content: 'Why is the sky blue?' },
    { role: 'assistant', content: [{ type: 'text', text: 'Scattering.' }] },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'ok' }] },
  ],
  tools: [{ name: 'look', input_schema: { type: 'object' } }],
}
const ANSWER = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude',
  content: [{ type: 'text', text: 'Because.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 3 },
}
const STREAM = [
  { type: 'message_start', message: { id: 'msg_1', model: 'claude', usage: { input_tokens: 3 } } },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Because.' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 3 } },
  { type: 'message_stop' },
]
const eventText = (events: readonly string[]): Uint8Array =>
  utf8.encode(events.map((data) => `event: any\ndata: ${data}\n\n`).join(''))

/** The first release of a job and an update for it, also with all numbers encoded. */
const made = async () => {
  const { server, assignment } = await scene()
  const encoded = (encoding: Encoding) =>
    updateFor(assignment, 'seed', {
      parts: (parts) =>
        parts.map((part) => ({
          ...part,
          encoded: { encoding, bytes: encodeValues(encoding, part.data, seededRng(encoding)) },
        })),
    })
  return {
    assignment,
    updates: [updateFor(assignment, 'seed'), encoded('float16'), encoded('int4')],
    release: await server.operator.releaseBytes(assignment.release),
  }
}

export const readers = async (): Promise<readonly Target[]> => {
  const { assignment, updates, release } = await made()
  const sum = createExactSum(300)
  sum.add(
    Float32Array.from({ length: 300 }, (_, i) => i - 150),
    2,
  )
  sum.add(new Float32Array(300).fill(1e9), 3)
  const partial = encodePartial(sum.partial())
  const { base, features, roundId } = assignment
  const safetensors = vector('tiny-llama/adapter/adapter_model.safetensors')
  const config = JSON.parse(text(vector('tiny-llama/adapter/adapter_config.json'))) as object
  const mlx = {
    fine_tune_type: 'lora',
    lora_parameters: { rank: 4, scale: 2, dropout: 0 },
    num_layers: -1,
    model: 'some/model',
  }
  const factors = encodeSafetensors(
    new Map([
      ['layers.1.self_attn.q_proj.lora_a', { shape: [64, 4], data: new Float32Array(256) }],
      ['layers.1.self_attn.q_proj.lora_b', { shape: [4, 64], data: new Float32Array(256) }],
    ]),
  )
  const gguf = ['lora-llama', 'lora-qwen2'].map((name) => vector(`gguf/${name}.gguf`))
  const delta = encodeDelta(updates[0]!, updates[2]!)
  const masked = encodeMaskedUpdate(
    { roundId, planDigest: 'ab'.repeat(32) },
    Uint32Array.from({ length: 64 }, (_, i) => i * 99_991),
  )
  const plan = { ...parsedJob({ contributions: ['statistics'] }), factor: null }
  const statistics = createExactSum(7)
  statistics.add(new Float32Array(7).fill(3), 2)
  const ofEdge = encodePartialUpdate(
    {
      ...{
        protocol: PROTOCOL_VERSION,
        jobId: 'job',
        roundId,
        release: 'cd'.repeat(32),
        basisEpoch: 0,
      },
      ...{ factor: null, job: 'ab'.repeat(32), devices: 2, norms: NORM_SHARES.map(() => 0) },
    },
    [{ name: 'statistics', sum: statistics.partial() }],
  )
  const digests = ['12'.repeat(32), '34'.repeat(32)]
  const kept = { sums: [sum.partial(), statistics.partial()], norms: NORM_SHARES.map(() => 0) }
  const folded = encodeFolded(roundId, digests, { ...kept, devices: 2 })
  return [
    { name: 'container', inputs: changedBytes([...updates, release]), read: viewContainer },
    { name: 'update', inputs: fc.oneof(...updates.map(sealed)), read: decodeUpdate },
    {
      name: 'release',
      inputs: sealed(release),
      read: (bytes) => checkReleaseBounds(decodeRelease(bytes)),
    },
    {
      name: 'release on a device',
      inputs: sealed(release),
      read: (bytes) => readRelease(bytes, base, features).prior(1),
    },
    {
      name: 'delta',
      inputs: changedBytes([delta]),
      read: (bytes) => applyDelta(updates[0]!, bytes),
    },
    { name: 'partial sum', inputs: sealed(partial), read: (bytes) => decodePartial(bytes, 300) },
    {
      name: 'partial sum of any size',
      inputs: sealed(partial),
      read: (bytes) => decodePartial(bytes),
    },
    {
      name: 'update of an edge',
      inputs: sealed(ofEdge),
      read: (bytes) => decodePartialUpdate(bytes, plan),
    },
    {
      name: 'folded sum',
      inputs: sealed(folded),
      read: (bytes) => readFolded({ hash: 'ab'.repeat(32), digests }, bytes),
    },
    { name: 'masked update', inputs: sealed(masked), read: decodeMaskedUpdate },
    { name: 'GGUF', inputs: changedBytes(gguf), read: (bytes) => parseGguf(bytes, bytes.length) },
    {
      name: 'beginning of a GGUF file',
      inputs: changedBytes(gguf),
      read: (bytes) => parseGguf(bytes, bytes.length + 1_000_000),
    },
    {
      name: 'GGUF adapter',
      inputs: changedBytes(gguf),
      read: (bytes) => readGgufLora(bytes, llama),
    },
    { name: 'safetensors', inputs: changedBytes([safetensors, factors]), read: decodeSafetensors },
    {
      name: 'PEFT weights',
      inputs: changedBytes([safetensors, factors]),
      read: (bytes) => readPeft(JSON.stringify(config), bytes, shape),
    },
    {
      name: 'PEFT configuration',
      inputs: changedJsonBytes(config),
      read: (bytes) => readPeft(text(bytes), safetensors, shape),
    },
    {
      name: 'mlx configuration',
      inputs: changedJson(mlx).map((json) => utf8.encode(json)),
      read: (bytes) => readMlx(checkMlxConfig(objectOf(bytes)), factors, shape),
    },
    {
      name: 'mlx weights',
      inputs: changedBytes([factors, safetensors]),
      read: (bytes) => readMlx(checkMlxConfig(mlx), bytes, shape),
    },
    {
      name: 'choice log',
      inputs: fc
        .array(changedJsonBytes(CHOICE), { minLength: 1, maxLength: 3 })
        .map((lines) => new Uint8Array(Buffer.concat(lines.flatMap((line) => [line, NEW_LINE])))),
      read: (bytes) => parseChoiceLog(decodeLines(bytes, 'choices.jsonl')),
    },
    {
      name: 'configuration of a device',
      inputs: changedJsonBytes({ model: 'tiny', threads: 2, settings: { askPerDay: 2 } }),
      read: (bytes) => parseConfig(text(bytes), 'config.json'),
    },
    {
      name: 'signature-input',
      inputs: changedBytes([utf8.encode(SIGNATURE_INPUT)]),
      read: (bytes) => readSignatureFields(text(bytes), SIGNATURE),
    },
    {
      name: 'signature',
      inputs: changedBytes([utf8.encode(SIGNATURE)]),
      read: (bytes) => readSignatureFields(SIGNATURE_INPUT, text(bytes)),
    },
    {
      name: 'content-digest',
      inputs: changedBytes([utf8.encode(`sha-256=:${Buffer.alloc(32, 9).toString('base64')}:`)]),
      read: (bytes) => readDigestField('content-digest', text(bytes)),
    },
    {
      name: 'enrolment token',
      inputs: changedBytes([utf8.encode('bW9vbi10aWRlLXRva2Vu.babab-babab')]),
      read: (bytes) => readEnrolmentToken(text(bytes)),
    },
    { name: 'request to Claude', inputs: changedJsonBytes(REQUEST), read: readRequest },
    { name: 'answer of Claude', inputs: changedJsonBytes(ANSWER), read: readMessage },
    {
      name: 'streamed answer of Claude',
      inputs: fc.oneof(
        fc.tuple(...STREAM.map((event) => changedJson(event))).map(eventText),
        changedBytes([eventText(STREAM.map((event) => JSON.stringify(event)))]),
      ),
      read(bytes) {
        const reader = readStream()
        for (let at = 0; at < bytes.length; at += 1000) reader.push(bytes.subarray(at, at + 1000))
        return reader.end()
      },
    },
  ]
}

const NEW_LINE = utf8.encode('\n')

/** As a folder of mlx-lm is read: what is no object never comes to it. */
const objectOf = (bytes: Uint8Array): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(text(bytes))
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
