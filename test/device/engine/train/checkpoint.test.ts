import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TrainRequest } from '../../../../device/engine/engine.ts'
import { TINY_CONFIG } from '../../../../device/engine/model/tiny.ts'
import {
  readCheckpoint,
  requestDigest,
  writeCheckpoint,
} from '../../../../device/engine/train/checkpoint.ts'
import { randomAdapter } from '../../../support/engine-model.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loreweave-checkpoint-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const checkpoint = {
  digest: 'd',
  step: 3,
  rowTokens: 384,
  tokens: 70,
  losses: [1, 0.5, 0.1],
  flat: Float32Array.of(1, -0, Math.PI),
  first: Float32Array.of(1, 2, 3),
  second: Float32Array.of(4, 5, 6),
  evaluations: [{ step: 2, loss: 0.5 }],
  best: { step: 2, loss: 0.5, flat: Float32Array.of(7, 8, 9) },
}
const request: TrainRequest = {
  objective: { kind: 'completion', examples: [{ ids: [1, 2], answerStart: 1 }] },
  adapters: [randomAdapter(TINY_CONFIG)],
  trainable: { index: 0, factors: ['B'] },
  epochs: 1,
  learningRate: 0.1,
  batch: 1,
  maxTokens: 8,
  clipNorm: 1,
  seed: 1,
}

test('comes back bit for bit and leaves no temporary file', async () => {
  const path = join(folder, 'run')
  await writeCheckpoint(path, checkpoint)
  expect(await readCheckpoint(path, 'd')).toEqual(checkpoint)
  expect(readdirSync(folder)).toEqual(['run'])
})

test('is on the disk before its name is, and its name before the write is over', async () => {
  const calls: string[] = []
  const { open, rename } = fs.promises
  fs.promises.open = async (path, ...rest) => {
    const file = await open(path, ...rest)
    const sync = file.sync.bind(file)
    file.sync = async () => {
      calls.push(`sync ${basename(String(path))}`)
      await sync()
    }
    return file
  }
  fs.promises.rename = async (from, to) => {
    calls.push(`rename ${basename(String(from))} ${basename(String(to))}`)
    await rename(from, to)
  }
  syncBuiltinESMExports()
  try {
    await writeCheckpoint(join(folder, 'run'), checkpoint)
  } finally {
    Object.assign(fs.promises, { open, rename })
    syncBuiltinESMExports()
  }
  const last = process.platform === 'win32' ? [] : [`sync ${basename(folder)}`]
  expect(calls).toEqual(['sync run.tmp', 'rename run.tmp run', ...last])
})

test('is ignored when missing, of another request, cut short or changed', async () => {
  const path = join(folder, 'run')
  expect(await readCheckpoint(path, 'd')).toBeUndefined()
  await writeCheckpoint(path, checkpoint)
  expect(await readCheckpoint(path, 'other')).toBeUndefined()
  const bytes = readFileSync(path)
  for (const broken of [
    bytes.subarray(0, 10),
    bytes.subarray(0, bytes.length - 1),
    flipped(bytes),
  ]) {
    writeFileSync(path, broken)
    expect(await readCheckpoint(path, 'd')).toBeUndefined()
  }
})

test('a digest names what decides the result, not where the checkpoint lies', () => {
  const digest = requestDigest(request, 'model')
  expect(
    requestDigest({ ...request, checkpoint: '/elsewhere', threads: 1, rowTokens: 64 }, 'model'),
  ).toBe(digest)
  expect(requestDigest({ ...request, seed: 2 }, 'model')).not.toBe(digest)
  expect(
    requestDigest({ ...request, adapters: [randomAdapter(TINY_CONFIG, {}, 2)] }, 'model'),
  ).not.toBe(digest)
  expect(requestDigest(request, 'another model')).not.toBe(digest)
})

const flipped = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes)
  copy[40]! ^= 1
  return copy
}
