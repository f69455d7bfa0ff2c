/** A program with an engine child: `tsx engine-parent.ts <weights folder> [paused]` prints the child's process id and waits;
 *  with `paused`, training is paused then, and the child has work. */
import { EngineChild } from '../../device/engine/process/child.ts'
import type { Call } from '../../device/engine/process/messages.ts'

const [folder, pauses] = process.argv.slice(2)
let isPaused = false
const child = new EngineChild(
  { folder: folder!, threads: 1, cacheBytes: 0 },
  {
    idleMs: 60_000,
    watchMemory: false,
    policy: { cpuShare: 1, isPaused: () => isPaused, longestPauseMs: 60_000 },
  },
)
const call: Call = {
  method: 'generate',
  args: [[1], { adapters: [], maxTokens: 1, stopIds: [] }],
}
await child.call(call)
console.log(child.pid())
if (pauses) {
  isPaused = true
  void child.call(call)
}
setInterval(() => {}, 1000)
