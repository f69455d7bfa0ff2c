import { expect, test } from 'vitest'
import { fixedByApp } from '../../../device/personalize/app-style.ts'

const fixed = (text: string) => [...fixedByApp(text)].toSorted().join(' ')

test.each([
  ['You are a helpful assistant. Always respond in the language of the user.', ''],
  ['You are a helpful assistant. Your answers should be accurate.', ''],
  ['You can answer questions, summarize and translate text, and write code.', ''],
  ['Write math in LaTeX.', ''],
  ['Use Markdown to format your answers.', ''],
  ['If JSON is asked for, return only JSON.', ''],
  ['When the user asks for code, explain it in one sentence.', ''],
  ['Help the user write short stories, and give honest feedback.', ''],
  ['Our delivery times are short and our price lists are in the table.', ''],
  ['Think step by step before you answer.', ''],
  ['Du bist ein hilfreicher Assistent. Antworte in der Sprache des Nutzers.', ''],
  ['Du kannst kurze und lange Texte schreiben und Tabellen erstellen.', ''],
  ['Keep your answers short.', 'length'],
  ['You are a concise assistant.', 'length'],
  ['Provide accurate, helpful and detailed responses.', 'length'],
  ['Answer in at most three sentences.', 'length'],
  ['Responses must not exceed 120 words.', 'length'],
  ['Always use bullet points.', 'lists'],
  ['Never use emojis.', 'emoji'],
  ['Use a formal tone.', 'tone'],
  ['Speak like a pirate.', 'tone'],
  ['Do not use headings or bold text.', 'emphasis headings'],
  ['Present your answers as tables.', 'tables'],
  ['Plain text only.', 'emphasis headings lists steps tables'],
  ['Start directly with the answer.', 'directness'],
  ['Illustrate each answer with an example.', 'examples'],
  ['Hedge claims that are uncertain.', 'hedging'],
  ['Never ask the user questions.', 'questions'],
  ['Support claims with figures.', 'numbers'],
  ['Close every reply with an offer of further help.', 'closing'],
  ['Explain everything step by step.', 'steps'],
  ['Fasse dich kurz.', 'length'],
  ['Deine Antworten sind ausführlich.', 'length'],
  ['Sieze die Kundinnen und Kunden.', 'tone'],
  ['Verwende keine Emojis.', 'emoji'],
  ['Antworte in Stichpunkten.', 'lists'],
  ['Stelle keine Rückfragen.', 'questions'],
  ['Erkläre alles Schritt für Schritt.', 'steps'],
  ['Gib immer ein Beispiel.', 'examples'],
])('%s -> [%s]', (text, expected) => {
  expect(fixed(text)).toBe(expected)
})
