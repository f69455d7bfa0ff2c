/** Topics about personal finance and working life. */
import type { Topic } from './topic.ts'

export const MONEY: readonly Topic[] = [
  {
    id: 'compound-interest',
    domain: 'money',
    subject: 'compound interest',
    terms: ['compound interest', 'interest', 'savings', 'years'],
    phrasings: [
      'What is compound interest and why does it matter?',
      'I am 28 and my bank told me to start saving early because of compound interest. How big is the effect really?',
      'Explain compound interest with a simple case.',
    ],
    answer:
      'Compound interest means earning interest on past interest as well, so savings grow faster and faster the longer they stay untouched.',
    mechanism: [
      'Each period multiplies the whole balance by the same factor, and repeated multiplication gives exponential growth.',
      'Early deposits pass through more periods than late ones, which is why time matters more than the amount.',
    ],
    facts: [
      'At 6 percent a year money doubles in about 12 years, which follows from dividing 72 by the rate.',
      'Saving 100 a month for 40 years at 5 percent gives around 150,000, of which 48,000 were paid in.',
    ],
    background: [
      'Clay tablets from Mesopotamia already set pupils the task of finding when a loan doubles.',
      'Jacob Bernoulli met the number e in 1683 while asking what happens when interest is added ever more often.',
    ],
    steps: [
      'Set up a standing order for the day after payday.',
      'Choose an account or fund with low fees.',
      'Reinvest interest and dividends automatically.',
      'Raise the amount a little whenever income rises.',
    ],
    example: [
      'For example, 1,000 at 5 percent becomes 1,050 after one year and 1,102.50 after two, the last 2.50 being interest on interest.',
    ],
    analogy: [
      'It is like a snowball on a long slope: at first it barely grows, and near the bottom it is hard to stop.',
    ],
    caveats: [
      'Inflation and fees compound as well, so the real growth is smaller than the advertised rate.',
      'A common mistake is to pause after a bad year, which breaks the chain exactly when prices are low.',
    ],
    anecdote: [
      'A school caretaker saved a little every month for forty years, and his colleagues learned of it only from the library he endowed.',
    ],
    comparison: [
      'Simple interest adds the same sum each year, whereas compound interest adds a sum that keeps growing.',
    ],
    followUp: 'What amount and how many years do you have in mind?',
  },
  {
    id: 'emergency-fund',
    domain: 'money',
    subject: 'building an emergency fund',
    terms: ['emergency fund', 'expenses', 'account', 'months'],
    phrasings: [
      'How big should an emergency fund be?',
      'I just paid off a small debt and want to start an emergency fund, but my income changes every month. How do I go about it?',
      'Where should I keep money for emergencies?',
    ],
    answer:
      'Aim for three to six months of essential expenses in an account that is safe, separate, and quick to reach.',
    mechanism: [
      'Cash at hand keeps a broken boiler or lost job from turning into costly debt.',
      'A separate account adds a little friction, so the money is not spent on ordinary wishes.',
    ],
    facts: [
      'Surveys suggest that about 1 in 3 adults could not cover a surprise bill of 500 without borrowing.',
      'Putting aside 150 a month fills a fund of 5,400 in 3 years.',
    ],
    background: [
      'Mutual aid societies of the nineteenth century played this role, paying members who fell ill or lost work.',
      'Savings banks were founded around 1800 precisely so that servants and labourers could store small sums safely.',
    ],
    steps: [
      'List the costs that must be paid in any month.',
      'Multiply the total by three for a first target.',
      'Open a separate savings account and automate a transfer.',
      'Refill it first whenever it has been used.',
    ],
    example: [
      'For example, a household with essential costs of 1,800 a month would start with a goal of 5,400.',
    ],
    analogy: [
      'The fund is like a spare tyre: dull to carry around, and priceless on the one night it is needed.',
    ],
    caveats: [
      'Expensive debt usually comes first, because its interest eats more than any savings account pays.',
      'Investing the reserve in shares is a typical mistake, as they may be low just when the money is needed.',
    ],
    anecdote: [
      'A freelance cellist calls hers the quiet fund, since it lets her sleep through months without concerts.',
    ],
    comparison: [
      'A credit card also covers emergencies, but unlike savings it charges for the favour.',
    ],
    followUp: 'How steady is your income, and does anyone depend on it?',
  },
  {
    id: 'index-funds',
    domain: 'money',
    subject: 'index funds',
    terms: ['index fund', 'fees', 'shares', 'diversification'],
    phrasings: [
      'What is an index fund?',
      'A colleague puts everything into index funds and says picking shares is pointless. Is that reasonable for a beginner?',
      'Why do many people recommend index funds over active funds?',
    ],
    answer:
      'An index fund simply holds all the shares of a market index, which gives broad diversification at a very low cost.',
    mechanism: [
      'Together, all investors earn the return of the market, so after higher fees the average active fund must lag behind.',
      'Spreading money over hundreds of companies means that one failure barely moves the whole.',
    ],
    facts: [
      'Index funds often charge 0.1 to 0.3 percent a year, active funds 1 percent or more.',
      'Over 15 years, roughly 85 to 90 percent of active funds on large American shares trailed their index.',
    ],
    background: [
      'John Bogle opened the first index fund for the public in 1976, and critics mocked it as a folly.',
      'The idea rests on work of economists in the 1950s and 1960s, who showed how hard it is to beat a market.',
    ],
    steps: [
      'Decide how long the money can stay invested.',
      'Choose a broad world index rather than a single country or theme.',
      'Compare the total yearly cost of two or three funds.',
      'Invest a fixed sum each month and ignore the daily news.',
    ],
    example: [
      'For example, a fund on a world index holds about 1,500 companies from more than twenty countries.',
    ],
    analogy: [
      'Buying the index is like buying the whole haystack instead of searching for the needle.',
    ],
    caveats: [
      'Even a broad fund can lose half its value in a crash, so money needed soon does not belong in it.',
      'Selling in panic is the costliest mistake, because the strongest days tend to follow the worst ones.',
    ],
    anecdote: [
      'A dentist in Ghent checks her fund once a year, on her birthday, and reports that cake improves any result.',
    ],
    comparison: [
      'A single share may multiply or vanish, whereas an index fund gives the middle result of the whole market.',
    ],
    followUp: 'How many years can your money stay invested?',
  },
  {
    id: 'inflation',
    domain: 'money',
    subject: 'inflation',
    terms: ['inflation', 'prices', 'central bank', 'wages'],
    phrasings: [
      'What is inflation and what causes it?',
      'My groceries cost far more than three years ago though the official rate sounds small. How is inflation measured?',
      'Why do central banks want a little inflation?',
    ],
    answer:
      'Inflation is a general rise of prices, which means that the same amount of money buys less than before.',
    mechanism: [
      'When spending grows faster than the supply of goods, sellers can raise prices and still find buyers.',
      'Costly energy or raw materials push prices from the other side, and expectations can keep the spiral turning.',
    ],
    facts: [
      'Many central banks aim for 2 percent a year, at which prices double in about 35 years.',
      'At 8 percent, savings without interest lose half of their value in only 9 years.',
    ],
    background: [
      'Prices in Spain rose for a century after 1500, as silver from the Americas flooded into the country.',
      'In Germany in 1923 prices doubled every few days, and workers were paid twice a day so they could shop in time.',
    ],
    steps: [
      'Write down the ten largest items of the household budget.',
      'Compare each with its price a year ago.',
      'Weight the changes by how much is spent on each.',
      'Check wages and savings rates against the result.',
    ],
    example: [
      'For example, if rent rises by 10 percent and takes a third of the budget, it adds over 3 points on its own.',
    ],
    analogy: [
      'Inflation is like a tape measure that shrinks: the table stays the same, yet the number gets bigger.',
    ],
    caveats: [
      'The official rate is an average over many households, and a personal rate may be well above or below it.',
      'People often confuse falling inflation with falling prices, though it only means that they rise more slowly.',
    ],
    anecdote: [
      'A barber in Naples has kept every price board since 1970, and customers wait their turn in front of a small economic history.',
    ],
    comparison: [
      'Deflation sounds pleasant by contrast, but falling prices make people delay purchases and debts harder to repay.',
    ],
    followUp: 'Are you more concerned about savings, wages, or rent?',
  },
  {
    id: 'household-budget',
    domain: 'money',
    subject: 'making a household budget',
    terms: ['budget', 'spending', 'income', 'savings'],
    phrasings: [
      'How do I make a budget that I will actually keep?',
      'We earn enough as a couple, but at the end of each month nothing is left and we do not know why. How do we start a budget?',
      'What is the 50/30/20 rule in budgeting?',
    ],
    answer:
      'A budget that lasts is simple: give needs, wishes, and savings a fixed share of income, and look at it once a week.',
    mechanism: [
      'Money that has a purpose before it arrives is less likely to drift away in small purchases.',
      'A short weekly look corrects the course early, while a yearly reckoning only assigns blame.',
    ],
    facts: [
      'The 50/30/20 rule gives 50 percent to needs, 30 percent to wishes, and 20 percent to savings and debt.',
      'Small subscriptions of 5 to 15 each easily add up to 600 a year.',
    ],
    background: [
      'The word comes from the French bougette, a small leather purse that merchants opened to show their accounts.',
      'In Japan the kakeibo, a household ledger promoted by a journalist in 1904, still sells in bookshops every winter.',
    ],
    steps: [
      'Collect three months of bank statements.',
      'Sort every payment into needs, wishes, and savings.',
      'Set one limit for each group that is close to real life.',
      'Move the savings on payday and review the rest on Sundays.',
    ],
    example: [
      'For example, on an income of 3,000, the rule allows 1,500 for rent and bills, 900 for fun, and 600 for later.',
    ],
    analogy: [
      'A budget is like a recipe: it can be bent to taste, but without one the dish comes out differently every time.',
    ],
    caveats: [
      'In cities with high rents the needs alone may exceed half of income, so the shares must bend.',
      'Most budgets fail because they forbid all pleasure, and the first lapse then ends the whole attempt.',
    ],
    anecdote: [
      'A couple in Porto does its accounts over pastries at the same cafe, which is itself a line in the budget.',
    ],
    comparison: [
      'Apps sort spending automatically, whereas a paper ledger is slower but makes each purchase felt.',
    ],
    followUp: 'Which costs surprise you most at the end of a month?',
  },
  {
    id: 'salary-negotiation',
    domain: 'money',
    subject: 'negotiating a salary',
    terms: ['salary', 'offer', 'range', 'employer'],
    phrasings: [
      'How should I negotiate my salary for a new job?',
      'I have an offer I like, but the pay is lower than I hoped, and I am afraid of losing the offer. What can I say?',
      'What are good tactics for a salary conversation?',
    ],
    answer:
      'Research the market range, wait for the written offer, and then ask calmly for a specific figure with a reason tied to the job.',
    mechanism: [
      'The first concrete number anchors the talk, and later figures tend to move around it.',
      'An employer who has made an offer has already invested in the choice, so a polite request seldom ends it.',
    ],
    facts: [
      'In surveys over 60 percent of people who ask for more receive at least part of it.',
      'An extra 3,000 at the start is worth more than 100,000 over 25 years when raises build on it.',
    ],
    background: [
      'Fixed pay scales spread with railways and civil services, which had thousands of posts to compare.',
      'Laws that require pay ranges in job adverts appeared in several countries and states during the 2020s.',
    ],
    steps: [
      'Gather three sources for the usual range in the region.',
      'Write down two results that show value for this employer.',
      'Name a figure near the upper end and then stay silent.',
      'Ask for the agreed terms in writing before resigning anywhere.',
    ],
    example: [
      'For example, one might say that the role is exciting, and that 52,000 would reflect the team lead duties in the advert.',
    ],
    analogy: [
      'It is like agreeing on a route before a trip: a short talk at the start spares years of grumbling on the road.',
    ],
    caveats: [
      'Public employers often have fixed scales, where it makes more sense to discuss the grade or the leave.',
      'Quoting private bills as the reason is a mistake, since an employer pays for work and not for rent.',
    ],
    anecdote: [
      'A librarian practised her one sentence on her dog for a week, and in the meeting she heard herself say it calmly.',
    ],
    comparison: [
      'A raise in the current job relies on a record, whereas a new job relies on alternatives and timing.',
    ],
    followUp: 'What figure were you offered, and what had you hoped for?',
  },
  {
    id: 'productive-meetings',
    domain: 'money',
    subject: 'running better meetings',
    terms: ['agenda', 'decision', 'meeting', 'notes'],
    phrasings: [
      'How do I run a meeting that does not waste time?',
      'Our weekly team meeting takes ninety minutes and ends without decisions. I have to lead it from next month. What should I change?',
      'What makes a meeting productive?',
    ],
    answer:
      'A useful meeting has a clear purpose, few people, a written agenda, and ends with decisions that name a person and a date.',
    mechanism: [
      'Every extra participant adds pairs of people who can misunderstand each other, so talk grows faster than insight.',
      'A written agenda lets people think beforehand, which moves the slow part out of the shared hour.',
    ],
    facts: [
      'A weekly hour with 8 people costs about 400 working hours a year.',
      'Groups of 5 to 7 tend to decide best, and attention drops noticeably after 30 minutes.',
    ],
    background: [
      'The rules of order that many clubs still use were written in 1876 by Henry Robert, after a church meeting got out of hand.',
      'Standing meetings were studied in the 1990s and found to be a third shorter without worse decisions.',
    ],
    steps: [
      'Write the purpose in one sentence and cancel if there is none.',
      'Send the agenda with a time for each point a day before.',
      'Open with the hardest decision while people are fresh.',
      'Close by reading out who does what by when.',
    ],
    example: [
      'For example, an agenda point called budget becomes useful once it reads: choose between supplier A and B, ten minutes.',
    ],
    analogy: [
      'A meeting without an agenda is like a bus without a route: everyone is on board and nobody knows where to get off.',
    ],
    caveats: [
      'Some topics need trust rather than speed, and cutting them short can cost more than it saves.',
      'A frequent mistake is to spend the hour on status reports, which could have been read in five minutes.',
    ],
    anecdote: [
      'One team put an egg timer in the shape of a hen on the table, and nobody dared to talk over the hen.',
    ],
    comparison: [
      'Email suits information, a call suits quick questions, and only real decisions deserve a meeting.',
    ],
    followUp: 'How many people attend, and what should they decide?',
  },
  {
    id: 'fixed-or-variable-mortgage',
    domain: 'money',
    subject: 'fixed and variable mortgages',
    terms: ['fixed rate', 'variable rate', 'mortgage', 'loan'],
    phrasings: [
      'Should I choose a fixed or a variable mortgage?',
      'We are about to buy our first flat and the bank offers a fixed rate or a cheaper variable one. How do we decide?',
      'Explain the difference between fixed and variable mortgage rates.',
    ],
    answer:
      'A fixed rate buys certainty about the payment, while a variable rate starts cheaper and passes the risk of rising rates to the borrower.',
    mechanism: [
      'The bank sets a fixed rate from what markets expect over the term, plus a premium for carrying the risk.',
      'A variable loan follows a reference rate, so a decision of the central bank reaches the household within months.',
    ],
    facts: [
      'On a loan of 200,000 over 25 years, a rise from 3 to 5 percent lifts the payment by about 220 a month.',
      'Variable offers often start 0.5 to 1 percentage point below a ten-year fixed rate.',
    ],
    background: [
      'The word mortgage means dead pledge in old French, since the pledge died when the debt was paid.',
      'Long fixed loans became common in the United States in the 1930s, after short ones had failed by the thousand.',
    ],
    steps: [
      'Work out the highest payment that the household could bear.',
      'Ask the bank for the payment at two points above the current rate.',
      'Compare fees for early repayment in both contracts.',
      'Choose the fixed rate if the higher payment would hurt.',
    ],
    example: [
      'For example, a couple with one income and a tight budget may sleep better with a fixed rate, even at a higher price.',
    ],
    analogy: [
      'A fixed rate is like a train ticket bought early, and a variable one like paying at the gate each morning.',
    ],
    caveats: [
      'Rules on early repayment differ widely between countries, so the contract matters more than any rule of thumb.',
      'Looking only at the first payment is the usual mistake, as teaser rates end after a year or two.',
    ],
    anecdote: [
      'Two sisters took one loan of each kind in the same week, and they have compared notes every Easter since.',
    ],
    comparison: [
      'A split loan stands between the two: half of the debt is certain, and the other half follows the market.',
    ],
    followUp: 'How much would your budget stand if rates rose by two points?',
  },
]
