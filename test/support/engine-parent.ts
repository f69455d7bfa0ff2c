/** A program with an engine child: `tsx engine-parent.ts <weights folder> [paused | busy]` prints the
 *  child's process id and waits. With `paused`, training is paused then, and the child has work; with
 *  `busy` it is at work for long. */
import { EngineChild } from '../../device/engine/process/child.ts'
import type { Call } from '../../device/engine/process/messages.ts'

const [folder, mode] = process.argv.slice(2)
let isPaused = false
const child = new EngineChild(
  { folder: folder!, threads: 1, cacheBytes: 0 },
  {
    idleMs: 60_000,
    watchMemory: false,
    policy: { cpuShare: 1, isPaused: () => isPaused, longestPauseMs: 60_000 },
  },
)
const longAnswer = (i: number) => ({
  ids: Array.from({ length: 60 }, (_, t) => (i * 7 + t) % 90),
  answerStart: 1,
})
const call: Call = {
  method: 'generate',
  args: [[1], { adapters: [], maxTokens: 1, stopIds: [] }],
}
await child.call(call)
console.log(child.pid())
if (mode === 'busy')
  void child.call({
    method: 'pooled',
    args: [Array.from({ length: 4000 }, (_, i) => longAnswer(i)), { exitLayer: 1, adapters: [] }],
  })
if (mode === 'paused') {
  isPaused = true
  void child.call(call)
}
setInterval(() => {}, 1000)
