/** An event of the agent as a line of the day. */
import type { AgentEvent } from '../../device/agent/work.ts'

/** null for what is not worth a line. */
export const eventText = (event: AgentEvent): string | null => {
  switch (event.event) {
    case 'progress':
      return null
    case 'allowed':
      return 'may work'
    case 'held':
      return `waits: ${event.reasons.join(', ')}`
    case 'slept':
      return `slept, or its clock was set forward: ${event.seconds} s`
    case 'failed':
      return `failed: ${event.code}`
    case 'upkeep':
      return 'daily upkeep'
    case 'started':
    case 'resumed':
      return `${event.work} ${event.event}`
    case 'paused':
    case 'stopping':
      return `${event.work} ${event.event}: ${event.reasons.join(', ')}`
    case 'ended':
      return endText(event)
  }
}

const endText = (event: Extract<AgentEvent, { event: 'ended' }>): string => {
  const { work, outcome, code, note, joules, method, points, joulesPerPoint } = event
  const gain =
    points === null
      ? ''
      : `, ${points.toFixed(1)} points ` +
        `gained${joulesPerPoint === null ? '' : `, ${Math.round(joulesPerPoint)} J a point`}`
  return (
    `${work} ${outcome}${code ? ` (${code})` : ''}${note ? `, ${note}` : ''}: ` +
    `${Math.round(joules)} J by ${method}${gain}`
  )
}
