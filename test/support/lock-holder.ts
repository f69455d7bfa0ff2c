/** A process that takes a home, says so, and holds it until it is killed: `lock-holder <folder>`. */
import { tryLock } from '../../device/home/lock.ts'

const holder = { pid: process.pid, startedAt: 1, command: 'agent', version: '1', port: 4141 }
const lock = tryLock(process.argv[2]!, holder)
console.log('release' in lock ? 'held' : 'refused')
// Keeps the process, and the lock from being collected.
setInterval(() => lock, 1000)
