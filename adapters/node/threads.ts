/** Worker threads that answer one question at a time. */
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'

/**
 * file: the source, `new URL('./name.ts', import.meta.url)`. Sources run through tsx, which a thread
 * must register by itself; in a build the compiled file of that name runs as it is.
 */
export const startThread = (file: URL): Worker => {
  const thread = newThread(file)
  // A failure between two questions ends the thread, which the next question reports.
  thread.on('error', () => {})
  return thread
}

const newThread = (file: URL): Worker => {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL(file.href.replace(/ts$/, 'js')))
  // The require condition answers the CommonJS file; the module lies beside it.
  const resolved = createRequire(import.meta.url).resolve('tsx/esm/api')
  const tsx = pathToFileURL(resolved.replace(/\.cjs$/, '.mjs')).href
  const [api, entry] = [JSON.stringify(tsx), JSON.stringify(file.href)]
  const code = `import(${api}).then(({ register }) => { register(); return import(${entry}) })`
  return new Worker(code, { eval: true, execArgv: [] })
}

/**
 * Gives the memory of a buffer back at once, and leaves it empty. A garbage collection would come late:
 * what lies outside of its heap hardly counts for it.
 */
export const discard = (buffer: ArrayBuffer): void => nowhere.postMessage(null, [buffer])

/** What is sent to a closed port is dropped. */
const nowhere = (() => {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  port1.close()
  return port1
})()

/**
 * The next message of the thread. Rejects when it fails or ends before. given: buffers of the question
 * that go to the thread without a copy, and are gone here.
 */
export const askThread = <Answer>(
  thread: Worker,
  question: unknown,
  given: readonly ArrayBuffer[] = [],
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      thread.off('message', onMessage)
      thread.off('error', onError)
      thread.off('exit', onExit)
      act()
    }
    const onMessage = (answer: Answer) => settle(() => resolve(answer))
    const onError = (error: unknown) => settle(() => reject(error))
    const onExit = () => settle(() => reject(new Error('the thread ended early')))
    // It has ended since the last question.
    if (thread.threadId === -1) return onExit()
    thread.once('message', onMessage)
    thread.once('error', onError)
    thread.once('exit', onExit)
    thread.postMessage(question, given)
  })
