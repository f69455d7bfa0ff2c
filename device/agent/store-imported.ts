/** Imported choices in the device's store. */
import type { ChoiceLine } from '../../adapters/wire/choice-log.ts'
import { choiceKey } from '../../adapters/wire/read-choices.ts'
import type { Run } from './store.ts'

export type Imported = 'added' | 'replaced' | 'known'

type Row = { readonly body: string }

export const importedChoices = (run: Run) => ({
  importChoice: (key: string, choice: ChoiceLine): Imported => {
    adoptOlder(run, key, choice.id)
    const body = JSON.stringify({ ...choice, id: key })
    const at = choice.at ?? 0
    const kept = run.one<Row>('SELECT body FROM choices WHERE id = ?', key)
    if (kept?.body === body) return 'known'
    if (kept) {
      // A number of its own: what has read the choices up to the last one reads this one too.
      run.change(
        'UPDATE choices SET seq = (SELECT MAX(seq) + 1 FROM choices), at = ?, body = ? WHERE id = ?',
        at,
        body,
        key,
      )
      return 'replaced'
    }
    run.change(
      "INSERT INTO choices (id, at, source, body) VALUES (?, ?, 'import', ?)",
      key,
      at,
      body,
    )
    return 'added'
  },
})

/** Version 0.1 kept a choice under the id of its line alone. */
const adoptOlder = (run: Run, key: string, id: string): void => {
  const row = run.one<Row>("SELECT body FROM choices WHERE id = ? AND source = 'import'", id)
  const choice = row && (JSON.parse(row.body) as ChoiceLine)
  if (choice && choiceKey(choice) === key)
    run.change(
      'UPDATE choices SET id = ?, body = ? WHERE id = ?',
      key,
      JSON.stringify({ ...choice, id: key }),
      id,
    )
}
