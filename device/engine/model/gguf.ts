/** GGUF files on disk: the header once, tensors as float32 on demand. */
import { type FileHandle, open } from 'node:fs/promises'
import { FedError } from '../../../adapters/errors.ts'
import { type GgufHeader, parseGguf } from '../../../adapters/formats/gguf.ts'
import { dequantize } from './dequantize.ts'
import { readBytes } from './read-bytes.ts'

export type GgufFile = GgufHeader & {
  /** The tensor as float32, row-major. E_MODEL_FILE when there is none of that name. */
  read(name: string): Promise<Float32Array>
  close(): Promise<void>
}

const MAX_HEADER_BYTES = 256 * 1024 * 1024

/** Opens a file and reads its header. Fails with E_MODEL_FILE (what is wrong), E_MODEL_UNSUPPORTED
 *  (version, tensor type), E_MODEL_MISSING (no such file). */
export const openGguf = async (path: string): Promise<GgufFile> => {
  const handle = await open(path, 'r').catch((cause) => {
    throw new FedError('E_MODEL_MISSING', `cannot open ${path}: ${cause.code ?? 'unknown'}`, {
      cause,
    })
  })
  try {
    const header = await readHeader(handle)
    return {
      ...header,
      read: async (name) => {
        const tensor = header.tensors.get(name)
        if (!tensor) throw bad(`tensor ${name} is missing`)
        return dequantize(tensor.type, await readBytes(handle, tensor.start, tensor.bytes))
      },
      close: () => handle.close(),
    }
  } catch (error) {
    await handle.close()
    throw error
  }
}

const readHeader = async (handle: FileHandle): Promise<GgufHeader> => {
  const stat = await handle.stat()
  if (!stat.isFile()) throw bad('not a regular file')
  for (let length = 4 * 1024 * 1024; ; length *= 2) {
    const bytes = await readBytes(handle, 0, Math.min(length, stat.size))
    const header = parseGguf(bytes, stat.size)
    if (header) return header
    if (length >= MAX_HEADER_BYTES) throw bad(`the header is longer than ${MAX_HEADER_BYTES} bytes`)
  }
}

const bad = (what: string) => new FedError('E_MODEL_FILE', `GGUF: ${what}`)
