/** Topics about people and family. */
import type { Topic } from './topic.ts'

export const PEOPLE: readonly Topic[] = [
  {
    id: 'toddler-tantrums',
    domain: 'people',
    subject: 'tantrums of toddlers',
    terms: ['tantrum', 'toddler', 'feelings', 'calm'],
    phrasings: [
      'How do I deal with the tantrums of a toddler?',
      'My two-year-old throws herself on the floor of the supermarket whenever I say no. What can I do in that moment?',
      'Why do toddlers have tantrums at all?',
    ],
    answer:
      'A tantrum is an overflow of feelings that a toddler cannot steer yet: stay close and calm, keep the limit, and talk afterwards.',
    mechanism: [
      'The front of the brain, which holds back impulses, matures last, so the storm runs its course once it has begun.',
      'A calm adult lends the child a steady rhythm of breath and voice, which shortens the crying.',
    ],
    facts: [
      'Most tantrums last 1 to 5 minutes, and they are most frequent between 18 months and 3 years.',
      'More than 80 percent of two-year-olds have them, many of them once per day.',
    ],
    background: [
      'Doctors of the nineteenth century took such fits for an illness and prescribed cold baths against them.',
      'In many languages this age has a name of its own, from the terrible twos to the little puberty.',
    ],
    steps: [
      'Move the child out of danger and kneel down.',
      'Name the feeling in a short sentence.',
      'Keep to the decision without arguing about it.',
      'Offer a hug when the crying changes its tone.',
    ],
    example: [
      'For example, "You wanted the red cup and you are angry" often works sooner than an explanation of why the cup is dirty.',
    ],
    analogy: [
      'A tantrum is like a summer storm: nobody can stop it, and a roof nearby is all that is needed.',
    ],
    caveats: [
      'Talk to a doctor when a child hurts itself again and again or still rages daily after the age of five.',
      'Giving in halfway through is the classic mistake, since it shows that a loud voice pays.',
    ],
    anecdote: [
      'A father in Turin lay down next to his screaming son in the shop, and both began to laugh at the ceiling lamp.',
    ],
    comparison: [
      'A tantrum ends once the feeling is spent, whereas a power struggle ends only when somebody has won.',
    ],
    followUp: 'In which situations does it happen most?',
  },
  {
    id: 'sibling-quarrels',
    domain: 'people',
    subject: 'quarrels between brothers and sisters',
    terms: ['siblings', 'quarrel', 'fair', 'parents'],
    phrasings: [
      'How should parents handle quarrels between siblings?',
      'My sons, six and nine, fight about everything from the sofa to the last biscuit. When should I step in and how?',
      'Why do siblings quarrel so much?',
    ],
    answer:
      'Step in early when it hurts, otherwise describe the problem, let the siblings find a solution, and never decide who started it.',
    mechanism: [
      'Brothers and sisters compete for the attention of their parents, and a quarrel that draws a judge has already paid.',
      'Fighting and making up in a safe place trains bargaining, and children practise it with the person who will still be there tomorrow.',
    ],
    facts: [
      'Observers counted about 3 to 7 quarrels per hour between young siblings at play.',
      'The rate is highest while the younger one is between 2 and 4 years old.',
    ],
    background: [
      'Alfred Adler made the order of birth famous a century ago, yet large studies find hardly any effect on character.',
      'Stories of rival brothers are among the oldest there are, from Cain and Abel to Romulus and Remus.',
    ],
    steps: [
      'Stop blows at once and part the two without a sermon.',
      'Let each of them say what happened in one sentence.',
      'Repeat the problem as one that both of them have.',
      'Ask for ideas, and leave the room when a bargain is near.',
    ],
    example: [
      'For example, one cuts the cake and the other chooses, and the slices turn out equal to a crumb.',
    ],
    analogy: [
      'A parent is like a good referee, who keeps the game going and does not play for either side.',
    ],
    caveats: [
      'One child who is always afraid of the other is being bullied, and then adults have to protect it.',
      'Comparing the two, even with praise, is a frequent error that feeds the rivalry.',
    ],
    anecdote: [
      'Two sisters in their seventies still toss a coin for the front seat, with the coin their mother gave them.',
    ],
    comparison: [
      'Friends can leave after a quarrel, whereas siblings must come to terms, which is why they dare to shout.',
    ],
    followUp: 'What do the two fight about most often?',
  },
  {
    id: 'making-friends',
    domain: 'people',
    subject: 'making friends as an adult',
    terms: ['friends', 'repetition', 'hours', 'invitation'],
    phrasings: [
      'How do adults make new friends?',
      'I moved to a new city at 34 for my job and know nobody outside the office. How do I find friends here?',
      'Why is it harder to make friends after thirty?',
    ],
    answer:
      'Friends come from seeing the same people again and again around something shared, and from someone who makes the first invitation.',
    mechanism: [
      'Mere repetition makes faces familiar, and familiar people are judged more kindly.',
      'Closeness grows when two people tell a little more about themselves in turn and find it well received.',
    ],
    facts: [
      'One study found that it takes about 50 hours together to become casual friends and over 200 to become close ones.',
      'Most people can keep up around 5 very close ties and 15 good ones.',
    ],
    background: [
      'Aristotle told friendships of use and pleasure from those of character, and thought that the last need time and salt eaten together.',
      'In the 1950s researchers found that students befriended those whose doors they passed on the way to the stairs.',
    ],
    steps: [
      'Choose a weekly activity with the same people, such as a choir or a climbing group.',
      'Go at least six times before judging it.',
      'Invite one person to something small and definite.',
      'Write to them again within two weeks.',
    ],
    example: [
      'For example, "A few of us eat soup after practice, will you join?" is easier to accept than "We should meet sometime".',
    ],
    analogy: [
      'Friendship is like a campfire: it needs small sticks and regular attention before it takes a log.',
    ],
    caveats: [
      'Loneliness that lasts makes people suspicious, so the first refusals often mean less than they seem to.',
      'A common mistake is to wait until one feels confident, which comes only afterwards.',
    ],
    anecdote: [
      'A widower in Malmö repaired bicycles in the yard each Sunday, and after a year he had to borrow chairs.',
    ],
    comparison: [
      'Acquaintances bring news and jobs, while close friends bring soup, and a good life has some of both.',
    ],
    followUp: 'What do you like to do that others could join?',
  },
  {
    id: 'listening-well',
    domain: 'people',
    subject: 'listening well',
    terms: ['listening', 'silence', 'questions', 'advice'],
    phrasings: [
      'How do I become a better listener?',
      'My partner says I never listen and always come up with solutions. How can I learn to listen better?',
      'Why is listening so hard?',
    ],
    answer:
      'Good listening means wanting to understand before answering: leave silence, repeat what was meant, and hold back advice until it is asked for.',
    mechanism: [
      'Thought runs much faster than speech, so the idle part of the mind starts to prepare a reply.',
      'Hearing their own words repeated tells speakers that they were understood, and then they go deeper.',
    ],
    facts: [
      'People speak about 125 to 150 words per minute but can follow more than twice as many.',
      'Between two speakers the pause is usually only 0.2 seconds.',
    ],
    background: [
      'Carl Rogers made listening without judgement the core of his therapy in the 1940s.',
      'Quaker meetings have practised shared silence since the seventeenth century, and anyone may speak who is moved to.',
    ],
    steps: [
      'Put the phone where it cannot be seen.',
      'Let two breaths pass after the other has finished.',
      'Say in one sentence what seemed to matter most.',
      'Ask whether an idea is wanted before offering one.',
    ],
    example: [
      'For example, "That sounds as if the tone hurt more than the decision" opens a door that "Just ignore him" shuts.',
    ],
    analogy: [
      'Listening is like holding a lamp for someone who searches: the light matters, the search is theirs.',
    ],
    caveats: [
      'Nodding at everything is no help either, since a listener may also disagree, later and openly.',
      'Topping a story with one of your own is the usual slip, and it takes the floor away.',
    ],
    anecdote: [
      'A barber in Naples was famous for his advice, and he confessed that he had never given any.',
    ],
    comparison: [
      'Hearing happens by itself, whereas listening costs effort and can be practised like a muscle.',
    ],
    followUp: 'When do you find it hardest to listen?',
  },
  {
    id: 'sincere-apology',
    domain: 'people',
    subject: 'apologizing sincerely',
    terms: ['apology', 'harm', 'repair', 'excuse'],
    phrasings: [
      'How do I apologize properly?',
      'I forgot the wedding of my oldest friend and she no longer answers my calls. How do I apologize for something like that?',
      'What makes an apology sound sincere?',
    ],
    answer:
      'A sincere apology says what was done and whom it hurt, takes the blame without an excuse, and offers to repair the harm.',
    mechanism: [
      'Wrong puts the other person down, and an open admission of fault gives back some of that standing.',
      'An excuse shifts the blame at the very moment when it should be carried, so it cancels the rest.',
    ],
    facts: [
      'In experiments with 755 people, taking responsibility mattered most of 6 parts, and asking for forgiveness least.',
      'In a study from 2005 late apologies, made once the injured side had spoken, satisfied more than early ones.',
    ],
    background: [
      'The Greek apologia was a speech of defence in court, the opposite of what the word means now.',
      'In 1970 Willy Brandt knelt in Warsaw without a word, and the gesture is remembered as an apology of a country.',
    ],
    steps: [
      'Say precisely what was done, without "if" and "but".',
      'Name what it meant for the other person.',
      'Offer something that repairs at least a part.',
      'Leave time for an answer, and ask for none.',
    ],
    example: [
      'For example, "I missed your wedding because I did not write it down, and you stood there without your witness" leaves nothing out.',
    ],
    analogy: [
      'An apology is like a bandage: it does not undo the cut, but it must touch the right place.',
    ],
    caveats: [
      'Apologizing many times over shifts the task of comforting to the person who was hurt.',
      'The phrase "I am sorry that you feel that way" is a frequent mistake, because it blames the feeling.',
    ],
    anecdote: [
      'A potter broke the cup of a customer, mended it with a visible golden seam, and the customer never wanted another.',
    ],
    comparison: [
      'An explanation makes an act understandable, whereas an apology admits that understanding is not enough.',
    ],
    followUp: 'What do you think hurt the other person most?',
  },
  {
    id: 'sharing-housework',
    domain: 'people',
    subject: 'sharing housework fairly',
    terms: ['housework', 'mental load', 'tasks', 'standards'],
    phrasings: [
      'How can a couple share housework fairly?',
      'We both work full time, yet I plan all meals, birthdays and doctors. How can we share the housework and the planning?',
      'Why do couples fight about housework?',
    ],
    answer:
      'Divide whole areas instead of single chores, the planning included, agree on standards, and look at the split once a month.',
    mechanism: [
      'The mental load of noticing, planning, and reminding is work as well, but nobody sees it being done.',
      'Everyone remembers their own efforts better than those of others, so both honestly believe that they do more.',
    ],
    facts: [
      'When both partners in a couple estimated their share, the sum came to clearly more than 100 percent.',
      'Across rich countries women do about 4 hours of unpaid work per day and men a little over 2.',
    ],
    background: [
      'Washing took a full day and boiling kettles until machines came, yet standards of cleanliness rose along with them.',
      'The term mental load became known far beyond France through a comic by the artist Emma in 2017.',
    ],
    steps: [
      'Write down every task of a normal week, and who thinks of it.',
      'Agree on what clean and done mean.',
      'Give away whole areas, from noticing to finishing.',
      'Meet for a quarter of an hour each month and swap what chafes.',
    ],
    example: [
      'For example, whoever owns the laundry also notices the empty soap, buys it, and knows which shirt is needed on Monday.',
    ],
    analogy: [
      'It is like sailing with two: one at the helm and one at the sheets goes well, two at the helm does not.',
    ],
    caveats: [
      'An even split of hours is not always fair, since illness, small children, and long commutes weigh as well.',
      'Redoing what the other has done is a common mistake, because it takes the area back without a word.',
    ],
    anecdote: [
      'A couple in Bern hung their list inside the fridge, where both of them looked most often.',
    ],
    comparison: [
      'Helping waits for instructions, whereas owning a task means that nobody else has to think about it.',
    ],
    followUp: 'Which task annoys you most at present?',
  },
  {
    id: 'teens-and-phones',
    domain: 'people',
    subject: 'teenagers and smartphones',
    terms: ['teenager', 'phone', 'rules', 'screen time'],
    phrasings: [
      'How much phone time is right for a teenager?',
      'Our daughter of fourteen takes her phone to bed and is tired at school. Which rules make sense without constant war?',
      'How do smartphones affect teenagers?',
    ],
    answer:
      'Protect sleep, meals, and homework from the phone, agree on the rules together, and care more about what is done than about minutes.',
    mechanism: [
      'Apps reward at unpredictable moments, and such rewards hold attention longer than regular ones.',
      'At that age the opinion of friends weighs most, so a silent phone feels like being left out.',
    ],
    facts: [
      'Teenagers need 8 to 10 hours of sleep, and many get less than 7 on school nights.',
      'In surveys they spend about 4 to 5 hours per day on social media.',
    ],
    background: [
      'Parents worried about novels in the eighteenth century, about radio in the 1930s, and about television after that.',
      'The first smartphones with an app store reached the shops in 2008, so long studies of a whole youth are only now being finished.',
    ],
    steps: [
      'Ask first what the phone is good for and what it disturbs.',
      'Agree on two or three rules that hold for parents too.',
      'Charge all the phones overnight in the kitchen.',
      'Review the rules after four weeks.',
    ],
    example: [
      'For example, an alarm clock for twelve euros removes the best reason for taking the phone to bed.',
    ],
    analogy: [
      'It is like learning to swim: fences help at first, but the aim is someone who manages in deep water.',
    ],
    caveats: [
      'Studies find small average effects, while children who are bullied or depressed can be hit hard.',
      'Reading messages in secret is a grave mistake, since it costs the trust that would be needed in trouble.',
    ],
    anecdote: [
      'A grandfather offered to learn one app per visit, and his grandson has come every Sunday since.',
    ],
    comparison: [
      'Chatting with friends and making films tend to do good, whereas endless scrolling alone at night does not.',
    ],
    followUp: 'Which rule have you tried so far?',
  },
  {
    id: 'ageing-parents',
    domain: 'people',
    subject: 'caring for ageing parents',
    terms: ['parents', 'care', 'help', 'papers'],
    phrasings: [
      'How do I prepare for the care of my ageing parents?',
      'My father is 82, lives alone three hours away and has fallen twice. He refuses any help. What can I do?',
      'What should families settle before old parents need care?',
    ],
    answer:
      'Talk before a crisis about wishes, papers, and money, begin with small help that your parents choose, and share the work among several.',
    mechanism: [
      'Old people refuse help mostly for fear of losing control, so a choice between two kinds is easier to accept.',
      'Muscle and balance decide about falls, and both can be trained at a very high age.',
    ],
    facts: [
      'About 30 percent of people over 65 fall each year, and exercise cuts the rate by some 23 percent.',
      'Roughly 1 in 3 family carers shows signs of depression at some time.',
    ],
    background: [
      'For most of history few people grew old, and those who did lived in the house of a child.',
      'Germany added insurance for long-term care to its social system in 1995, and Japan followed in 2000.',
    ],
    steps: [
      'Ask what a good day looks like for them.',
      'Collect the papers: power of attorney, will for treatment, insurance, passwords.',
      'Fix rugs, lamps, and handrails in the flat.',
      'Arrange a fixed call and one neighbour who has a key.',
    ],
    example: [
      'For example, someone who rejects a nurse may well accept a student who cooks and plays chess on Thursdays.',
    ],
    analogy: [
      'Helping parents is like supporting a vine: tie it loosely, or it breaks where it was meant to be held.',
    ],
    caveats: [
      'Sudden confusion is an emergency, because an infection or a new medicine may be behind it.',
      'Carers who never take a break are at risk themselves, and that is the mistake of the most devoted.',
    ],
    anecdote: [
      'A retired pilot agreed to a walking stick only after his grandson had called it an instrument for landing.',
    ],
    comparison: [
      'Moving in together saves distance but costs quiet, whereas a flat nearby keeps both sides free.',
    ],
    followUp: 'What would your parents like to keep doing themselves?',
  },
]
