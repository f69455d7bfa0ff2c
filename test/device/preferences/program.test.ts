import { describe, expect, test } from 'vitest'
import { programReason } from '../../../device/preferences/program.ts'

const ask = (content: string, system?: string) =>
  programReason({ messages: [{ role: 'user', content }], ...(system && { system }) })

describe('a program reads the answer', () => {
  test.each([
    ['Name this chat in three to five words. Reply with the name only.', undefined],
    ['hi there', 'Generate a title for the conversation that follows.'],
    ['Suggest three follow-up questions that the user might ask next.', undefined],
    [
      'Rewrite the question as a standalone question.\n\nChat history:\n…\n\nStandalone question:',
      undefined,
    ],
    ['Summarize the conversation so far, it replaces the messages.', undefined],
    ['Return only JSON {"answer": string}: why is the sky blue?', undefined],
    [
      'It came late.',
      'Classify the review as positive, negative or neutral. Answer with one word.',
    ],
    [
      'It came late.',
      'Choose one of the following categories: BILLING, OTHER. Reply with the category only.',
    ],
    ['Determine whether the message is spam. Answer yes or no.\n\nYou won a cruise.', undefined],
    ['Rate the answer on a scale of 1 to 5. Output the number only.', undefined],
    ['Extract names and dates as a JSON array: Ann came in May.', undefined],
    ['Translate the line. Write the translation inside <out> tags.\n\nGood night.', undefined],
    ['Good night.', 'Translate. The translation must be wrapped in <out> tags.'],
    ['teh cat', 'Fix the spelling. Return only the corrected text.'],
    ['Formuliere einen Titel für diese Unterhaltung. Antworte nur mit dem Titel.', undefined],
    [
      'Es kam zu spät.',
      'Ordne die Nachricht einer der folgenden Kategorien zu. Gib nur die Kategorie aus.',
    ],
    [
      'Prüfe, ob die Nachricht Werbung ist. Antworte mit Ja oder Nein.\n\nSie haben gewonnen.',
      undefined,
    ],
    ['Antworte ausschließlich mit gültigem JSON: die Planeten.', undefined],
    ['Ann, Leeds', 'The answer is a JSON object with name and place.'],
    ['Bonjour', 'Bestimme die Sprache und gib den ISO-Code aus.'],
    ['win a cruise', 'You are a spam detector.'],
    ['login is down', 'Rank the incident P1 to P3. Reply with the priority.'],
    ['the roof', 'Suggest a filename for the note. Lowercase, no extension.'],
    ['my dog is Bo', 'Create a memory entry about the user, or NONE.'],
    ['rote Schuhe', 'Wandle die Anfrage in einen Filter um.'],
    ['you idiot', 'Reply BLOCK if the message breaks the rules, otherwise ALLOW.'],
    ['Honey keeps for years.', 'Does the passage support it? Reply SUPPORTED or REFUTED.'],
    ['every monday at 9', 'Turn the wish into a cron line. Respond with the expression alone.'],
    ['warm shoes', 'You turn questions into keyword queries for a shop.'],
    ['what is 3*7', 'Choose the tool to call: search, calculator, none.'],
    ['Find the invoice number. If there is none output NONE.\n\nInvoice 4711, May.', undefined],
    ['Classify the mood as happy, sad or neutral.\n\nThe soup was cold.', undefined],
    ['Mein Paket ist kaputt', 'Ermittle das Anliegen: kaufen, reklamieren, fragen.'],
    ['Frage: wie alt? Antwort: blau', 'Entscheide, ob sie passt. Ausgabe: 0 oder 1.'],
    ['Schreibe einen Betreff für die E-Mail. Nur den Betreff.\n\nHallo!', undefined],
  ])('%j (%j)', (content, system) => {
    expect(ask(content, system)).not.toBeNull()
  })
})

describe('a person reads it', () => {
  test.each([
    ['Is it true that goldfish forget everything?', undefined],
    ['Summarize this article for me: The weir is closed.', undefined],
    ['Give me a title for my essay about whales.', undefined],
    ['Which is better, flash cards or re-reading?', undefined],
    ['What is JSON, and who returns only JSON?', undefined],
    ['Rate my cover letter, and tell me what to improve.', undefined],
    ['Should I answer yes or no when they ask?', undefined],
    ['Answer YES or NO questions in English: how do they work?', undefined],
    ['Pick a pet that suits a small flat: cat, dog, fish?', undefined],
    ['Create a meal plan with these: rice, beans, onions.', undefined],
    ['Write HTML or Markdown, whichever is easier, and explain it.', undefined],
    ['Why is the sky blue?', 'You help in a spreadsheet. Its rows are given as CSV.'],
    ['Why is the sky blue?', 'You help in a shop. The catalogue is a JSON file below.'],
    ['Warum ist der Himmel blau?', 'Du hilfst im Laden. Die Preise liegen als CSV vor.'],
    ['Why is the sky blue?', 'You are embedded in a spreadsheet for shops.'],
    ['Why is the sky blue?', 'You help in a shop. Orders are stored in the database.'],
    ['Warum ist der Himmel blau?', 'Die Termine werden in der Datenbank gespeichert.'],
    ['Why is the sky blue?', 'You turn hard topics into simple stories for children.'],
    ['Why does my function return only None?', undefined],
    ['Why is the sky blue?', 'If JSON is asked for, return only JSON.'],
    ['Why is the sky blue?', 'You can classify texts, write titles and summarize conversations.'],
    [
      'Why is the sky blue?',
      'Respond only in the language of the user. Only answer questions about physics.',
    ],
    [
      'Why is the sky blue?',
      "Answer the user's questions. At the end, suggest two follow-up questions.",
    ],
    ['Question: Why is the sky blue?\nHelpful answer:', 'Use the context to answer.'],
    // What pydantic-ai puts before an app's own instructions says how messages come, not how to answer.
    [
      'Why is the sky blue?',
      'System messages arrive inside user turns wrapped in <system> tags. Answer visitors.',
    ],
    ['Why is the sky blue?', 'The query of the user is enclosed in <query> tags.'],
    ['Bewerte mein Anschreiben und sag mir, was ich besser machen kann.', undefined],
    ['Note 3: Tides follow the moon, twice a day. Why are there two?', undefined],
    [
      'Warum ist der Himmel blau?',
      'Antworte nur auf Deutsch und nur mit Informationen aus dem Kontext.',
    ],
  ])('%j (%j)', (content, system) => {
    expect(ask(content, system)).toBeNull()
  })
})

test('reads megabytes in time', () => {
  for (const piece of [
    'return ',
    'only ',
    '"',
    'User: ',
    '<a>',
    'answer wrapped ',
    'yes or ',
    'A, ',
    '\n',
    '{"a": ',
  ])
    expect(ask(piece.repeat(1_000_000 / piece.length))).toBeDefined()
})
