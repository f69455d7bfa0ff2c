/** Topics from garden and living nature. */
import type { Topic } from './topic.ts'

export const NATURE: readonly Topic[] = [
  {
    id: 'composting',
    domain: 'nature',
    subject: 'composting at home',
    terms: ['compost', 'microbes', 'carbon', 'nitrogen'],
    phrasings: [
      'How do I start a compost heap?',
      'We have a small garden and lots of kitchen scraps. My last compost pile turned into a smelly mess. How should I do it?',
      'What happens inside a compost heap?',
    ],
    answer:
      'A good compost heap mixes moist green scraps with dry brown material so that microbes can turn both into dark, crumbly soil.',
    mechanism: [
      'Bacteria and fungi use carbon as fuel and nitrogen for growth, and their activity heats the middle of the heap.',
      'Air decides which microbes win: with oxygen the pile smells of forest floor, without it of rotten eggs.',
    ],
    facts: [
      'A ratio near 30 parts carbon to 1 part nitrogen works well, and the core can reach 60 °C.',
      'A turned heap of at least 1 cubic metre is ready in 3 to 6 months, a neglected one in about a year.',
    ],
    background: [
      'Roman farm writers such as Columella already gave recipes for rotting manure, straw, and leaves together.',
      'The modern method grew out of trials in Indore, India, where Albert Howard studied village practice in the 1920s.',
    ],
    steps: [
      'Choose a shady spot on bare earth and lay down coarse twigs.',
      'Add kitchen greens and dry browns in alternating layers.',
      'Keep the pile as damp as a wrung-out sponge.',
      'Turn it with a fork every few weeks to let in air.',
    ],
    example: [
      'For example, a bucket of coffee grounds and peelings goes well with two buckets of torn cardboard and dry leaves.',
    ],
    analogy: [
      'A compost heap is like a slow campfire: it needs fuel, air, and a little moisture, and it gives off warmth.',
    ],
    caveats: [
      'Leave out meat, dairy, and pet waste, because they draw rats and may carry disease.',
      'The typical mistake is adding only grass clippings, which mat together and turn slimy.',
    ],
    anecdote: [
      'A primary school in Bristol named its heap Gerald, and the pupils now defend him fiercely against plastic wrappers.',
    ],
    comparison: [
      'A worm bin fits on a balcony and works faster on small amounts, whereas a heap handles a whole garden.',
    ],
    followUp: 'How much space do you have, and what scraps come up most?',
  },
  {
    id: 'tomato-pruning',
    domain: 'nature',
    subject: 'pruning tomato plants',
    terms: ['side shoots', 'tomatoes', 'leaves', 'stem'],
    phrasings: [
      'Should I prune my tomato plants, and how?',
      'My tomato plants are a jungle of leaves and hardly any fruit. Everyone mentions side shoots. What do I cut off?',
      'Why do gardeners pinch out tomato side shoots?',
    ],
    answer:
      'Pinching out the side shoots of tall tomatoes sends the energy of the plant into fewer, larger fruits that ripen earlier.',
    mechanism: [
      'Every side shoot competes for sugars made in the leaves, so removing it leaves more for the growing fruit.',
      'An open plant dries quickly after rain, which denies blight and mildew the wet surface that they need.',
    ],
    facts: [
      'Shoots are easiest to snap off at 3 to 5 centimetres, and checking once every 7 days is enough.',
      'Most outdoor plants ripen 4 or 5 trusses of fruit before the season ends.',
    ],
    background: [
      'Tomatoes came to Europe from Mexico in the sixteenth century and were grown for decades as an ornamental curiosity.',
      'Training plants on a single string was perfected in Dutch and English glasshouses, where space was expensive.',
    ],
    steps: [
      'Check first whether the variety is tall or a bush, since bushes are left alone.',
      'Tie the main stem to a firm stake or string.',
      'Snap off each side shoot in the angle between leaf and stem.',
      'Cut the tip above the last useful truss in late summer.',
    ],
    example: [
      'For example, a cordon tomato kept to one stem may carry five neat trusses where a wild one carries nine green ones.',
    ],
    analogy: [
      'Pruning is like editing a crowded schedule: with fewer commitments, each one can be done well.',
    ],
    caveats: [
      'Take care in strong sun, because fruit that is stripped of all its leaves can scald.',
      'A common mistake is to prune bush varieties, which removes the very shoots that would have borne fruit.',
    ],
    anecdote: [
      'One allotment holder pruned half his row as a bet, and the neighbour who lost still brings him a basket each year.',
    ],
    comparison: [
      'Unpruned plants give many small tomatoes over a long time, while pruned ones give fewer, bigger, and earlier ones.',
    ],
    followUp: 'Do you grow a tall variety or a bush, and indoors or outside?',
  },
  {
    id: 'houseplant-watering',
    domain: 'nature',
    subject: 'watering houseplants',
    terms: ['roots', 'soil', 'watering', 'drainage'],
    phrasings: [
      'How often should I water my houseplants?',
      'The leaves of my rubber plant are turning yellow even though I water it twice a week. Is that too much?',
      'Why does overwatering kill houseplants?',
    ],
    answer:
      'Water most houseplants only when the top of the soil is dry, because roots in soggy pots suffocate and rot.',
    mechanism: [
      'Roots breathe oxygen from air pockets in the soil, and standing water fills those pockets.',
      'Starved roots die back and fungi move in, so the plant wilts from thirst although its pot is wet.',
    ],
    facts: [
      'For many plants the upper 2 to 3 centimetres should be dry first, which takes 7 to 10 days in winter.',
      'A pot of 15 centimetres holds about 1.5 litres of soil and is well served with a quarter of a litre of water.',
    ],
    background: [
      'The fashion for indoor plants began in Victorian parlours, once sealed glass cases kept ferns alive in sooty cities.',
      'Terracotta pots have been used since antiquity, partly because their porous walls let extra moisture escape.',
    ],
    steps: [
      'Push a finger into the soil and feel whether it is dry below the surface.',
      'Pour water slowly until some runs out of the drainage holes.',
      'Empty the saucer after a quarter of an hour.',
      'Lift the pot now and then to learn how heavy it is when dry.',
    ],
    example: [
      'For example, a snake plant in a dim corner may want water only once a month, and a fern every few days.',
    ],
    analogy: [
      'Soil is like a sponge in a lunch box: damp is fine, but if it sits in a puddle everything goes off.',
    ],
    caveats: [
      'Yellow leaves can also mean too little light, so look at the spot before changing the routine.',
      'Watering by the calendar is the usual error, since light and heating change how fast a pot dries.',
    ],
    anecdote: [
      'An office in Utrecht rescued its ficus by banning everyone but the shy trainee from carrying the watering can.',
    ],
    comparison: [
      'Cacti store water for weeks in their stems, whereas thin-leaved ferns live almost from day to day.',
    ],
    followUp: 'Which plant is it, and does its pot have holes?',
  },
  {
    id: 'photosynthesis',
    domain: 'nature',
    subject: 'photosynthesis',
    terms: ['chlorophyll', 'carbon dioxide', 'sugar', 'oxygen'],
    phrasings: [
      'How does photosynthesis work?',
      'My daughter asked me how plants eat sunlight and I could not explain it. Can you help me understand photosynthesis?',
      'What do plants actually do with light and carbon dioxide?',
    ],
    answer:
      'In photosynthesis, plants use light to turn carbon dioxide and water into sugar, and they release oxygen along the way.',
    mechanism: [
      'Pigments such as chlorophyll catch light and use its energy to split water, which frees oxygen and loads energy carriers.',
      'A second set of reactions, the Calvin cycle, spends those carriers to build sugar from carbon dioxide.',
    ],
    facts: [
      'Plants typically store only 1 to 2 percent of the sunlight that falls on them as chemical energy.',
      'Making one molecule of glucose takes 6 molecules of carbon dioxide and 6 of water.',
    ],
    background: [
      'In the 1770s Joseph Priestley noticed that a sprig of mint could restore the air in which a candle had burned out.',
      'Melvin Calvin traced the path of carbon with radioactive labels in the 1940s and received a Nobel Prize for it.',
    ],
    steps: [
      'Put a sprig of pondweed in a glass of water on a bright windowsill.',
      'Watch for small bubbles along the leaves.',
      'Shade the glass and count how the bubbles slow down.',
      'Note that the gas is mostly oxygen made by the plant.',
    ],
    example: [
      'For example, a large beech tree on a summer day can make enough sugar to build several kilograms of wood and leaf.',
    ],
    analogy: [
      'A leaf is like a tiny bakery with solar panels: light powers the ovens, and sugar comes out as bread.',
    ],
    caveats: [
      'Plants also breathe oxygen day and night, so the idea that they only produce it is misleading.',
      'Many learners believe that trees grow out of the soil, yet most of their mass comes from the air.',
    ],
    anecdote: [
      'A physics teacher once weighed a willow pot for five years with her classes, and nobody guessed the result right.',
    ],
    comparison: [
      'Solar panels convert about ten times as much light as leaves do, but they cannot repair or copy themselves.',
    ],
    followUp: 'Is this for a child, a class, or your own curiosity?',
  },
  {
    id: 'bird-migration',
    domain: 'nature',
    subject: 'bird migration',
    terms: ['migration', 'magnetic field', 'birds', 'stars'],
    phrasings: [
      'How do birds find their way when they migrate?',
      'Swallows nest under our roof every year after flying from Africa. How do they find the same barn again?',
      'Explain how migrating birds navigate.',
    ],
    answer:
      'Migrating birds combine several compasses, the sun, the stars, and the magnetic field of the Earth, with a memory of landmarks and smells.',
    mechanism: [
      'Young songbirds learn which point of the night sky stays still, and they take that point as north.',
      'Light-sensitive proteins in the eye seem to react to the magnetic field, which may let birds sense direction.',
    ],
    facts: [
      'Arctic terns fly around 70,000 kilometres a year, the longest migration of any animal.',
      'A bar-tailed godwit was tracked flying 13,560 kilometres from Alaska to Tasmania in 11 days without landing.',
    ],
    background: [
      'Aristotle believed that swallows hid in holes for the winter, an idea that lasted for two thousand years.',
      'A stork that reached Germany in 1822 with a spear from Central Africa in its neck helped to settle the question.',
    ],
    steps: [
      'Pick a clear evening in spring or autumn and find an open view of the sky.',
      'Listen for thin calls overhead after dusk, when many songbirds travel.',
      'Note the wind, since birds prefer it from behind.',
      'Report sightings to a local bird count, which helps research.',
    ],
    example: [
      'For example, European robins in a windowless room still hop towards the south in autumn unless the magnetic field is disturbed.',
    ],
    analogy: [
      'A migrating bird is like a sailor with three instruments: if clouds hide one, the others still give a course.',
    ],
    caveats: [
      'Scientists do not yet agree on how the magnetic sense works, so bold claims deserve some doubt.',
      'It is a mistake to think that all members of a species migrate, because some populations stay put.',
    ],
    anecdote: [
      'A farmer in Kent kept a diary of the first swallow for fifty springs, and his granddaughter continues it today.',
    ],
    comparison: [
      'Storks learn the route by following their elders, whereas young cuckoos fly it alone from an inherited plan.',
    ],
    followUp: 'Which birds pass through the place where you live?',
  },
  {
    id: 'honeybee-dance',
    domain: 'nature',
    subject: 'how honeybees communicate',
    terms: ['waggle dance', 'hive', 'nectar', 'bees'],
    phrasings: [
      'How do honeybees tell each other where flowers are?',
      'I am preparing a short talk about bees for my beekeeping club. What does the waggle dance mean?',
      'What is the waggle dance of bees and how accurate is it?',
    ],
    answer:
      'Honeybees point each other to flowers with the waggle dance, whose angle gives the direction and whose duration gives the distance.',
    mechanism: [
      'On the vertical comb, straight up stands for the direction of the sun, and the angle of the run is measured from it.',
      'Other bees follow the dancer in the dark, feel her movements, and pick up the scent of the nectar she carries.',
    ],
    facts: [
      'One second of waggling stands for roughly 1 kilometre, and bees may forage as far as 10 kilometres away.',
      'A teaspoon of honey is the life work of about 12 bees.',
    ],
    background: [
      'Karl von Frisch decoded the dance in Austria in the 1940s and shared a Nobel Prize for it in 1973.',
      'People gathered honey long before they kept bees, as a rock painting near Valencia of about eight thousand years shows.',
    ],
    steps: [
      'Visit a hive with a glass wall on a warm morning.',
      'Look for a bee that walks a short straight line and shakes her body.',
      'Measure the angle of that line against straight up.',
      'Turn the same angle from the sun outside and look along it.',
    ],
    example: [
      'For example, a run tilted forty degrees to the right of vertical sends bees forty degrees to the right of the sun.',
    ],
    analogy: [
      'The dance works like a map drawn on a wall, where the top of the page is always the sun.',
    ],
    caveats: [
      'The message is approximate, and recruits search a patch of some size rather than flying to a single flower.',
      'People often assume that all bees dance, yet most wild species live alone and tell nobody.',
    ],
    anecdote: [
      'A retired postman with two hives says he trusts his bees more than the forecast, and he is rarely caught in the rain.',
    ],
    comparison: [
      'Ants mark their trails with scent that others can follow, whereas bees describe a place in the air without any trail.',
    ],
    followUp: 'Would your audience prefer the science or the beekeeping side?',
  },
  {
    id: 'vaccines',
    domain: 'nature',
    subject: 'how vaccines work',
    terms: ['immune system', 'antibodies', 'memory cells', 'vaccine'],
    phrasings: [
      'How do vaccines protect people?',
      'I am due for a booster and wondered why some vaccines need several doses. How does the protection build up?',
      'Explain immune memory in simple words.',
    ],
    answer:
      'A vaccine shows the immune system a harmless piece of a germ, so that the body can respond fast when the real one arrives.',
    mechanism: [
      'White blood cells that fit the foreign piece multiply, and some of them make antibodies that stick to it.',
      'After the response fades, memory cells remain for years and restart production within days at the next contact.',
    ],
    facts: [
      'Two doses of measles vaccine prevent about 97 percent of cases.',
      'Antibodies usually rise within 2 weeks of a dose, and a booster can lift them 10 times higher.',
    ],
    background: [
      'Edward Jenner tested cowpox against smallpox in 1796, after hearing that milkmaids seldom caught the disease.',
      'Smallpox was declared eradicated in 1980, the first human disease to be wiped out by vaccination.',
    ],
    steps: [
      'Check which vaccinations are recommended for the age group.',
      'Bring the vaccination record to the appointment.',
      'Wait a quarter of an hour afterwards in case of a rare reaction.',
      'Note the date of the next dose at once.',
    ],
    example: [
      'For example, tetanus protection is refreshed about every ten years, because the memory slowly becomes weaker.',
    ],
    analogy: [
      'A vaccine is like a fire drill: nothing burns, yet everyone knows where to run when the alarm is real.',
    ],
    caveats: [
      'People with a weakened immune system should ask a doctor first, since live vaccines may not suit them.',
      'A sore arm or a mild fever is often mistaken for the disease, although it is a sign of the response.',
    ],
    anecdote: [
      'A village nurse kept a jar of painted stones and gave one for every dose, and whole shelves in the valley are full of them.',
    ],
    comparison: [
      'Natural infection also leaves memory, but unlike a vaccine it demands the full risk of the illness first.',
    ],
    followUp: 'Which vaccine are you thinking of?',
  },
  {
    id: 'autumn-leaves',
    domain: 'nature',
    subject: 'autumn leaf colours',
    terms: ['chlorophyll', 'carotenoids', 'anthocyanins', 'leaves'],
    phrasings: [
      'Why do leaves change colour in autumn?',
      'On our walk today the maples were bright red while the birches were yellow. Why the difference?',
      'What makes some autumns more colourful than others?',
    ],
    answer:
      'Leaves turn colour because trees break down green chlorophyll before winter, which reveals yellow pigments and lets some species make red ones.',
    mechanism: [
      'Short days tell the tree to withdraw nitrogen and other nutrients, and the green pigment is taken apart first.',
      'Yellow carotenoids were there all summer, while red anthocyanins are newly made from sugar trapped in the leaf.',
    ],
    facts: [
      'Trees recover about 50 percent of the nitrogen in their leaves before dropping them.',
      'The peak of colour usually lasts only 1 to 2 weeks in any one place.',
    ],
    background: [
      'Chlorophyll was named in 1817 by two French chemists, Pelletier and Caventou, who later isolated quinine as well.',
      'In Japan, excursions to see red maples have been a court custom since the Heian period.',
    ],
    steps: [
      'Collect one green and one yellow leaf from the same tree.',
      'Tear them into small pieces and cover each with rubbing alcohol.',
      'Hang a strip of coffee filter into each glass.',
      'Compare the bands of colour that climb the paper after an hour.',
    ],
    example: [
      'For example, sugar maples in Vermont glow scarlet after sunny days and cool nights, and stay dull after warm rain.',
    ],
    analogy: [
      'It is like a shop closing for the season: the green display is packed away, and the wall behind it comes into view.',
    ],
    caveats: [
      'Early brown edges in August are rather a sign of drought than of autumn.',
      'Frost is often given the credit, although a hard frost in fact ends the show.',
    ],
    anecdote: [
      'A couple in Nara returns to the same bench every November and has the same stranger take their photograph.',
    ],
    comparison: [
      'Oaks hold on to tannins and turn brown, whereas birches show pure yellow and maples add red.',
    ],
    followUp: 'Where do you plan to watch the leaves this year?',
  },
]
