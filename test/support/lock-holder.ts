/** A process that takes a lock, says so, and holds it until it is killed: `lock-holder <path>`. */
import { takeLock } from '../../device/agent/lock.ts'

const lock = takeLock(process.argv[2]!, { pid: process.pid, startedAt: 1 })
console.log('held')
// Keeps the process, and the lock from being collected.
setInterval(() => lock, 1000)
