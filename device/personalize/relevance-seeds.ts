/** Requests with the dimensions of a profile that matter for them: what the relevance head learns from first. Written for this project. */
import type { Dimension } from '../../adapters/wire/personalization.ts'

export type RelevanceSeed = { readonly request: string; readonly dimensions: readonly Dimension[] }

/** Requests of a kind share what matters: one row a kind. */
const KINDS: readonly (readonly [dimensions: string, requests: readonly string[]])[] = [
  // Concepts explained.
  [
    'length lists emphasis directness examples closing',
    [
      'Explain how vaccines train the immune system.',
      'What is recursion in programming?',
      'Why do we have leap years?',
      'Can you explain what opportunity cost means?',
      'How does a heat pump warm a house in winter?',
      'What is the difference between weather and climate?',
      'How do noise-cancelling headphones work?',
      'What does it mean when a database is normalized?',
      'Help me understand what a metaphor is.',
      'Why does bread rise?',
    ],
  ],
  // Facts of science, money and the world, where quantities carry the answer.
  [
    'length directness numbers hedging',
    [
      'How much water does a person need in a day?',
      'What does it cost to run an electric car for a year?',
      'How fast is the Greenland ice sheet melting?',
      'How much protein is in a vegetarian diet, and is it enough?',
      'How big is the market for solar panels in Europe?',
      'How has life expectancy changed over the last century?',
      'What share of household income goes to rent in big cities?',
      'How much energy does a data centre use?',
    ],
  ],
  // Procedures.
  [
    'length lists directness closing steps',
    [
      'How do I change a flat bicycle tyre?',
      'How can I reset my wifi router?',
      'How do I make sourdough bread at home?',
      'My laptop will not charge. What should I try?',
      'How do I set up two-factor authentication for my email?',
      'How do you plant tomatoes on a balcony?',
      'How do I install a ceiling lamp safely?',
      'What do I have to do to register a small business?',
      'How do I back up the photos on my phone?',
      'My kitchen sink is blocked, how do I clear it?',
    ],
  ],
  // Comparisons.
  [
    'length lists emphasis tables numbers hedging',
    [
      'Compare renting and buying a flat.',
      'What are the pros and cons of Python and Java for a beginner?',
      'Which is better for the environment, trains or buses?',
      'Compare the main kinds of mortgages.',
      'How do oat milk, soy milk and cow milk differ?',
      'What are the differences between the Android and iPhone cameras?',
      'Compare running, cycling and swimming as exercise.',
      'Which phone plan suits somebody who travels a lot?',
    ],
  ],
  // Overviews and guides that need structure.
  [
    'length lists headings emphasis closing',
    [
      'Give me an overview of the history of the Roman Empire.',
      'Write a guide to visiting Japan for the first time.',
      'Write a report on the state of remote work.',
      'Prepare study notes on photosynthesis for an exam.',
      'Explain the whole process of making a film, from idea to release.',
      'Write documentation for a team that takes over our web shop.',
      'Describe the major schools of philosophy.',
      'Draft a proposal for a neighbourhood garden.',
    ],
  ],
  // Schedules and data laid out.
  [
    'lists tables headings questions numbers',
    [
      'Make me a training plan for a half marathon in twelve weeks.',
      'Plan the meals of a week for a family of four.',
      'Plan a budget for a student who moves into a first flat.',
      'Make a revision timetable for my finals.',
      'Lay out a weekly cleaning schedule for three flatmates.',
      'Draw up an itinerary for five days in Lisbon.',
    ],
  ],
  // Texts to somebody else.
  [
    'length tone emoji',
    [
      'Write an email to my boss asking for a day off.',
      'Write a birthday message for my grandmother.',
      'Draft a reply to a customer whose parcel is late.',
      'Write a post about our school concert for the parents.',
      'Help me write an invitation to our housewarming party.',
      'Write a thank-you note to my colleagues.',
      'Draft a message to my landlord about the broken heating.',
      'Write a caption for a photo of my dog at the beach.',
    ],
  ],
  // Stories and poems.
  [
    'length tone',
    [
      'Write a story about a lighthouse keeper.',
      'Write a poem about autumn rain.',
      'Tell me a bedtime story about a shy dragon.',
      'Write a dialogue between the sun and the moon.',
      'Write the opening of a detective novel set in Venice.',
    ],
  ],
  // Personal advice.
  [
    'length tone directness hedging questions closing',
    [
      'Should I quit my job to study again?',
      'My best friend does not answer my messages any more. What can I do?',
      'I feel stressed before every exam. How can I calm down?',
      'How do I tell my parents that I am moving abroad?',
      'I cannot decide between two job offers.',
      'How can I get better at saying no?',
      'My daughter does not want to go to school. What would you do?',
      'I want to make new friends in a new city.',
    ],
  ],
  // Health, law, money and the future: what is not certain.
  [
    'length directness hedging',
    [
      'Is it dangerous to take ibuprofen every day?',
      'Will house prices fall next year?',
      'Is it worth putting my savings into index funds?',
      'What could cause a pain in my left knee when I run?',
      'Can my employer read my private messages?',
      'Will artificial intelligence replace translators?',
      'Is coffee bad for the heart?',
      'Could there be life on the moons of Jupiter?',
    ],
  ],
  // Ideas.
  [
    'lists emphasis examples emoji questions',
    [
      'Give me ideas for a birthday present for my brother.',
      'Suggest names for a small bakery.',
      'What could we do on a rainy Sunday with the children?',
      'Brainstorm topics for a podcast about cities.',
      'Give me ideas for quick vegetarian dinners.',
      'What are some icebreakers for a team meeting?',
      'Suggest some books for a long train journey.',
    ],
  ],
  // Small talk.
  [
    'tone emoji questions',
    [
      'Hi! How is your day going?',
      'I just passed my driving test!',
      'Tell me something that cheers me up.',
      'Good morning, what shall we talk about?',
      'I am bored.',
      'We got a puppy yesterday!',
    ],
  ],
  // Learning a skill with practice.
  [
    'length examples questions steps closing',
    [
      'Teach me the basics of chess.',
      'Help me learn to read music.',
      'How do I use the subjunctive in Spanish?',
      'Teach me how to solve quadratic equations.',
      'Show me how to use pivot tables in a spreadsheet.',
      'How can I learn to draw faces?',
    ],
  ],
  // Nothing of style: one right answer, a given text, or code.
  [
    '',
    [
      'What is 17 times 23?',
      'Convert 68 degrees Fahrenheit to Celsius.',
      'What is the capital of Mongolia?',
      'In which year did the Titanic sink?',
      'Translate "good evening" into Italian.',
      'Translate this sentence into German: The train leaves at noon.',
      'What is the chemical symbol of tungsten?',
      'Solve for x: 3x + 5 = 20.',
      'Fix the bug in this function: def add(a, b): return a - b',
      'Why does this line raise a TypeError: len(5)?',
      "Correct the spelling: I recieved you're adress.",
      'What is the square root of 1764?',
      'How many days are there between 3 March and 19 April?',
      'Who wrote The Old Man and the Sea?',
      'What is the plural of "ox"?',
      'Sort these numbers: 9, 4, 27, 1, 15.',
      'Write a regular expression that matches a British postcode.',
      'Is 97 a prime number? Yes or no.',
      'Extract every date from the following text.',
      'Rewrite this SQL query so that it uses a join.',
      'What time is it in Tokyo when it is noon in London?',
      'Count the words in this paragraph.',
      'Return the names in this text as JSON.',
      'What is the atomic number of oxygen?',
      'Rename the variable x to total in this code.',
      'Spell "necessary".',
    ],
  ],
]

export const RELEVANCE_SEEDS: readonly RelevanceSeed[] = KINDS.flatMap(([names, requests]) => {
  const dimensions = names.split(' ').filter((n) => n !== '') as Dimension[]
  return requests.map((request) => ({ request, dimensions }))
})
