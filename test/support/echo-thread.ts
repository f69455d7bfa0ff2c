/** A thread for tests: answers what it is asked, or does what a name says. */
import { parentPort } from 'node:worker_threads'

parentPort?.on('message', (question: unknown) => {
  if (question === 'throw') throw new RangeError('as asked')
  if (question === 'exit') process.exit(0)
  parentPort?.postMessage({ question })
})
