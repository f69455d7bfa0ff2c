/** Topics about music, pictures, language and writing. */
import type { Topic } from './topic.ts'

export const ARTS: readonly Topic[] = [
  {
    id: 'major-minor',
    domain: 'arts',
    subject: 'major and minor keys',
    terms: ['major', 'minor', 'third', 'scale'],
    phrasings: [
      'Why does major sound happy and minor sound sad?',
      'I started piano lessons at fifty, and my teacher says the third makes all the difference. What does she mean?',
      'What is the difference between a major and a minor key?',
    ],
    answer:
      'Major and minor differ above all in the third note of the scale, which is a half step lower in minor and darkens the sound.',
    mechanism: [
      'The major third matches a strong overtone of the root and blends with it, while the minor third creates more tension.',
      'Sad speech is low and narrow in pitch, and listeners may hear minor intervals in the same way.',
    ],
    facts: [
      'A major third spans 4 half steps with a ratio near 5 to 4, a minor third spans 3 with 6 to 5.',
      'In studies children link minor with sadness from about 6 to 8 years of age.',
    ],
    background: [
      'The two modes became dominant in Europe only after 1600, when older church modes fell out of use.',
      'Zarlino described the contrast of joyful and sad thirds in Venice in 1558.',
    ],
    steps: [
      'Play C, E, and G together and listen.',
      'Lower the E to E flat and play again.',
      'Sing the third note of both chords.',
      'Try a familiar tune with the lowered third.',
    ],
    example: [
      'For example, a birthday song played with lowered thirds turns at once into music for a gloomy film.',
    ],
    analogy: [
      'Lowering the third is like drawing a curtain: the same room, but with another light.',
    ],
    caveats: [
      'Tempo and loudness matter as much, so there are merry dances in minor and mournful songs in major.',
      'Taking the link for universal is a mistake, since other cultures feel these intervals differently.',
    ],
    anecdote: [
      'A village band once played its march in minor by accident, and the mayor asked who had died.',
    ],
    comparison: [
      'Jazz and blues blur the difference on purpose, bending the third between the two.',
    ],
    followUp: 'Which pieces are you working on at the moment?',
  },
  {
    id: 'practicing-instrument',
    domain: 'arts',
    subject: 'practising an instrument',
    terms: ['practice', 'metronome', 'slow', 'passage'],
    phrasings: [
      'How should I practise an instrument effectively?',
      'I practise guitar for an hour but always play the same songs and stay at the same level. How can I use the time better?',
      'Is it better to practise slowly, and how do I use a metronome?',
    ],
    answer:
      'Practise short, hard passages slowly and without mistakes, mix the tasks, and stop while attention is still fresh.',
    mechanism: [
      'The brain stores whatever is repeated, so errors at high speed are learned as faithfully as correct notes.',
      'Switching between tasks forces it to rebuild each plan, which feels harder but lasts longer.',
    ],
    facts: [
      'Four sessions of 15 minutes beat one of 60 for most beginners.',
      'Raising the metronome by 4 beats only after 3 clean repeats is a reliable rule.',
    ],
    background: [
      'Mälzel patented the metronome in 1815, and Beethoven was among the first to print its numbers.',
      'A study of violinists in Berlin in 1993 made deliberate practice famous, and later work softened its claims.',
    ],
    steps: [
      'Choose two bars that fail and mark them.',
      'Play them at half speed with an even beat.',
      'Raise the tempo in small steps after clean repeats.',
      'Play the whole piece once for pleasure at the end.',
    ],
    example: [
      'For example, a change of chords that stumbles at 90 may be clean at 50 and reach 90 within a week.',
    ],
    analogy: [
      'Slow practice is like tracing a path through snow: the first track decides where all others go.',
    ],
    caveats: [
      'Pain in the hand or wrist is a signal to stop and to check posture with a teacher.',
      'Starting from the top after each slip is the usual mistake, and it trains only the beginning.',
    ],
    anecdote: [
      'A tuba player on night shifts practises fingerings on a broom, and the ward has learned to guess the tune.',
    ],
    comparison: [
      'Playing through songs keeps them alive, whereas practice changes what the hands can do.',
    ],
    followUp: 'Which passage gives you the most trouble?',
  },
  {
    id: 'perspective-drawing',
    domain: 'arts',
    subject: 'drawing in perspective',
    terms: ['vanishing point', 'horizon', 'perspective', 'lines'],
    phrasings: [
      'How do I draw in perspective?',
      'My street sketches look crooked, as if the houses lean into each other. What are the basics of perspective?',
      'What are vanishing points in drawing?',
    ],
    answer:
      'In perspective, parallel lines that run away from the viewer meet at a vanishing point on the horizon, which lies at eye level.',
    mechanism: [
      'Light from an object enters the eye in straight lines, so things at double the distance appear half as tall.',
      'A picture is a slice through those lines, and parallels that recede are squeezed together until they meet.',
    ],
    facts: [
      'One point suffices for a view along a street, 2 for a corner, and 3 for looking up at towers.',
      'Shapes begin to look distorted beyond about 60 degrees of view.',
    ],
    background: [
      'Brunelleschi showed the method in Florence around 1415 with a mirror and a painted panel of the Baptistery.',
      'Alberti wrote the first manual in 1435 and compared a picture to an open window.',
    ],
    steps: [
      'Draw the horizon at the height of the eyes.',
      'Mark one vanishing point on it.',
      'Run light lines from the corners of the nearest house to the point.',
      'Place doors and windows between those guides.',
    ],
    example: [
      'For example, the rails of a straight track and the tops of its poles all aim at the same spot.',
    ],
    analogy: [
      'The vanishing point is like the hub of a wheel from which all the spokes of the street are drawn.',
    ],
    caveats: [
      'Hills and curved streets have several horizons of their own, so the simple rule has limits.',
      'Setting the horizon too high is a common mistake, and the viewer then seems to float.',
    ],
    anecdote: [
      'A postwoman sketches one door on her round each day, and her street now hangs complete in the town hall.',
    ],
    comparison: [
      'Chinese scrolls use parallel lines that never meet, which lets the eye wander instead of standing still.',
    ],
    followUp: 'Do you draw from life or from photographs?',
  },
  {
    id: 'colour-mixing',
    domain: 'arts',
    subject: 'mixing colours',
    terms: ['pigments', 'complementary', 'hue', 'palette'],
    phrasings: [
      'How do I mix colours without getting mud?',
      'In my watercolour class everything I mix turns grey-brown. Which paints should I combine, and which not?',
      'Why do complementary colours make brown or grey?',
    ],
    answer:
      'Mix at most two or three pigments that lie near each other, because complementary colours absorb all light together and turn grey.',
    mechanism: [
      'Paint subtracts light: each pigment removes a part of the spectrum, and what neither removes is what we see.',
      'Every tube leans to one side, so a warm red with a cold blue carries hidden yellow that dulls the violet.',
    ],
    facts: [
      'Six tubes, a warm and a cool one of each primary, reach most of a wheel of 12 hues.',
      'A strong pigment such as phthalo blue needs 1 part to 10 of a weak yellow.',
    ],
    background: [
      'Newton bent the spectrum into a circle in 1704, and painters have argued about the wheel ever since.',
      'Chevreul, who ran the dye works of the Gobelins in Paris, explained in 1839 how neighbours change each other.',
    ],
    steps: [
      'Paint a small chart with every pair of tubes.',
      'Write down the names of the pigments.',
      'Start with the lighter colour and add the darker one in drops.',
      'Rinse the brush fully before the next mix.',
    ],
    example: [
      'For example, lemon yellow with a greenish blue gives a clear spring green, and with ultramarine an olive.',
    ],
    analogy: [
      'Pigments are like sieves in a row: each lets some grains through, and after three nothing is left.',
    ],
    caveats: [
      'Some old pigments contain cadmium or cobalt, so keep brushes away from the mouth.',
      'Stirring too long on the paper is a typical mistake that kills even a clean mixture.',
    ],
    anecdote: [
      'A retired chemist keeps his failed greys in a book, and his portraits have the best shadows in the club.',
    ],
    comparison: [
      'Screens add light, so red and green make yellow there, whereas paint subtracts it and gives brown.',
    ],
    followUp: 'Which tubes are on your palette now?',
  },
  {
    id: 'photo-exposure',
    domain: 'arts',
    subject: 'exposure in photography',
    terms: ['aperture', 'shutter speed', 'ISO', 'exposure'],
    phrasings: [
      'How do aperture, shutter speed and ISO work together?',
      'My indoor photos of our dog are blurry or grainy, and I have only used automatic mode so far. What should I set?',
      'Explain the exposure triangle.',
    ],
    answer:
      'Aperture sets how much light enters and how deep the focus is, shutter speed how long it enters, and ISO how strongly it is amplified.',
    mechanism: [
      'Each full step doubles or halves the light, so a step gained on one control can be spent on another.',
      'A wide aperture blurs the background, because points off the plane of focus spread into larger discs.',
    ],
    facts: [
      'For a running dog 1/500 of a second is a good start, for a sleeping one 1/60 is enough.',
      'From f/2.8 to f/4 the light is halved, as it is from ISO 800 to 400.',
    ],
    background: [
      'The first known photograph, made by Niépce around 1826, needed at least eight hours of light.',
      'Numbers for film speed were agreed by standards bodies, which merged two scales under the name ISO in 1974.',
    ],
    steps: [
      'Switch to shutter priority and choose 1/250.',
      'Let the camera open the aperture fully.',
      'Raise the ISO until the picture is bright enough.',
      'Move closer to a window before raising it further.',
    ],
    example: ['For example, by a window at f/2.8 and 1/250 a living room often works at ISO 1600.'],
    analogy: [
      'It is like filling a glass: the tap is the aperture, the time is the shutter, and the ISO is a magnifying label.',
    ],
    caveats: [
      'Blur from a shaky hand differs from blur by a moving subject, and a stabiliser helps only with the first.',
      'Fear of a high ISO is a common mistake, since noise can be reduced and blur cannot.',
    ],
    anecdote: [
      'A vet photographs every patient at the same window, and her waiting room has become a gallery.',
    ],
    comparison: [
      'A flash freezes motion at once, but unlike window light it flattens fur and frightens some animals.',
    ],
    followUp: 'Which camera and lens do you use?',
  },
  {
    id: 'guitar-tuning',
    domain: 'arts',
    subject: 'tuning and temperament',
    terms: ['tuning', 'fifths', 'strings', 'equal temperament'],
    phrasings: [
      'Why is my guitar never perfectly in tune?',
      'When I tune my guitar so that the E chord sounds pure, the C chord sounds off. Is my guitar broken?',
      'What is equal temperament and why do we use it?',
    ],
    answer:
      'No instrument with fixed notes can be pure in all keys, so equal temperament spreads a tiny error over every interval.',
    mechanism: [
      'Twelve pure fifths overshoot seven octaves slightly, and the surplus has to be hidden somewhere.',
      'Dividing the octave into equal ratios makes all keys alike, at the price of thirds that beat audibly.',
    ],
    facts: [
      'Each half step multiplies the frequency by 1.0595, the twelfth root of 2.',
      'An equal major third is 14 hundredths of a half step too wide.',
    ],
    background: [
      'Prince Zhu Zaiyu computed the ratio in China in 1584, and Simon Stevin did so in Flanders soon afterwards.',
      "Bach's well-tempered keyboard was probably not equal: each key kept a colour of its own.",
    ],
    steps: [
      'Fit fresh strings and stretch them gently.',
      'Tune each open string with an electronic tuner.',
      'Compare the twelfth fret with the harmonic above it.',
      'Adjust the saddle if the two differ.',
    ],
    example: [
      'For example, tuning by fifth-fret harmonics adds small errors, so the last string ends up noticeably off.',
    ],
    analogy: [
      'It is like a carpet slightly too large for the room: push the fold flat here, and it rises there.',
    ],
    caveats: [
      'Old strings and hard pressing bend the pitch more than any theory of temperament.',
      'Tuning to one chord by ear is the usual mistake, since it spoils all the others.',
    ],
    anecdote: [
      'A busker in Cork tunes to the church bell, which is a quarter tone flat, and the whole street has adapted.',
    ],
    comparison: [
      'Choirs and string quartets glide towards pure chords, whereas frets hold the guitar to its compromise.',
    ],
    followUp: 'How old are your strings, and do you use a tuner?',
  },
  {
    id: 'learning-vocabulary',
    domain: 'arts',
    subject: 'learning a foreign language',
    terms: ['vocabulary', 'grammar', 'listening', 'sentences'],
    phrasings: [
      'What is the fastest way to learn a new language?',
      'I am moving to Portugal in eight months and can spare forty minutes a day. How should I learn the language?',
      'How many words do I need to get by in a foreign language?',
    ],
    answer:
      'Learn the most frequent words in sentences, listen every day to speech that is almost understood, and talk from the first weeks.',
    mechanism: [
      'A few words do most of the work in any language, so frequency decides what pays off first.',
      'Understanding grows from input just above the present level, while speaking shows which gaps matter.',
    ],
    facts: [
      'The 1,000 most frequent words cover about 80 percent of ordinary conversation, 3,000 about 95.',
      'American diplomats plan 600 to 750 hours for Portuguese and 2,200 for Japanese.',
    ],
    background: [
      'For centuries languages were taught like Latin, by rules and translation, because no speakers were left to talk to.',
      'Maximilian Berlitz opened a school in 1878 in which only the new language was spoken, by accident at first.',
    ],
    steps: [
      'Spend ten minutes on cards with whole sentences.',
      'Listen to a slow podcast for fifteen minutes and repeat aloud.',
      'Write three sentences about the day.',
      'Book one conversation a week with a patient speaker.',
    ],
    example: [
      'For example, the sentence for asking the price works in a bakery, a market, and a taxi from the second day.',
    ],
    analogy: [
      'Learning a language is like watering a garden: a little each day does more than a flood on Sunday.',
    ],
    caveats: [
      'European and Brazilian Portuguese differ clearly in sound, so choose material from the right country.',
      'Waiting to speak until the grammar is perfect is the most common mistake.',
    ],
    anecdote: [
      'A carpenter learned Danish by labelling every tool in his workshop, and his first joke was about a clamp.',
    ],
    comparison: [
      'Apps keep up the habit, whereas a conversation partner gives the reason to have it.',
    ],
    followUp: 'Which languages do you speak already?',
  },
  {
    id: 'short-story-opening',
    domain: 'arts',
    subject: 'opening a short story',
    terms: ['opening', 'character', 'scene', 'reader'],
    phrasings: [
      'How do I write a good opening for a short story?',
      'My writing group says my stories start too slowly, with weather and family history. How do I find a better beginning?',
      'What makes the first paragraph of a story work?',
    ],
    answer:
      'A good opening puts a character in a concrete scene with something at stake and raises a question the reader wants answered.',
    mechanism: [
      'Readers build a model of the world from the first details and keep reading to resolve what does not fit.',
      'Desire creates direction: once we know what a character wants, every sentence helps or hinders.',
    ],
    facts: [
      'Editors often decide within the first 200 words, and many stories improve when the first 2 paragraphs are cut.',
      'A short story usually runs from 1,500 to 7,500 words.',
    ],
    background: [
      'Horace advised poets two thousand years ago to begin in the middle of things, as the epics of Homer do.',
      'Edgar Allan Poe demanded in 1842 that the very first sentence serve the final effect.',
    ],
    steps: [
      'Write the whole draft without caring about the start.',
      'Mark the first sentence in which something changes.',
      'Cut everything before it and paste it elsewhere.',
      'Bring back only the facts that readers miss.',
    ],
    example: [
      'For example, the line she sold the piano on the day he learned to play needs no weather report.',
    ],
    analogy: [
      'An opening is like a door left ajar: a crack of light and a voice draw people in better than a tour.',
    ],
    caveats: [
      'Drama alone does not hold, since an explosion means little before anyone is there to care about.',
      'Explaining the past on page one is the usual mistake, because nobody has asked about it yet.',
    ],
    anecdote: [
      'A bus conductor collects overheard first sentences, and his best one is simply: not the blue one, he is buried in it.',
    ],
    comparison: [
      'A novel may stroll into its world, whereas a short story must be seated when the reader arrives.',
    ],
    followUp: 'Would you like to try it on the first lines of your current story?',
  },
]
