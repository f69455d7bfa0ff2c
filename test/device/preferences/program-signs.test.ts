/** A program takes the answer over as it is: a wording for each sign, and what people say like it. */
import { describe, expect, test } from 'vitest'
import { programReason } from '../../../device/preferences/program.ts'

const ask = (content: string, system?: string) =>
  programReason({ messages: [{ role: 'user', content }], ...(system && { system }) })

describe('a program takes the answer over', () => {
  test.each([
    ['where it goes', 'Write a slogan for bread. Your reply is compiled verbatim.'],
    ['where it goes', 'Schreibe einen Slogan für Brot. Er wird vom Skript eingelesen.'],
    ['where it goes', 'Write a slogan for bread; it is inserted into the HTML.'],
    ['nothing beside it', 'Mend the commas. Give back the text, not a word about it.'],
    ['nothing beside it', 'Setze die Kommas. Nichts davor, nichts danach.'],
    ['nothing beside it', 'Übersetze die Zeile. Ohne Anführungszeichen.'],
    ['lines laid out', 'Look at the log. First line: good or bad.'],
    ['lines laid out', 'Lies das Protokoll. Zeile 1: gut oder schlecht.'],
    ['separators', 'Nenne vier Farben, getrennt durch |.'],
    ['bare words to choose from', 'Are these the same? Reply with same, different or unclear.'],
    ['bare words to choose from', 'Was will sie? Ein Wort aus der Liste.'],
    ['blanks', 'Fill it in: {"colour": "...", "size": "..."}'],
    ['blanks', 'Bring it into <order no="" date=""/>.'],
    ['blanks', 'Check the reply and give {"passed": true|false, "rule": number|null}.'],
    ['nothing beside it', 'A regex for ISO dates, nothing but the pattern.'],
    ['where it goes', 'Setze die Kommas. Der Text überschreibt das Eingabefeld.'],
    ['fields at the end', 'The soup was cold.\nsoup=\nservice='],
    ['data as a whole', '{"task": "cron", "input": "each Monday"}'],
  ])('%s: %s', (_, message) => {
    expect(ask(message)).not.toBeNull()
  })

  test.each([
    ['great phone, bad battery', 'Sentiment: pos / neg / neu'],
    ['next thursday 3pm', 'Convert to ISO 8601. Today: 2026-11-30.'],
    ['Bestellungen der letzten Woche', 'Aus Fragen machst du SQL für orders(id, total).'],
    ['Is the review positive? yes/no\n"Never again."', undefined],
    ['Fasse das in höchstens 12 Wörtern zusammen.\n\nDer Kamin ist zu.', undefined],
    ['How alike are these two? A number between 0.00 and 1.00.\nA: wet\nB: damp', undefined],
    ['Mask the names with ***. Everything else stays.\n\nCall Ann', undefined],
    ['Zerlege die Frage für die Suche.\n\nWer gründete die Firma?', undefined],
    ['my parcel', 'You route tickets. Teams: billing, shipping, tech. Name the team.'],
    ['Dateiname für die Notiz, ohne Endung.\n\nTreffen mit Ann', undefined],
  ])(
    'instructions describe a task and its output, without a dialogue: %j (%j)',
    (message, system) => {
      expect(ask(message, system)).not.toBeNull()
    },
  )

  test('a token stands for no answer', () => {
    expect(ask('Montags', 'Nenne jede Tatsache. Wenn keine da ist, gib KEINE aus.')).not.toBeNull()
    expect(ask('Mondays', 'Time to crontab. If impossible, print ERR')).not.toBeNull()
  })
})

describe('people read it', () => {
  test.each([
    ['What is a parser, and what does a compiler do with a file?', undefined],
    ['Was liest ein Skript zuerst?', undefined],
    ['Wird die Datei vom Compiler gelesen, bevor sie kompiliert wird?', undefined],
    ['Mein Skript liest die Datei, aber nichts davon kommt an.', undefined],
    ['Ich suche einen Namen für meine Datei, welcher Dateiname passt?\n\nNotizen', undefined],
    ['Wie findest du das, von 1 bis 10?\n\nDer Nebel im Apfelbaum', undefined],
    ['Wie fange ich an?', 'Du unterstützt Läufer. Daten: 7 km, 6:20 min/km'],
    ['Wie trenne ich Felder durch Kommas?', undefined],
    ['My script is broken: it prints ERR. What can I do?', undefined],
    ['hello', 'You help people with a sheet. The selection is provided as CSV.'],
    ['hallo', 'Du hilfst Kunden. Die Bestellungen bekommst du als JSON.'],
    ['hello', 'You help customers. Everything you write is sent as an SMS.'],
    ['hello', 'You help people. When they compare, show a table with one row per product.'],
  ])('%j (%j)', (message, system) => {
    expect(ask(message, system)).toBeNull()
  })
})

test.each([
  `one of [a${', a'.repeat(5000)}`,
  `is ${'very '.repeat(3000)}`,
  `{"a": ${'['.repeat(8000)}`,
  `convert ${'a to '.repeat(3000)}`,
  `${'a/b '.repeat(4000)}`,
  `If ${'not '.repeat(4000)}`,
  `${'<a b="" '.repeat(2000)}`,
  `x${' '.repeat(16_000)}=`,
  `${'“'.repeat(8000)}a`,
])('a hostile text takes no long time: %#', (text) => {
  const start = performance.now()
  ask(text, text)
  expect(performance.now() - start).toBeLessThan(2000)
})
