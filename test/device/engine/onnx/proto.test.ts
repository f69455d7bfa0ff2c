import { expect, test } from 'vitest'
import { encodeModel } from '../../../../device/engine/onnx/proto.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const empty = { nodes: [], initializers: [], inputs: [], outputs: [], opsets: {} }

/** The bytes of graph (field 7) follow ir_version = 10 and the producer's name. */
const graphHex = (model: Partial<Parameters<typeof encodeModel>[0]>) => {
  const all = hex(encodeModel({ ...empty, ...model }))
  const head = `080a1209${hex(Buffer.from('loreweave'))}3a`
  expect(all.startsWith(head)).toBe(true)
  return all.slice(head.length + 2)
}
const graphName = `1205${hex(Buffer.from('graph'))}`

// Worked out by hand from the protobuf encoding guide and onnx.proto3's field numbers.
test('a node is inputs 1, outputs 2, operator 4, attributes 5 and domain 7', () => {
  const node = { op: 'Neg', domain: '', inputs: ['x'], outputs: ['y'], attributes: {} }
  expect(graphHex({ nodes: [node] })).toBe(
    `0a0d0a01781201792203${hex(Buffer.from('Neg'))}3a00${graphName}`,
  )
})

test('a negative attribute takes ten bytes of two’s complement', () => {
  const node = { op: 'Neg', domain: '', inputs: [], outputs: [], attributes: { axis: -1 } }
  const attribute = `0a04${hex(Buffer.from('axis'))}18ffffffffffffffffff01a00102`
  expect(graphHex({ nodes: [node] })).toContain(attribute)
})

test('a float attribute is four little-endian bytes with type FLOAT', () => {
  const node = {
    op: 'Neg',
    domain: '',
    inputs: [],
    outputs: [],
    attributes: { alpha: 1 },
  }
  expect(graphHex({ nodes: [node] })).toContain(`${hex(Buffer.from('alpha'))}150000803fa00101`)
})

test('a list of integers repeats field 8 with type INTS', () => {
  const node = { op: 'Neg', domain: '', inputs: [], outputs: [], attributes: { perm: [1, 0] } }
  expect(graphHex({ nodes: [node] })).toContain(`${hex(Buffer.from('perm'))}40014000a00107`)
})

test('an external tensor names its file, offset and length and no data', () => {
  const external = { location: 'w.bin', offset: 4096, bytes: 8 }
  const bytes = graphHex({ initializers: [{ name: 'w', type: 'float', shape: [2], external }] })
  const entry = (key: string, value: string) => {
    const body = `0a${size(key)}${hex(Buffer.from(key))}12${size(value)}${hex(Buffer.from(value))}`
    return `6a${(body.length / 2).toString(16).padStart(2, '0')}${body}`
  }
  const size = (text: string) => text.length.toString(16).padStart(2, '0')
  const entries = entry('location', 'w.bin') + entry('offset', '4096') + entry('length', '8')
  expect(bytes).toContain(`08021001420177${entries}7001`)
})

test('a length above 127 is a varint of two bytes', () => {
  const raw = new Uint8Array(300)
  const bytes = graphHex({ initializers: [{ name: 'w', type: 'float', shape: [75], raw }] })
  expect(bytes).toContain('4aac0200')
})
