import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { newGraph, toOnnx } from '../../../../device/engine/onnx/graph.ts'
import { openSessions } from '../../../../device/engine/run/sessions.ts'

const negate = () => {
  const g = newGraph()
  return toOnnx({ y: g.op('Neg', [g.input('x', [2])]) })
}
const feeds = { x: { data: Float32Array.of(1, -2), shape: [2] } }

test('builds a graph once a key, and again after it was pushed out', async () => {
  const sessions = openSessions(tmpdir(), 1, 2)
  const built: string[] = []
  const run = (key: string) =>
    sessions.run(
      key,
      () => {
        built.push(key)
        return negate()
      },
      feeds,
    )
  for (const key of ['a', 'a', 'b', 'a', 'c', 'a', 'b']) {
    const { y } = await run(key)
    expect([...y!]).toEqual([-1, 2])
  }
  expect(built).toEqual(['a', 'b', 'c', 'b'])
  await sessions.release()
})

test('ignores a feed that the graph does not read, and misses one that it reads', async () => {
  const sessions = openSessions(tmpdir(), 1)
  await sessions.run('a', negate, { ...feeds, other: feeds.x })
  await expect(sessions.run('a', negate, {})).rejects.toThrow(TypeError)
  await sessions.release()
})

test('what ONNX refuses is E_ENGINE', async () => {
  const sessions = openSessions(tmpdir(), 1)
  const broken = {
    bytes: Uint8Array.of(1, 2, 3),
    packsWeights: false,
    inputs: [],
    outputs: {},
    peakBytes: () => 0,
  }
  await expect(sessions.run('a', () => broken, {})).rejects.toMatchObject({ code: 'E_ENGINE' })
  await sessions.release()
})
