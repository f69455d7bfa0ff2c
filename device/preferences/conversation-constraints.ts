/**
 * The constraints on one request: what the app's instructions fix (system prompt and system
 * messages), what the newest message demands, and lasting demands of earlier messages. A one-off
 * demand, such as a translation or a table, ends with its answer.
 */
import { DIMENSIONS } from '../records/preference.ts'
import { textOf } from '../text/request-text.ts'
import { fixedByApp } from './app-style.ts'
import { type Constraints, constraintsOf } from './constraints.ts'
import { bothPoles, type Pole } from './dimensions.ts'
import { lastingPart } from './lasting.ts'
import { type Asked, askedByInstructions } from './program.ts'

type Demander = 'app' | 'message'

export type ConversationConstraints = Constraints & {
  /** Who silences each silent preference; the app where both do. */
  readonly silencedBy: ReadonlyMap<Pole, Demander>
}

export const constraintsInConversation = ({
  system,
  instructions = [],
  messages,
}: Asked): ConversationConstraints => {
  const ofApp = [...(system === undefined ? [] : [textOf(system)]), ...instructions]
  const said = messages.filter((m) => m.role === 'user').map((m) => textOf(m.content))
  const current = constraintsOf(said.slice(-1))
  const lasting = constraintsOf(said.slice(0, -1).map(lastingPart))
  const fixed = new Set(ofApp.flatMap((text) => [...fixedByApp(text)]))
  const byApp = [...fixed].flatMap(bothPoles)
  const byPerson = [...current.silent, ...lasting.silent]
  return {
    strictOutput: current.strictOutput || ofApp.some((text) => askedByInstructions(text) !== null),
    otherLanguage: current.otherLanguage || lasting.otherLanguage,
    dimensions: new Set(
      DIMENSIONS.filter((d) =>
        [fixed, current.dimensions, lasting.dimensions].some((some) => some.has(d)),
      ),
    ),
    silent: new Set([...byApp, ...byPerson]),
    silencedBy: new Map<Pole, Demander>([
      ...byPerson.map((pole): [Pole, Demander] => [pole, 'message']),
      ...byApp.map((pole): [Pole, Demander] => [pole, 'app']),
    ]),
  }
}
