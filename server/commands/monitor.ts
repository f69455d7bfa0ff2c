/** What only a running process can measure: its memory and event loop, its connections. */
import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { collectDefaultMetrics } from 'prom-client'
import type { Metrics } from '../telemetry/metrics.ts'

const READ_EVERY_MS = 5000

/** http: a server of Node. Returns how to end it. */
export const measureProcess = (metrics: Metrics, http: EventEmitter): (() => void) => {
  collectDefaultMetrics({ register: metrics.registry, prefix: 'loreweave_' })
  const counted = new Map<Socket, readonly [received: number, sent: number]>()
  const count = (socket: Socket): void => {
    const [received, sent] = counted.get(socket) ?? [0, 0]
    metrics.bytes.inc({ direction: 'received' }, socket.bytesRead - received)
    metrics.bytes.inc({ direction: 'sent' }, socket.bytesWritten - sent)
    counted.set(socket, [socket.bytesRead, socket.bytesWritten])
  }
  const watch = (socket: Socket): void => {
    counted.set(socket, [0, 0])
    socket.once('close', () => {
      count(socket)
      counted.delete(socket)
    })
  }
  http.on('connection', watch)
  const timer = setInterval(() => {
    for (const socket of counted.keys()) count(socket)
  }, READ_EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    http.off('connection', watch)
  }
}
