/** Writes ONNX model bytes (onnx.proto3, protobuf wire format), with the fields that we use. */

export type ElementType = 'float' | 'int64' | 'uint8'
export type Attribute = number | string | readonly number[]

export type NodeProto = {
  readonly op: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

/** shape: sizes, or names of sizes that are open. */
type ValueProto = {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly (number | string)[]
}

/** raw: little-endian bytes inside the model; external: a byte range in the weights folder. */
export type TensorProto = Omit<ValueProto, 'shape'> & { readonly shape: readonly number[] } & (
    | { readonly raw: Uint8Array }
    | {
        readonly external: {
          readonly location: string
          readonly offset: number
          readonly bytes: number
        }
      }
  )

type ModelProto = {
  readonly nodes: readonly NodeProto[]
  readonly initializers: readonly TensorProto[]
  readonly inputs: readonly ValueProto[]
  readonly outputs: readonly Omit<ValueProto, 'shape'>[]
  /** Operator set version by domain; '' is ONNX itself. */
  readonly opsets: Readonly<Record<string, number>>
}

const IR_VERSION = 10
const ELEMENT_CODE: Record<ElementType, number> = { float: 1, uint8: 2, int64: 7 }

export const encodeModel = (model: ModelProto): Uint8Array =>
  message(
    integer(1, IR_VERSION),
    text(2, 'loreweave'),
    bytes(7, encodeGraph(model)),
    ...Object.entries(model.opsets).map(([domain, version]) =>
      bytes(8, message(text(1, domain), integer(2, version))),
    ),
  )

const encodeGraph = ({ nodes, initializers, inputs, outputs }: ModelProto): Uint8Array =>
  message(
    ...nodes.map((node) => bytes(1, encodeNode(node))),
    text(2, 'graph'),
    ...initializers.map((tensor) => bytes(5, encodeTensor(tensor))),
    ...inputs.map((value) => bytes(11, encodeValue(value))),
    ...outputs.map(({ name, type }) => bytes(12, encodeValue({ name, type }))),
  )

const encodeNode = (node: NodeProto): Uint8Array =>
  message(
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(4, node.op),
    ...Object.entries(node.attributes).map(([name, value]) =>
      bytes(5, encodeAttribute(name, value)),
    ),
    text(7, node.domain),
  )

/** ONNX distinguishes FLOAT and INT attributes: of those that our nodes have, these are FLOAT. */
const FLOAT_ATTRIBUTES: ReadonlySet<string> = new Set(['alpha', 'epsilon'])

const encodeAttribute = (name: string, value: Attribute): Uint8Array => {
  if (FLOAT_ATTRIBUTES.has(name))
    return message(text(1, name), float(2, Number(value)), integer(20, 1))
  if (typeof value === 'number') return message(text(1, name), integer(3, value), integer(20, 2))
  if (typeof value === 'string') return message(text(1, name), text(4, value), integer(20, 3))
  return message(text(1, name), ...value.map((v) => integer(8, v)), integer(20, 7))
}

const encodeTensor = (tensor: TensorProto): Uint8Array => {
  const head = [
    ...tensor.shape.map((size) => integer(1, size)),
    integer(2, ELEMENT_CODE[tensor.type]),
    text(8, tensor.name),
  ]
  if ('raw' in tensor) return message(...head, bytes(9, tensor.raw))
  const { location, offset, bytes: length } = tensor.external
  const entries = { location, offset: String(offset), length: String(length) }
  return message(
    ...head,
    ...Object.entries(entries).map(([key, value]) =>
      bytes(13, message(text(1, key), text(2, value))),
    ),
    integer(14, 1),
  )
}

/** Without a shape, the runtime infers it. */
const encodeValue = ({ name, type, shape }: Omit<ValueProto, 'shape'> & Partial<ValueProto>) => {
  const dims = (shape ?? []).map((size) =>
    bytes(1, message(typeof size === 'number' ? integer(1, size) : text(2, size))),
  )
  const tensorType = message(
    integer(1, ELEMENT_CODE[type]),
    ...(shape ? [bytes(2, message(...dims))] : []),
  )
  return message(text(1, name), bytes(2, message(bytes(1, tensorType))))
}

const VARINT = 0
const LENGTH = 2
const FIXED32 = 5

const message = (...fields: readonly Uint8Array[]): Uint8Array => {
  const out = new Uint8Array(fields.reduce((sum, field) => sum + field.length, 0))
  let at = 0
  for (const field of fields) {
    out.set(field, at)
    at += field.length
  }
  return out
}

const integer = (field: number, value: number): Uint8Array =>
  Uint8Array.from([...varint((field << 3) | VARINT), ...varint(value)])

const bytes = (field: number, value: Uint8Array): Uint8Array =>
  message(Uint8Array.from([...varint((field << 3) | LENGTH), ...varint(value.length)]), value)

const text = (field: number, value: string): Uint8Array =>
  bytes(field, new TextEncoder().encode(value))

const float = (field: number, value: number): Uint8Array => {
  const out = new Uint8Array(5)
  out[0] = (field << 3) | FIXED32
  new DataView(out.buffer).setFloat32(1, value, true)
  return out
}

/** Negative numbers take ten bytes, as two's complement of 64 bits. */
const varint = (value: number): number[] => {
  const out: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  out.push(Number(rest))
  return out
}
