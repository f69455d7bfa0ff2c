/** Topics about body, sleep and learning. */
import type { Topic } from './topic.ts'

export const HEALTH: readonly Topic[] = [
  {
    id: 'better-sleep',
    domain: 'health',
    subject: 'sleeping better',
    terms: ['sleep', 'melatonin', 'bedtime', 'body clock'],
    phrasings: [
      'How can I fall asleep faster and sleep better?',
      'I lie awake for an hour most nights although I am tired, and I get up at six for work. What would help?',
      'What decides whether we sleep well?',
    ],
    answer:
      'Good sleep comes from a steady rising time, bright light by day, a cool dark bedroom, and a calm last hour before bed.',
    mechanism: [
      'Pressure to sleep grows with every waking hour, as a substance called adenosine builds up in the brain.',
      'The body clock sets the time for melatonin, and evening light pushes that signal later.',
    ],
    facts: [
      'Most adults need 7 to 9 hours, passing through 4 to 6 cycles of roughly 90 minutes.',
      'A bedroom of 16 to 19 °C suits most sleepers.',
    ],
    background: [
      'Records from before electric light suggest that many Europeans slept in two parts with a quiet hour in between.',
      'The stage of rapid eye movements was discovered in Chicago in 1953 by a student who watched his sleeping son.',
    ],
    steps: [
      'Fix one time for getting up and keep it on weekends.',
      'Go outside into daylight soon after waking.',
      'Dim the lights and put the phone away an hour before bed.',
      'Get up and read something dull when sleep has not come after twenty minutes.',
    ],
    example: [
      'For example, someone who rises at six might stop coffee at noon, dim the lamps at nine, and lie down at ten.',
    ],
    analogy: [
      'Sleep is like a cat: it comes when it is left in peace, and runs away when it is chased.',
    ],
    caveats: [
      'See a doctor about loud snoring or months of insomnia, because good habits do not cure an illness.',
      'Going to bed much earlier after a bad night is a common mistake, since it thins out the sleep.',
    ],
    anecdote: [
      'A tram driver on early shifts keeps a paper novel so tedious that he has reached page twelve in two years.',
    ],
    comparison: [
      'Sleeping pills act tonight but lose effect, whereas training in sleep habits takes weeks and lasts.',
    ],
    followUp: 'At what time do you go to bed and get up on weekends?',
  },
  {
    id: 'caffeine',
    domain: 'health',
    subject: 'caffeine',
    terms: ['caffeine', 'adenosine', 'coffee', 'half-life'],
    phrasings: [
      'How does caffeine keep me awake?',
      'I drink five coffees a day and still feel tired, but I get headaches when I stop. What is caffeine doing in my body?',
      'How long does caffeine last and when should I have the last cup?',
    ],
    answer:
      'Caffeine keeps people awake by blocking the receptors for adenosine, the substance that tells the brain it is tired.',
    mechanism: [
      'The molecule resembles adenosine closely enough to fit its receptors, yet it does not switch them on.',
      'With regular use the brain grows more receptors, so the same dose does less and its absence hurts.',
    ],
    facts: [
      'The half-life is about 5 hours, so a quarter of a 4 pm cup is still active at 2 am.',
      'Up to 400 milligrams a day, roughly 4 cups of coffee, is considered safe for healthy adults.',
    ],
    background: [
      'Friedlieb Runge isolated caffeine in 1819, after the poet Goethe handed him some rare coffee beans.',
      'Plants make it as a pesticide, and some flowers lace their nectar with it so that bees remember them.',
    ],
    steps: [
      'Write down every source for three days, tea and cola included.',
      'Move the first cup an hour after waking.',
      'Cut one cup every few days rather than all at once.',
      "Keep the afternoon free from noon or two o'clock on.",
    ],
    example: [
      'For example, replacing the last two of five coffees by decaf removes about 200 milligrams without losing the ritual.',
    ],
    analogy: [
      'Caffeine is like tape over the fuel light: the warning is gone, but the tank is as empty as before.',
    ],
    caveats: [
      'During pregnancy lower limits apply, and some medicines slow its breakdown considerably.',
      'Many people treat the fatigue after a bad night with more coffee, which then spoils the next night.',
    ],
    anecdote: [
      'An accountant swapped his late espresso for a walk around the block and now knows every dog in the street.',
    ],
    comparison: [
      'Tea holds about half as much per cup as coffee and feels softer, partly thanks to a companion called theanine.',
    ],
    followUp: 'At what time do you usually drink your last cup?',
  },
  {
    id: 'strength-training',
    domain: 'health',
    subject: 'strength training',
    terms: ['muscle', 'progressive overload', 'rest', 'exercises'],
    phrasings: [
      'How do I start strength training as a beginner?',
      'I am 45, sit all day, and have two free evenings a week. What would a sensible strength plan look like?',
      'How do muscles get stronger?',
    ],
    answer:
      'Train the large movements two or three times a week and add a little load over time, because muscle adapts to rising demands.',
    mechanism: [
      'Tension in a working muscle triggers signals that make its fibres build more protein during the following days.',
      'In the first weeks most of the gain comes from nerves, which learn to call on more fibres at once.',
    ],
    facts: [
      'Two sessions a week with 2 to 3 sets of 8 to 12 repetitions are enough for clear progress.',
      'Without training, adults lose about 3 to 8 percent of muscle in each decade after 30.',
    ],
    background: [
      'Milo of Croton, so the Greek legend says, grew strong by carrying the same calf every day until it was a bull.',
      'Systematic loading goes back to Thomas DeLorme, who used it to treat injured soldiers in the 1940s.',
    ],
    steps: [
      'Pick a squat, a push, a pull, and a hinge movement.',
      'Begin with a weight that leaves two or three repetitions in reserve.',
      'Rest for two minutes between sets.',
      'Add a little weight or one repetition each week.',
    ],
    example: [
      'For example, goblet squats, push-ups against a table, rows, and hip bridges make a full session in forty minutes.',
    ],
    analogy: [
      'Training is like sending letters to the body: rest is the time in which the answer is written.',
    ],
    caveats: [
      'Stop at sharp pain, and ask a doctor first in case of heart trouble or a recent injury.',
      'The most common mistake is to train hard every day and give the muscle no time to rebuild.',
    ],
    anecdote: [
      'A grandmother of seventy took up deadlifts so that she could lift her grandchild, and soon lifted the whole pram.',
    ],
    comparison: [
      'Running trains heart and lungs first, whereas lifting protects muscle and bone; the two go well together.',
    ],
    followUp: 'Which equipment do you have at home or nearby?',
  },
  {
    id: 'drinking-water',
    domain: 'health',
    subject: 'how much water to drink',
    terms: ['thirst', 'kidneys', 'water', 'fluid'],
    phrasings: [
      'How much water should I drink per day?',
      'An app tells me to drink three litres a day, but I am constantly running to the toilet. Is that much really needed?',
      'Is the rule of eight glasses of water a day true?',
    ],
    answer:
      'For most healthy adults thirst is a good guide, and around one and a half to two litres of drinks a day is enough.',
    mechanism: [
      'Sensors in the brain notice when the blood becomes slightly more concentrated and trigger thirst and a hormone.',
      'That hormone tells the kidneys to keep water back, which is why urine turns darker before any harm is done.',
    ],
    facts: [
      'Food supplies about 20 percent of the daily water.',
      'Heavy exercise in heat can cost 1 to 2 litres of sweat per hour.',
    ],
    background: [
      'The rule of eight glasses is often traced to American advice of 1945, whose next sentence said that food holds most of it.',
      'Bottled water became a mass product only in the 1970s, helped by large campaigns of a few brands.',
    ],
    steps: [
      'Drink a glass with each meal.',
      'Carry a bottle on hot or active days.',
      'Check the colour of urine, which should be pale yellow.',
      'Add some salt and sugar when sweating for hours.',
    ],
    example: [
      'For example, an office worker with soup for lunch and fruit in the afternoon needs fewer glasses than a roofer in July.',
    ],
    analogy: [
      'Thirst works like a thermostat: it reacts to small drifts long before the house is too cold.',
    ],
    caveats: [
      'Older people feel thirst less, so a fixed routine can be wise for them.',
      'Drinking many litres quickly is a real danger, as it dilutes the salt in the blood.',
    ],
    anecdote: [
      'A marathon volunteer hands out her last cups with the words sip, smile, and walk, and the runners obey.',
    ],
    comparison: [
      'Tea and coffee count as well, since their mild effect on the kidneys is far smaller than the water they bring.',
    ],
    followUp: 'How active are your days, and how warm is it where you live?',
  },
  {
    id: 'running-start',
    domain: 'health',
    subject: 'starting to run',
    terms: ['running', 'tendons', 'pace', 'walk breaks'],
    phrasings: [
      'How do I start running without getting injured?',
      'Every time I begin to run, my shins hurt after two weeks and I give up. What am I doing wrong?',
      'What is a good running plan for complete beginners?',
    ],
    answer:
      'Start with short runs broken by walking, slowly enough to talk, and raise the load in small steps.',
    mechanism: [
      'Heart and lungs improve within weeks, but tendons and bones need months, so the engine outgrows the frame.',
      'An easy pace builds small blood vessels and mitochondria, the basis of endurance, with little strain.',
    ],
    facts: [
      'Adding no more than about 10 percent a week is a common limit, with 3 runs of 20 to 30 minutes.',
      'Each step loads the leg with 2 to 3 times the weight of the body.',
    ],
    background: [
      'Jogging for health spread from New Zealand in the 1960s, where the coach Arthur Lydiard let heart patients trot.',
      'The marathon distance of today was first run in London in 1908, where the race began below the windows of Windsor Castle.',
    ],
    steps: [
      'Walk briskly for five minutes to warm up.',
      'Run for one minute and walk for two, eight times over.',
      'Lengthen the running part by half a minute each week.',
      'Take a day off after every run.',
    ],
    example: [
      'For example, after ten weeks of such intervals many beginners cover five kilometres without a pause.',
    ],
    analogy: [
      'Building up to running is like breaking in leather boots: gentle and often beats long and once.',
    ],
    caveats: [
      'Pain that sharpens during a run or stays overnight deserves a break and perhaps a professional look.',
      'Running every session too fast is the classic mistake, and shins complain about it first.',
    ],
    anecdote: [
      'Three neighbours agreed to run only as far as the bakery, and the bakery now opens early for them.',
    ],
    comparison: [
      'Cycling spares the joints and swimming even more, but neither strengthens bones the way running does.',
    ],
    followUp: 'How often did you run before the pain began?',
  },
  {
    id: 'calming-breath',
    domain: 'health',
    subject: 'calming down with breathing',
    terms: ['breathing', 'exhale', 'vagus nerve', 'stress'],
    phrasings: [
      'How can breathing help against stress?',
      'Before presentations my heart races and my hands shake. I have five minutes at most. What breathing exercise works?',
      'Why does slow breathing calm people down?',
    ],
    answer:
      'Slow breathing with a long exhale calms the body, because it strengthens the nerve signals that lower the heart rate.',
    mechanism: [
      'The heart beats faster on the inhale and slower on the exhale, so a longer exhale tips the balance towards calm.',
      'Pressure sensors and the vagus nerve pass the slower rhythm on to the brain, which turns the alarm down.',
    ],
    facts: [
      'A pace near 6 breaths per minute has the strongest effect, compared with 12 to 18 at rest.',
      'In one trial, 5 minutes a day for a month improved mood more than the same time of meditation.',
    ],
    background: [
      'Indian yoga texts described counted breathing more than a thousand years before anyone could measure a pulse exactly.',
      'A doctor in Chicago, Edmund Jacobson, brought relaxation training into Western medicine in the 1920s.',
    ],
    steps: [
      'Sit upright and let the shoulders sink.',
      'Breathe in through the nose for four counts.',
      'Let the air out gently for six to eight counts.',
      'Continue for three minutes and then look around the room.',
    ],
    example: [
      'For example, ten slow breaths behind the curtain take under two minutes and are invisible to the audience.',
    ],
    analogy: [
      'The long exhale is like easing off the accelerator: the car is still moving, but the engine stops roaring.',
    ],
    caveats: [
      'Light-headedness means too much air, so breathe more softly rather than more deeply.',
      'Trying it for the first time in a crisis is a common mistake, since the habit is built on calm days.',
    ],
    anecdote: [
      'A choir in Tallinn breathes together for a minute before each concert, and latecomers fall silent by themselves.',
    ],
    comparison: [
      'Exercise burns off tension more thoroughly, but breathing fits into a lift, a queue, or a corridor.',
    ],
    followUp: 'When is your next presentation?',
  },
  {
    id: 'spaced-repetition',
    domain: 'health',
    subject: 'remembering what you learn',
    terms: ['memory', 'spaced repetition', 'recall', 'flashcards'],
    phrasings: [
      'What is the best way to memorize things for the long term?',
      'I read my notes five times before the exam and forget everything a week later. How should I study instead?',
      'How does spaced repetition work?',
    ],
    answer:
      'Test yourself from memory at growing intervals, because recall just before forgetting strengthens memory the most.',
    mechanism: [
      'Retrieving a fact rebuilds the path to it, which makes the path wider than another glance at the page would.',
      'Sleep between sessions replays new traces and moves them into more lasting networks of the cortex.',
    ],
    facts: [
      'Without review about 50 to 70 percent of new facts are lost within 2 days.',
      'Intervals of 1, 3, 7, 16, and 35 days carry most facts through a whole term.',
    ],
    background: [
      'Hermann Ebbinghaus measured forgetting in 1885 by learning thousands of nonsense syllables by himself.',
      'In the 1970s Sebastian Leitner sold the method to schoolchildren as a box with five compartments of cards.',
    ],
    steps: [
      'Turn the notes into short questions with one answer each.',
      'Answer aloud before turning the card.',
      'Put failed cards into tomorrow and known cards further ahead.',
      'Review for fifteen minutes on every day of the week.',
    ],
    example: [
      'For example, a nursing student can keep four hundred drug names alive with a quarter of an hour on the bus.',
    ],
    analogy: [
      'Memory is like a path in a meadow: it stays open if someone walks it again before the grass closes.',
    ],
    caveats: [
      'Cards suit facts well, but understanding still needs problems, explanations, and use.',
      'Rereading with a marker is the usual mistake, because it feels fluent and leaves little behind.',
    ],
    anecdote: [
      'A lorry driver taught himself Finnish with cards clipped to the sun visor and later married his pen friend.',
    ],
    comparison: [
      'Cramming wins on the next morning, whereas spaced study wins on every day after that.',
    ],
    followUp: 'What are you studying, and when is the exam?',
  },
  {
    id: 'screen-eyes',
    domain: 'health',
    subject: 'tired eyes at a screen',
    terms: ['blinking', 'eyes', 'screen', 'glare'],
    phrasings: [
      'What helps against tired eyes from screen work?',
      'After eight hours at two monitors my eyes burn and I see blurry on the way home. What should I change at my desk?',
      'Why do screens make our eyes tired?',
    ],
    answer:
      'Tired eyes mostly need more blinking, regular looks into the distance, and a screen without glare at a comfortable height.',
    mechanism: [
      'At a screen people blink less and only half, so the film of tears breaks up and the surface dries.',
      'The muscle that focuses the lens stays tense at close range, much like an arm that holds a bag for hours.',
    ],
    facts: [
      'Blinking falls from about 15 times a minute to 5 or 7 during screen work.',
      'The 20-20-20 rule asks for a look at something 20 feet away for 20 seconds every 20 minutes.',
    ],
    background: [
      'Eyes worn out by close work were a known complaint in the age of candles, and Ramazzini covered them in his book of 1700 on diseases of workers.',
      'The first rules for display workplaces appeared in the 1980s, when flickering tubes entered every office.',
    ],
    steps: [
      'Move the screen an arm away, with its top just below eye level.',
      'Turn the desk so that windows are to the side.',
      'Match the brightness to a sheet of paper beside it.',
      'Look out of the window at every pause and blink fully ten times.',
    ],
    example: [
      'For example, a sticker that says blink at the edge of the monitor has rescued more than one newsroom.',
    ],
    analogy: [
      'An unblinking eye is like a windscreen without wipers: the view blurs although the glass is fine.',
    ],
    caveats: [
      'Sudden flashes, pain, or loss of vision are not fatigue and need a doctor on the same day.',
      'Glasses against blue light are often bought first, although trials show almost no benefit.',
    ],
    anecdote: [
      'A translator hung a postcard of the sea across the room, and visits it, as she says, thirty times a day.',
    ],
    comparison: [
      'Paper tires the eyes as well, but it is read at changing distances and rarely shines back.',
    ],
    followUp: 'How far away are your monitors, and where is the window?',
  },
]
