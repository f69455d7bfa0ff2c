/** Topics about work and the office. */
import type { Topic } from './topic.ts'

export const WORK: readonly Topic[] = [
  {
    id: 'clear-emails',
    domain: 'work',
    subject: 'writing clear emails',
    terms: ['subject line', 'request', 'reader', 'deadline'],
    phrasings: [
      'How do I write emails that get answered?',
      'I send long emails to busy engineers and hardly ever get a reply. What am I doing wrong and how should I write them?',
      'What makes an email at work clear?',
    ],
    answer:
      'A clear email says in its first two lines what is wanted, from whom and by when, and keeps everything else below.',
    mechanism: [
      'A busy reader decides within seconds whether a message needs action, mostly from the subject line and the first sentence.',
      'One request per message gets done, since several invite the answer to the easiest and silence on the rest.',
    ],
    facts: [
      'In a large analysis of a mail client, messages of 50 to 125 words were answered most often.',
      'Office workers receive about 100 to 120 emails per day.',
    ],
    background: [
      'Ray Tomlinson sent the first mail between two computers in 1971 and chose the @ sign for the address.',
      'The abbreviation CC comes from carbon copies, which typists made with inked paper between two sheets.',
    ],
    steps: [
      'Write the request and the deadline before anything else.',
      'Put them into the first line and a short form of them into the subject line.',
      'Cut whatever the reader does not need in order to act.',
      'Read it once on a small screen before sending.',
    ],
    example: [
      'For example, "Budget: please confirm by Thursday noon" is opened sooner than "Some thoughts on our meeting".',
    ],
    analogy: [
      'An email is like a road sign: it has to be understood by someone who is passing and does not stop.',
    ],
    caveats: [
      'Bad news and criticism belong in a conversation, because a text carries no tone of voice.',
      'Copying many people is a common mistake, as everyone then waits for someone else to answer.',
    ],
    anecdote: [
      'A harbour master in Oslo answers only mails that fit on his watch, and his colleagues have learned to write them.',
    ],
    comparison: [
      'Chat suits quick questions among people who are present, whereas a mail suits what must be found again next year.',
    ],
    followUp: 'Who are the people that do not answer you?',
  },
  {
    id: 'giving-feedback',
    domain: 'work',
    subject: 'giving feedback to colleagues',
    terms: ['feedback', 'behaviour', 'effect', 'colleague'],
    phrasings: [
      'How do I give feedback without hurting someone?',
      'A colleague of mine keeps interrupting clients, and I am supposed to give her feedback on Friday. How should I say it?',
      'Why does feedback at work so often go wrong?',
    ],
    answer:
      'Useful feedback names one observed behaviour and its effect, soon and in private, and ends with what to do next time.',
    mechanism: [
      'People can change a behaviour, but they defend their character, so words about the person close their ears.',
      'The brain reads criticism as a threat to rank, and a calm place and a shared aim weaken that alarm.',
    ],
    facts: [
      'In a review of 600 experiments, about 38 percent of feedback made performance worse.',
      'Feedback helps most when it comes within 1 or 2 days.',
    ],
    background: [
      'The word comes from electronics, where engineers of the 1920s led part of an output back to the input.',
      'Yearly reviews were spread by armies and large companies, which wanted to rank people on a form.',
    ],
    steps: [
      'Ask whether this is a good moment.',
      'Describe what was seen and heard, without adjectives.',
      'Say what it led to, and stop talking.',
      'Agree on one thing to try until next week.',
    ],
    example: [
      'For example, "You spoke before she had finished, and she dropped her question" works better than "You never listen".',
    ],
    analogy: [
      'Good feedback is like a mirror held at the right angle: it shows the spot and adds no comment.',
    ],
    caveats: [
      'The popular sandwich of praise, blame, and praise tends to hide the point between two slices.',
      'Giving feedback on behalf of others is a frequent error, since nothing in it can be asked back.',
    ],
    anecdote: [
      'A conductor in Riga asks his players for feedback on himself first, and rehearsals have been gentler ever since.',
    ],
    comparison: [
      'Praise tells someone what to keep, while advice tells them what to change, and most people get too little of the former.',
    ],
    followUp: 'How well do you know the person?',
  },
  {
    id: 'job-interview',
    domain: 'work',
    subject: 'preparing for a job interview',
    terms: ['interview', 'stories', 'questions', 'employer'],
    phrasings: [
      'How should I prepare for a job interview?',
      'I have an interview as a lab technician next week, the first in twelve years. What should I do until then?',
      'What do interviewers really look for?',
    ],
    answer:
      'Prepare five short stories from past work, learn what the employer is struggling with, and bring questions of your own.',
    mechanism: [
      'Interviewers try to predict behaviour, and a concrete story lets them see how someone acted when it mattered.',
      'Rehearsing aloud moves the words from memory into habit, which leaves attention free for the person opposite.',
    ],
    facts: [
      'Most interviews last 45 to 60 minutes and hold 6 to 10 main questions.',
      'Structured interviews predict later performance with a correlation of about 0.4, unstructured ones with less than 0.2.',
    ],
    background: [
      'Thomas Edison made candidates answer more than a hundred questions about geography and trade in 1921.',
      'Interviews with a fixed list of questions were developed by psychologists who wanted to make hiring fairer.',
    ],
    steps: [
      'Read the advertisement and underline every task in it.',
      'Match each task with one story: situation, action, outcome.',
      'Practise the stories aloud with a friend.',
      'Plan the journey, the clothes, and three questions for the end.',
    ],
    example: [
      'For example, "I noticed that two samples had been swapped, and I traced it to a label printer" says more than "I am careful".',
    ],
    analogy: [
      'An interview is like an audition for two: the company hears the player, and the player hears the hall.',
    ],
    caveats: [
      'Never invent experience, because a single follow-up question is enough to reveal it.',
      'Speaking badly of the last employer is a classic mistake, however true it may be.',
    ],
    anecdote: [
      'A baker applied at a museum with a loaf under her arm, and the director still tells of the smell.',
    ],
    comparison: [
      'A phone interview tests facts and voice, whereas a visit tests how people would get along at eight in the morning.',
    ],
    followUp: 'Which question are you most afraid of?',
  },
  {
    id: 'prioritizing-tasks',
    domain: 'work',
    subject: 'setting priorities at work',
    terms: ['priorities', 'urgent', 'important', 'list'],
    phrasings: [
      'How do I decide what to work on first?',
      'My list has forty tasks, three bosses add to it, and everything is urgent. How can I set priorities?',
      'What is the difference between urgent and important tasks?',
    ],
    answer:
      'Do what is important before it becomes urgent: choose at most three results for the day and let the rest wait in writing.',
    mechanism: [
      'Urgent tasks come with a reminder of their own, while important ones stay silent, so habit favours the noise.',
      'An open task keeps occupying the mind, and writing it on a list with a date frees attention for the present one.',
    ],
    facts: [
      'Returning to a task after an interruption took 23 minutes on average in one field study.',
      'In many offices about 20 percent of the tasks bring 80 percent of the value.',
    ],
    background: [
      'Eisenhower quoted a college president in 1954 who had told urgent and important problems apart.',
      'For centuries the word priority was hardly ever used in the plural, since only one thing can come first.',
    ],
    steps: [
      'Write everything down in one place.',
      'Mark what would matter a month from now.',
      'Pick three of the marked tasks and give them hours in the calendar.',
      'Show the list to whoever adds to it and ask what should drop off.',
    ],
    example: [
      'For example, answering ten mails feels busy, but an hour on the tender due in March decides about the year.',
    ],
    analogy: [
      'A day is like a jar: put in the stones first, and the sand still finds room between them.',
    ],
    caveats: [
      'No method makes forty hours of work fit into thirty, so somebody has to say no.',
      'Sorting the list again and again is a popular way to avoid the first item on it.',
    ],
    anecdote: [
      'A head nurse keeps three pebbles in her left pocket and moves one to the right for each thing that really mattered.',
    ],
    comparison: [
      'A calendar shows the time that exists, whereas a list shows only wishes, and the two should meet every morning.',
    ],
    followUp: 'Who decides about your tasks?',
  },
  {
    id: 'working-from-home',
    domain: 'work',
    subject: 'working from home',
    terms: ['home office', 'routine', 'breaks', 'desk'],
    phrasings: [
      'How do I stay productive when working from home?',
      'Since March I work from home at the kitchen table and never really stop. How can I draw a line between work and evening?',
      'Does working from home make people more or less productive?',
    ],
    answer:
      'Working from home goes well with a fixed place, a fixed end, and agreed hours in which others can be reached.',
    mechanism: [
      'Places and gestures act as signals, so a desk used only for work starts concentration and leaving it ends it.',
      'Without a way home there is no pause in which the mind puts the day aside, and the tasks follow into the evening.',
    ],
    facts: [
      'In an experiment with 1,600 employees, two days a week at home cut resignations by about 33 percent.',
      'Workers saved 72 minutes of travel per day on average in a survey of 27 countries.',
    ],
    background: [
      'Before the factories most crafts were done at home, with the loom standing next to the beds.',
      'The word telecommuting was coined by Jack Nilles in 1973, when oil was scarce.',
    ],
    steps: [
      'Choose one corner and keep it for work alone.',
      'Begin with the same small ritual, such as a walk around the block.',
      'Agree with the team on hours for calls and hours for silence.',
      'Pack the laptop out of sight at the end of the day.',
    ],
    example: [
      'For example, someone without a study can put a lamp on the table that burns only during working hours.',
    ],
    analogy: [
      'The home office is like an open cookie jar: pleasant to have, if someone decides when it is closed.',
    ],
    caveats: [
      'A dining chair ruins the back within months, so raise the screen and support the spine early.',
      'Beginners at home often skip their breaks, and the afternoon pays for it.',
    ],
    anecdote: [
      'A translator in Ghent says goodbye to her cat at nine, walks around the house, and comes in again as an employee.',
    ],
    comparison: [
      'The office makes chance encounters easy, while home makes long concentration easy, which is why many teams mix them.',
    ],
    followUp: 'What does your place of work at home look like?',
  },
  {
    id: 'delegating',
    domain: 'work',
    subject: 'delegating tasks',
    terms: ['delegate', 'outcome', 'trust', 'check'],
    phrasings: [
      'How do I learn to delegate?',
      'I lead a team of five for the first time and end up doing half of their work at night. How do I delegate properly?',
      'Why is it so hard to hand over work to others?',
    ],
    answer:
      'To delegate well, hand over a whole outcome with its limits and its reason, agree on when to look at it, and then let go.',
    mechanism: [
      'Whoever owns the whole outcome can solve problems on the way, while a list of moves breaks at the first surprise.',
      'New leaders are often promoted for doing, so letting go feels like losing what made them good.',
    ],
    facts: [
      'Teaching a task commonly takes 3 to 5 times as long as doing it once, and pays off within weeks.',
      'In a study of 143 heads of fast-growing firms, those with a talent for it had 33 percent more revenue.',
    ],
    background: [
      'The Prussian army of the nineteenth century taught its officers to give aims instead of orders, since couriers came too late.',
      'Saint Benedict already told his abbots to share burdens with trustworthy deans.',
    ],
    steps: [
      'Pick a task that comes back every week.',
      'Say what the outcome should be and what must not happen.',
      'Let the other person repeat it in their own words.',
      'Fix one date to look at it together, and do not check before.',
    ],
    example: [
      'For example, "Customers should get an answer within a day, and refunds up to fifty euros are yours to decide" is a full handover.',
    ],
    analogy: [
      'Delegating is like teaching someone to ride a bike: a hand on the saddle, then only a shout from behind.',
    ],
    caveats: [
      'Some things cannot be handed over, such as conflicts about pay or a warning to a member of the team.',
      'Taking the work back at the first flaw is the usual mistake, and it teaches everyone to wait.',
    ],
    anecdote: [
      'A chef once spent an evening behind the counter with his hands in his pockets, and his kitchen ran better than ever.',
    ],
    comparison: [
      'Dumping passes on a burden without any power, whereas delegating passes on both.',
    ],
    followUp: 'Which task would you hand over first?',
  },
  {
    id: 'spreadsheet-basics',
    domain: 'work',
    subject: 'keeping spreadsheets tidy',
    terms: ['spreadsheet', 'rows', 'columns', 'formula'],
    phrasings: [
      'How do I keep a spreadsheet from becoming a mess?',
      'I inherited a spreadsheet with nine coloured tabs and formulas nobody understands. How do I clean it up?',
      'Why do spreadsheets contain so many errors?',
    ],
    answer:
      'Keep raw data in one table with one row per thing, do the calculation elsewhere, and never type a number into a formula.',
    mechanism: [
      'When each column holds one kind of value, sorting and filtering work without any repair.',
      'Numbers hidden in a formula cannot be seen or changed in one place, so copies drift apart over time.',
    ],
    facts: [
      'Audits of real spreadsheets found errors in about 88 percent of them, mostly in 1 to 5 percent of the formulas.',
      'An Excel sheet holds 1,048,576 rows and 16,384 columns.',
    ],
    background: [
      'VisiCalc brought the electronic sheet to the Apple II in 1979, and accountants bought the computer for its sake.',
      'In 2020 England lost thousands of test results for days because an old file format had run out of rows.',
    ],
    steps: [
      'Save a copy before touching anything.',
      'Gather all raw data in a single tab with one line of headers.',
      'Move every fixed number into a labelled cell of its own.',
      'Add one tab that says what each of the others is for.',
    ],
    example: [
      'For example, a tax rate in a cell named "rate" is changed once, while one typed into two hundred formulas is changed one hundred and ninety-nine times.',
    ],
    analogy: [
      'A tidy sheet is like a kitchen where the ingredients stay in the pantry and only the cooking happens on the stove.',
    ],
    caveats: [
      'Colour alone must not carry meaning, because it cannot be filtered reliably and gets lost in exports.',
      'Merged cells look neat and are a frequent cause of broken sorting.',
    ],
    anecdote: [
      'A beekeeper tracked forty hives in a sheet so clear that her vet asked to use it for his own patients.',
    ],
    comparison: [
      'A database guards its rules by itself and serves many people at once, whereas a sheet is quicker to change and easier to ruin.',
    ],
    followUp: 'What is the spreadsheet used for?',
  },
  {
    id: 'office-conflict',
    domain: 'work',
    subject: 'resolving a conflict with a coworker',
    terms: ['conflict', 'interests', 'conversation', 'coworker'],
    phrasings: [
      'How do I resolve a conflict with a coworker?',
      'My desk neighbour and I have barely spoken since a quarrel over holidays. How can I settle this conflict without the boss?',
      'Why do small conflicts between coworkers grow so large?',
    ],
    answer:
      'Talk early and in private, ask what the other side needs before arguing about solutions, and agree on one small change.',
    mechanism: [
      'Positions collide, while the interests behind them often fit together once they are spoken aloud.',
      'We excuse our own acts by circumstances and explain those of others by character, so both sides feel wronged.',
    ],
    facts: [
      'Employees spend about 2 to 3 hours per week on conflict, according to a survey in 9 countries.',
      'A first conversation of 30 minutes is usually long enough.',
    ],
    background: [
      'Mary Parker Follett argued in the 1920s that a conflict can be solved by a third way in which neither side gives in.',
      'Guilds of the Middle Ages kept elders whose task was to settle quarrels before they reached a court.',
    ],
    steps: [
      'Note what happened in two sentences without blame.',
      'Ask for half an hour in a neutral room.',
      'Listen first, and repeat what was heard.',
      'Propose one change on each side and a date to look back.',
    ],
    example: [
      'For example, two people who fought over a window found that one wanted air and the other no draught, and moved a desk.',
    ],
    analogy: [
      'A conflict is like a splinter: small while fresh, and inflamed when everyone waits for it to go away.',
    ],
    caveats: [
      'Bullying and harassment are no conflicts among equals, and they belong with a superior or a works council.',
      'Gathering allies first is a common mistake, because it turns two people into two camps.',
    ],
    anecdote: [
      'Two tram mechanics who had not spoken for a year made peace over a jammed coffee machine.',
    ],
    comparison: [
      'A mediator leads the talk but decides nothing, whereas a boss decides and need not lead any talk.',
    ],
    followUp: 'What would a good outcome be for you?',
  },
]
