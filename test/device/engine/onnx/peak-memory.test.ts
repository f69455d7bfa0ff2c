import { expect, test } from 'vitest'
import { newGraph, toOnnx } from '../../../../device/engine/onnx/graph.ts'
import { executionOrder, peakActivations } from '../../../../device/engine/onnx/peak-memory.ts'
import { nodesBehind, type Tensor } from '../../../../device/engine/onnx/tensor.ts'

/** 100 floats: 400 bytes. */
const SHAPE = [10, 10]
const peakOf = (...kept: Tensor[]) => peakActivations(nodesBehind(kept), kept)

test('a chain of elementwise ops lies in one place', () => {
  const g = newGraph()
  const x = g.input('x', SHAPE)
  expect(peakOf(g.op('Neg', [g.op('Neg', [g.op('Neg', [x])])]))).toBe(400)
})

test('a product needs its inputs and its output at once; inputs of the graph are not counted', () => {
  const g = newGraph()
  const a = g.op('Neg', [g.input('x', SHAPE)])
  const b = g.op('Neg', [g.input('y', SHAPE)])
  expect(peakOf(g.op('MatMul', [a, b]))).toBe(1200)
  expect(peakOf(g.op('MatMul', [a, g.input('z', SHAPE)]))).toBe(800)
})

test('what is read again later is held until then', () => {
  const g = newGraph()
  const early = g.op('MatMul', [g.input('x', SHAPE), g.input('y', SHAPE)])
  let late = early
  for (let i = 0; i < 5; i++) late = g.op('MatMul', [late, g.input('y', SHAPE)])
  // early, one before and the one being made; without the last Add: two.
  expect(peakOf(g.op('Add', [early, late]))).toBe(1200)
  expect(peakOf(late)).toBe(800)
})

test('a reshaped tensor is the tensor itself, for size and for life', () => {
  const g = newGraph()
  const a = g.op('MatMul', [g.input('x', SHAPE), g.input('y', SHAPE)])
  const flat = g.op('Reshape', [a], { shape: [100, 1] })
  const b = g.op('Neg', [flat])
  // The Neg may not overwrite what the Add still reads under another name.
  const sum = g.op('Add', [b, g.op('Reshape', [a], { shape: [100, 1] })])
  expect(peakOf(flat)).toBe(400)
  expect(peakOf(sum)).toBe(800)
})

test('outputs stay', () => {
  const g = newGraph()
  const outs = [1, 2, 3].map((i) => g.op('MatMul', [g.input(`x${i}`, SHAPE), g.input('y', SHAPE)]))
  expect(peakOf(...outs)).toBe(1200)
})

test('the last leaf of the file runs first, and of two inputs the later one', () => {
  const g = newGraph()
  const x = g.input('x', SHAPE)
  const [a, b] = [g.op('Neg', [x]), g.op('Sigmoid', [x])]
  const sum = g.op('Sub', [a, b])
  const product = g.op('MatMul', [a, x])
  const names = executionOrder(nodesBehind([sum, product])).map(({ op }) => op.name)
  expect(names).toEqual(['Neg', 'MatMul', 'Sigmoid', 'Sub'])
})

test('a graph says its peak', () => {
  const g = newGraph()
  expect(toOnnx({ y: g.op('Neg', [g.input('x', SHAPE)]) }).peakBytes()).toBe(400)
})
