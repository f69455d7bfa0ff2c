/** Topics about language and writing. */
import type { Topic } from './topic.ts'

export const LANGUAGE: readonly Topic[] = [
  {
    id: 'english-spelling',
    domain: 'language',
    subject: 'the oddities of English spelling',
    terms: ['spelling', 'letters', 'pronunciation', 'printers'],
    phrasings: [
      'Why is English spelling so irregular?',
      'I teach English to adults from Ukraine and they despair over though, through and tough. How do I explain the spelling?',
      'How did English spelling become what it is?',
    ],
    answer:
      'English spelling froze in the age of the first printers, while the pronunciation went on changing and words kept coming in from abroad.',
    mechanism: [
      'During the Great Vowel Shift the long vowels moved to new places in the mouth, but the letters stayed where they were.',
      'Scholars added silent letters to show a Latin origin, as in debt and island, the latter by mistake.',
    ],
    facts: [
      'English has about 44 sounds and 26 letters, and more than 200 ways of writing those sounds.',
      'Roughly 80 percent of words follow patterns that can be taught.',
    ],
    background: [
      'William Caxton set up his press in Westminster in 1476, and his Flemish workers brought habits such as the h in ghost.',
      'Noah Webster dropped the u from colour for the new American republic, and many of his bolder ideas failed.',
    ],
    steps: [
      'Teach families of words that share a pattern.',
      'Say where a word came from when that explains its letters.',
      'Keep a short list of true exceptions and practise it daily.',
      'Read aloud a lot, so that the eye and the ear meet.',
    ],
    example: [
      'For example, the gh in night was once a rough sound, as in German Nacht, and the letters outlived it.',
    ],
    analogy: [
      'The spelling is like an old town: the streets make no sense on a plan, but each bend had its reason.',
    ],
    caveats: [
      'A reform would cut the link to older books and could suit only one of many accents.',
      'Trusting a checker is a common mistake, since it lets pass every wrong word that exists.',
    ],
    anecdote: [
      'A sign painter in Cork once wrote cafe with two f because the wall was wide, and the name has stayed.',
    ],
    comparison: [
      'Spanish and Finnish spell almost as they speak, whereas French keeps as many silent letters as English.',
    ],
    followUp: 'Which words give your learners the most trouble?',
  },
  {
    id: 'comma-rules',
    domain: 'language',
    subject: 'commas in English',
    terms: ['comma', 'clause', 'sentence', 'pause'],
    phrasings: [
      'When do I need a comma in English?',
      'My editor marks twenty commas per page, some to add and some to delete. Which rules do I need to know?',
      'What is the Oxford comma and does it matter?',
    ],
    answer:
      'A comma separates items in a list, sets off what could be left out, and stands before a conjunction that joins two full sentences.',
    mechanism: [
      'Readers take in a sentence in chunks, and a comma shows where one chunk ends so that they need not turn back.',
      'A pair of marks around a clause says that it adds information, while none says that it picks out which thing is meant.',
    ],
    facts: [
      'Commas and full stops together make up about 90 percent of the marks in English prose.',
      'A missing comma in a law of Maine led to a settlement of 5 million dollars with dairy drivers.',
    ],
    background: [
      'The printer Aldus Manutius gave the mark its present form in Venice in the 1490s.',
      'Before that, marks told speakers where to breathe, and writers in Rome often used none at all.',
    ],
    steps: [
      'Find the verb of each clause.',
      'Take out the words between two commas and see whether the sentence still stands.',
      'Check that no single comma parts a subject from its verb.',
      'Decide on the serial comma once and keep to it.',
    ],
    example: [
      'For example, "My brother, who lives in Rome, cooks" has one brother, and without the commas there may be three.',
    ],
    analogy: ['Commas are like handrails: few people notice them until one is missing.'],
    caveats: [
      'Placing a mark wherever one would pause is unreliable, because people pause in different places.',
      'Joining two full sentences by a comma alone is the mistake that editors mark most.',
    ],
    anecdote: [
      'A poet claimed that he had spent a morning putting in a comma and the afternoon taking it out again.',
    ],
    comparison: [
      'German sets commas by grammar alone, while English leaves more to the ear and to the taste of the house.',
    ],
    followUp: 'What kind of texts do you write?',
  },
  {
    id: 'children-learn-to-speak',
    domain: 'language',
    subject: 'how children learn to speak',
    terms: ['babies', 'words', 'sounds', 'grammar'],
    phrasings: [
      'How do children learn to speak?',
      'Our son is twenty months old and says only six words. How does speech develop, and what can we do to help?',
      'Why do small children learn a language so easily?',
    ],
    answer:
      'Children learn to speak by listening for patterns from before birth, trying out sounds, and talking with people who answer them.',
    mechanism: [
      'Babies keep count of which syllables follow each other, and so they find the borders of words in the stream.',
      'Mistakes such as "goed" show that they do not merely copy, since they have found a rule and apply it everywhere.',
    ],
    facts: [
      'First words come at about 12 months, 50 words at around 18 to 24 months, and short sentences soon after.',
      'A child of 6 understands roughly 10,000 words.',
    ],
    background: [
      'King James of Scotland is said to have sent two infants to an island with a mute nurse to learn what they would speak.',
      'In the 1980s deaf pupils in Nicaragua created a full sign language of their own within a few years.',
    ],
    steps: [
      'Talk about what the child is looking at.',
      'Wait for an answer, even if it is only a sound.',
      'Repeat a faulty sentence in its right form without blame.',
      'Read the same picture book again and again.',
    ],
    example: [
      'For example, when a child says "car gone", a parent can answer "Yes, the red car has gone home".',
    ],
    analogy: [
      'Early talk is like a game of catch: the ball must come back, or the child stops throwing.',
    ],
    caveats: [
      'See a doctor if a child of two has fewer than fifty words or does not react to sounds, for hearing comes first.',
      'A screen does not replace a person, because it never waits for an answer.',
    ],
    anecdote: [
      'A lorry driver recorded bedtime stories on the road, and his twins knew the blinker as part of the plot.',
    ],
    comparison: [
      'Adults learn rules and words faster at the start, whereas children end up with a better accent.',
    ],
    followUp: 'Does he understand what is said to him?',
  },
  {
    id: 'writing-systems',
    domain: 'language',
    subject: 'writing systems of the world',
    terms: ['alphabet', 'script', 'signs', 'syllables'],
    phrasings: [
      'Which kinds of writing systems are there?',
      'My pupils asked why Chinese has thousands of signs and we have twenty-six letters. How do I explain the kinds of scripts?',
      'How was writing invented?',
    ],
    answer:
      'Scripts write either words, syllables, or single sounds, and every alphabet in use goes back to a few inventions.',
    mechanism: [
      'A picture of a thing was used for a word that sounds like it, and with this trick signs began to stand for sounds.',
      'The fewer units a script writes, the fewer signs it needs, but the longer its words become.',
    ],
    facts: [
      'Reading a Chinese newspaper takes about 3,000 characters, while the Hawaiian alphabet has 13 letters.',
      'Writing was invented independently at least 3 times: in Mesopotamia, in China, and in Central America.',
    ],
    background: [
      'The first clay tablets of Uruk record barley and sheep, since writing began as bookkeeping.',
      'King Sejong had the Korean alphabet made in the 1440s so that ordinary people could learn to read.',
    ],
    steps: [
      'Let the pupils draw a message without letters.',
      'Ask them to write a name with pictures that sound like it.',
      'Compare how many signs each idea needs.',
      'Show a page in Korean and build one block together.',
    ],
    example: [
      'For example, drawings of a bee and a leaf can be read together as "belief" in English.',
    ],
    analogy: [
      'An alphabet is like a box of few bricks and long walls, and a script of words like ready-made rooms.',
    ],
    caveats: [
      'Chinese characters are no pictures: most consist of a hint at the meaning and a hint at the sound.',
      'Do not mix up script and language, because Turkish changed its letters within months in 1928 and stayed Turkish.',
    ],
    anecdote: [
      'Sequoyah, who could read no language, watched settlers with their papers and gave the Cherokee a script of their own.',
    ],
    comparison: [
      'Arabic and Hebrew mostly leave out short vowels, whereas Greek was the first script to write them all.',
    ],
    followUp: 'How old are your pupils?',
  },
  {
    id: 'proofreading',
    domain: 'language',
    subject: 'proofreading your own text',
    terms: ['proofreading', 'errors', 'draft', 'aloud'],
    phrasings: [
      'How do I proofread my own writing?',
      'I always find a typo right after I have sent the report. How can I proofread better with little time?',
      'Why do I overlook errors in my own draft?',
    ],
    answer:
      'Make the draft look and sound new: let it rest, change its font, read it aloud, and hunt for one kind of errors at a time.',
    mechanism: [
      'We read what we expect, and since authors know what they meant, the brain fills in the missing word.',
      'Reading aloud slows the eye and brings in the ear, which trips over what the eye forgives.',
    ],
    facts: [
      'Skilled readers take in about 250 words per minute, but careful proofreading goes at less than 100.',
      'The eye skips around 30 percent of the words, mostly short ones such as "of" and "the".',
    ],
    background: [
      'An edition of the Bible from 1631 left out the word "not" in a commandment, and its printers were fined.',
      'Correctors in early print shops had a boy read the manuscript aloud while they followed the sheet.',
    ],
    steps: [
      'Leave the text alone for a night or at least for a walk.',
      'Print it or change the font.',
      'Read it aloud from the first line to the last.',
      'Check names, figures, and dates in a pass of their own.',
    ],
    example: [
      'For example, reading the sentences from the end to the beginning reveals spelling slips that the story had covered.',
    ],
    analogy: [
      'It is like tidying your own room: only a visitor at the door makes you see the chair full of clothes.',
    ],
    caveats: [
      'Automatic checkers miss whole words that are wrong but exist, such as "form" for "from".',
      'Correcting style and commas in the same pass is a frequent mistake, and both suffer.',
    ],
    anecdote: [
      'A court clerk reads each judgement to her parrot, which squawks whenever she hesitates.',
    ],
    comparison: [
      'Editing changes what a text says and how, whereas proofreading only removes what is wrong.',
    ],
    followUp: 'What kind of slip do you make most often?',
  },
  {
    id: 'loanwords',
    domain: 'language',
    subject: 'loanwords',
    terms: ['loanword', 'borrowed', 'language', 'trade'],
    phrasings: [
      'Why do languages borrow words from each other?',
      'My grandfather complains that our language is drowning in foreign words. Is that so, and where do loanwords come from?',
      'How does a foreign word become part of a language?',
    ],
    answer:
      'A language borrows words along with things, ideas, and prestige, and within a generation or two they sound as if they were its own.',
    mechanism: [
      'A new thing often arrives with its name, and borrowing that name is easier than coining one.',
      'Speakers bend the borrowed sounds to those they know, then add their own endings, until nobody notices.',
    ],
    facts: [
      'About 60 percent of the words in an English dictionary come from Latin or French, but nearly all of the 100 most frequent ones are Old English.',
      'Of 41 languages in a large comparison, each had borrowed on average 24 percent of its basic vocabulary.',
    ],
    background: [
      'Sugar, cotton, and lemon came into Europe with traders, by way of Arabic.',
      'After 1066 the nobles of England spoke French, which is why the animal is a cow in the field and beef on the plate.',
    ],
    steps: [
      'Pick a word and look up its oldest form.',
      'Note the century in which it was first written down.',
      'Ask what people traded or admired at that time.',
      'Draw its way on a map.',
    ],
    example: [
      'For example, ketchup seems to have begun as a fish sauce on the coast of China and turned into tomatoes in America.',
    ],
    analogy: [
      'A vocabulary is like a kitchen: the tomatoes and potatoes were foreign once, and now they are home cooking.',
    ],
    caveats: [
      'Similar words are not always related, for chance and baby talk make mama sound alike all over the world.',
      'Complaints about decay are as old as writing, and no language is known to have died of borrowing alone.',
    ],
    anecdote: [
      'An Icelandic professor made a word for the computer out of number and prophetess, and his neighbours use it to this day.',
    ],
    comparison: [
      'Japanese marks foreign words by a script of their own, whereas English takes them in without even a hyphen.',
    ],
    followUp: 'Which foreign words does he dislike most?',
  },
  {
    id: 'sonnets',
    domain: 'language',
    subject: 'writing a sonnet',
    terms: ['sonnet', 'rhyme', 'iambic', 'lines'],
    phrasings: [
      'How is a sonnet built?',
      'I want to write a sonnet for the silver wedding of my parents and have never written a verse. How do I go about it?',
      'Why has the sonnet survived for so many centuries?',
    ],
    answer:
      'A sonnet states a thought in a fixed number of rhymed lines, turns it once, and closes on a new view of it.',
    mechanism: [
      'The turn in the middle forces a poem to argue with itself, which keeps it from being mere praise.',
      'In iambic verse a weak beat is followed by a strong one, close enough to speech to stay natural.',
    ],
    facts: [
      'A sonnet has 14 lines, in English mostly of 10 syllables each.',
      'Shakespeare published 154 of them, Petrarch left 317.',
    ],
    background: [
      'Giacomo da Lentini, a lawyer at the court in Palermo, seems to have invented the form in the thirteenth century.',
      'Thomas Wyatt brought it from Italy to England, where fewer rhymes led to a new pattern with a couplet.',
    ],
    steps: [
      'Write in prose what you want to say and what speaks against it.',
      'Find the closing couplet first.',
      'Collect rhymes around its key words.',
      'Fill the quatrains, and read them aloud while tapping the beat.',
    ],
    example: [
      'For example, "Shall I compare thee to a summer\'s day" asks a question that the next lines answer with no.',
    ],
    analogy: [
      'The form is like a small suitcase: it decides what comes along, and the journey is better for it.',
    ],
    caveats: [
      'Twisting a sentence for the sake of a rhyme is what gives beginners away.',
      'Perfectly even beats soon sound like a nursery song, so a few of them should stumble.',
    ],
    anecdote: [
      'A notary in Siena slipped a sonnet into every contract of marriage for thirty years, on the last page.',
    ],
    comparison: ['A haiku shows one moment and stops, while a sonnet has room to change its mind.'],
    followUp: 'What should the poem say about the two?',
  },
  {
    id: 'accents-dialects',
    domain: 'language',
    subject: 'accents and dialects',
    terms: ['accent', 'dialect', 'vowels', 'standard'],
    phrasings: [
      'What is the difference between an accent and a dialect?',
      'I am moving from Glasgow to London and people keep asking me to repeat myself. Should I change my accent, and how?',
      'Why do dialects arise and why do they fade?',
    ],
    answer:
      'An accent concerns only pronunciation, while a dialect also has words and grammar of its own, and everybody speaks with both.',
    mechanism: [
      'People who talk with each other grow alike in speech, so hills, borders, and classes turn into lines between dialects.',
      'Speakers shift towards those they want to belong to, mostly without noticing it.',
    ],
    facts: [
      'Only about 2 to 3 percent of people in Britain speak with the old accent of the BBC.',
      'Most adults can recognise where a speaker comes from after less than 1 second of speech.',
    ],
    background: [
      'The Book of Judges tells how refugees were found out at a ford by their way of saying shibboleth.',
      'Standard languages often began as the dialect of a court or of a Bible, as in Paris and Saxony.',
    ],
    steps: [
      'Slow down and keep the accent.',
      'Record a minute of speech and note where listeners stumble.',
      'Change two or three vowels that hide the meaning, and leave the rest.',
      'Spare local words in the first weeks and explain them later.',
    ],
    example: [
      'For example, a Scot who says "outwith" uses dialect, and one who rolls the r in "work" has an accent.',
    ],
    analogy: [
      'Accents are like handwriting: nobody has none, and each tells a little about the school.',
    ],
    caveats: [
      'A dialect is no broken form of the standard, since its grammar is just as regular.',
      'Imitating others can come across as mockery, which is a mistake that newcomers make with good intent.',
    ],
    anecdote: [
      'A pair of twins parted at ten, to Leeds and Dublin, and met again at forty unable to tell a joke in the same tune.',
    ],
    comparison: [
      'Whether two ways of speaking count as dialects or languages is often politics, as Danish and Norwegian show next to Arabic.',
    ],
    followUp: 'In which situations are you asked to repeat yourself?',
  },
]
