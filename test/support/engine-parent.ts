/** A program with an engine child: `tsx engine-parent.ts <weights folder> [paused]` prints the child's process id and waits;
 *  with `paused`, training is paused then, and the child has work. */
import { engineChild } from '../../device/engine/process/child.ts'

const [folder, pauses] = process.argv.slice(2)
let isPaused = false
const child = engineChild(
  { folder: folder!, threads: 1, cacheBytes: 0 },
  {
    idleMs: 60_000,
    watchMemory: false,
    policy: { cpuShare: 1, isPaused: () => isPaused, longestPauseMs: 60_000 },
  },
)
const args = [[1], { adapters: [], maxTokens: 1, stopIds: [] }]
await child.call({ method: 'generate', args })
console.log(child.pid())
if (pauses) {
  isPaused = true
  void child.call({ method: 'generate', args })
}
setInterval(() => {}, 1000)
