/** ONNX sessions by key, least recently used released first. Weights are mapped, not copied. */
import { LRUCache } from 'lru-cache'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { FedError } from '../../../adapters/errors.ts'
import type { OnnxGraph } from '../onnx/graph.ts'

export type Feed =
  | { readonly data: Float32Array; readonly shape: readonly number[] }
  | { readonly data: BigInt64Array; readonly shape: readonly number[] }

export type Sessions = {
  /** Outputs by the graph's names. Unread feeds are ignored. E_ENGINE when ONNX refuses. */
  run(
    key: string,
    build: () => OnnxGraph,
    feeds: Readonly<Record<string, Feed>>,
  ): Promise<Record<string, Float32Array>>
  release(): Promise<void>
}

/** folder: holds the weights file that graphs name; kept: sessions held at once. */
export const openSessions = (folder: string, threads: number, kept = 24): Sessions => {
  const held = new LRUCache<string, Held>({
    max: kept,
    dispose: ({ session }) => void session.release(),
  })
  const sessionFor = async (key: string, build: () => OnnxGraph): Promise<Held> => {
    const entry = held.get(key) ?? (await create(build(), folder, threads))
    held.set(key, entry)
    return entry
  }

  return {
    async run(key, build, feeds) {
      try {
        const { session, graph } = await sessionFor(key, build)
        const inputs: Record<string, Tensor> = {}
        for (const name of graph.inputs) {
          const feed = feeds[name]
          if (!feed) throw new TypeError(`graph input ${name} has no feed`)
          inputs[name] =
            feed.data instanceof Float32Array
              ? new Tensor('float32', feed.data, feed.shape)
              : new Tensor('int64', feed.data, feed.shape)
        }
        const results = await session.run(inputs)
        return Object.fromEntries(
          Object.entries(graph.outputs).map(([name, tensor]) => [
            name,
            results[tensor]!.data as Float32Array,
          ]),
        )
      } catch (cause) {
        if (cause instanceof FedError || cause instanceof TypeError) throw cause
        throw new FedError('E_ENGINE', `the ONNX runtime refused: ${firstLine(cause)}`, { cause })
      }
    },
    async release() {
      held.clear()
    },
  }
}

/** A graph's bytes and nodes are not needed again, so only its names are kept. */
type Held = {
  readonly session: InferenceSession
  readonly graph: Pick<OnnxGraph, 'inputs' | 'outputs'>
}

const create = async (graph: OnnxGraph, folder: string, threads: number): Promise<Held> => {
  const session = await InferenceSession.create(graph.bytes, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // The graph is written as it is to run. The optimizer takes seconds over thousands of nodes,
    // and would merge tensors that the reverse walk recomputes with those that it avoids keeping.
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
    // An arena or a memory plan would hold the peak of every session; the process heap is shared by
    // all (see worker-process.ts).
    enableCpuMemArena: false,
    enableMemPattern: false,
    extra: {
      session: {
        // Prepacking would copy every mapped float32 weight into private memory.
        disable_prepacking: graph.packsWeights ? '0' : '1',
        model_external_initializers_file_folder_path: folder,
        // Spinning threads would burn a shared core between kernels; it gains nothing on long
        // kernels.
        intra_op: { allow_spinning: '0' },
      },
    },
  })
  const { inputs, outputs } = graph
  return { session, graph: { inputs, outputs } }
}

const firstLine = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!.slice(0, 300)
