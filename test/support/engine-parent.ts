/** A program with an engine child: `tsx engine-parent.ts <weights folder>` prints the child's process id and waits. */
import { engineChild } from '../../device/engine/run/child.ts'

const options = { folder: process.argv[2]!, threads: 1, cacheBytes: 0 }
const child = engineChild(options, { idleMs: 60_000, watchMemory: false })
const args = [[1], { adapters: [], maxTokens: 1, stopIds: [] }]
await child.call({ method: 'generate', args })
console.log(child.pid())
setInterval(() => {}, 1000)
