/** Entry of an engine child. Calls run one by one; it ends with its parent's channel. */
import { FedError, isFedError } from '../../../adapters/errors.ts'
import type { Call, ToChild, ToParent } from './messages.ts'
import { openService, type Service, type ServiceOptions } from './service.ts'

/** A parent that has just ended hears nothing more; `disconnect` then ends this process too. */
const send = (message: ToParent) => process.send?.(message, undefined, {}, () => {})
const cancelled = new Set<number>()
let options: ServiceOptions | undefined
let service: Service | undefined
/** A working child reports this often that it is alive; ONNX lets it do so between two runs. */
const PULSE_MS = 250
let turn: Promise<void> = Promise.resolve()

process.on('disconnect', () => process.exit(0))
// Ctrl-C and a service manager's stop reach every process of a group, but the parent decides when
// this one ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {})
process.on('message', (message: ToChild) => {
  if (message.type === 'open') options = message
  else if (message.type === 'cancel') cancelled.add(message.id)
  else turn = turn.then(() => answer(message))
})

const answer = async ({ id, call }: Extract<ToChild, { type: 'call' }>): Promise<void> => {
  // ONNX holds the thread, so only now can a message arrive that cancels the call.
  await new Promise(setImmediate)
  const pulse = setInterval(() => send({ type: 'alive' }), PULSE_MS)
  try {
    if (cancelled.has(id)) throw new FedError('E_CANCELLED', 'not wanted any more')
    service ??= openService(options!)
    send({ type: 'result', id, value: await perform(service, id, call) })
  } catch (error) {
    const code = isFedError(error) ? error.code : 'E_ENGINE'
    send({ type: 'error', id, code, message: error instanceof Error ? error.message : 'unknown' })
  } finally {
    clearInterval(pulse)
    cancelled.delete(id)
  }
}

const perform = (engine: Service, id: number, call: Call): Promise<unknown> => {
  const now = () => performance.now()
  const isCancelled = () => cancelled.has(id)
  const onProgress = (done: number, of: number) =>
    send({ type: 'progress', id, progress: { done, of } })
  switch (call.method) {
    case 'pooled': {
      const [inputs, pooledOptions] = call.args
      return engine.pooled(inputs, { ...pooledOptions, onProgress })
    }
    case 'score':
      return engine.score(...call.args)
    case 'generate':
      return engine.generate(...call.args)
    case 'train':
      return engine.train(call.args[0], {
        now,
        isCancelled,
        onProgress: (progress) => send({ type: 'progress', id, progress }),
      })
    case 'gradient':
      return engine.gradient(call.args[0], { now, isCancelled, onProgress })
  }
}
