/** Cooking topics. */
import type { Topic } from './topic.ts'

export const FOOD: readonly Topic[] = [
  {
    id: 'sourdough-starter',
    domain: 'food',
    subject: 'sourdough starters',
    terms: ['starter', 'wild yeast', 'lactic acid', 'flour'],
    phrasings: [
      'How does a sourdough starter work, and how do I keep one alive?',
      'I was given a jar of sourdough starter by a colleague. What is going on inside it and what should I do with it?',
      'Explain sourdough starter to me, I bake bread about once a week.',
    ],
    answer:
      'A sourdough starter is a living culture of wild yeast and bacteria that raises bread when it is fed with flour and water.',
    mechanism: [
      'The wild yeast eats sugars from the flour and releases carbon dioxide, which stays trapped in the gluten and lifts the dough.',
      'Bacteria in the culture produce lactic acid and acetic acid, so the mixture turns sour and unwelcome to mould.',
    ],
    facts: [
      'A healthy starter doubles in about 4 to 8 hours at 24 °C and keeps for a week or two in the fridge.',
      'Most recipes use starter equal to roughly 20 percent of the weight of the flour.',
    ],
    background: [
      'Bakers in ancient Egypt already raised bread with such cultures, thousands of years before commercial yeast was sold.',
      'Packaged yeast took over in the nineteenth century because factories wanted dough that rose on a fixed schedule.',
    ],
    steps: [
      'Discard all but a spoonful of the starter before each feeding.',
      'Stir in equal weights of flour and lukewarm water until no dry bits remain.',
      'Leave the jar loosely covered in a warm spot until the surface is domed and bubbly.',
      'Bake with it at its peak, or put it in the fridge and feed it once a week.',
    ],
    example: [
      'For example, 20 grams of starter fed with 50 grams of flour and 50 grams of water gives enough for one loaf.',
    ],
    analogy: [
      'A starter is like a pet with simple needs: regular meals, a warm corner, and a little patience when it sulks.',
    ],
    caveats: [
      'Throw the culture away if pink or orange streaks appear, because those are signs of harmful bacteria.',
      'A common mistake is to bake with a starter that has already collapsed, which leaves the loaf dense.',
    ],
    anecdote: [
      'One retired nurse kept the same jar going for thirty years and gave a spoonful to every couple whose wedding she attended.',
    ],
    comparison: [
      'Compared with packaged yeast, sourdough rises more slowly but gives a deeper flavour and a loaf that stays fresh longer.',
    ],
    followUp: 'How often do you plan to bake each week?',
  },
  {
    id: 'searing-meat',
    domain: 'food',
    subject: 'searing meat',
    terms: ['Maillard reaction', 'crust', 'pan', 'surface'],
    phrasings: [
      'Why does searing a steak make it taste better?',
      'My steaks always come out grey instead of brown. What does searing do and how do I get it right?',
      'What actually happens when meat browns in a hot pan?',
    ],
    answer:
      'Searing tastes good because high heat browns the surface of the meat through the Maillard reaction and creates hundreds of new flavours.',
    mechanism: [
      'In the Maillard reaction, amino acids and sugars combine under heat and rearrange into brown, savoury compounds.',
      'Water keeps the surface near its boiling point, so browning only starts once the outside of the meat has dried.',
    ],
    facts: [
      'Browning becomes quick above about 140 °C, while a wet surface stays stuck near 100 °C.',
      'A 2.5 centimetre steak usually needs 2 to 3 minutes on each side in a very hot pan.',
    ],
    background: [
      'The reaction is named after Louis Camille Maillard, a French chemist who described it in 1912 while studying proteins.',
      'The old claim that searing seals in juices goes back to the nineteenth century chemist Justus von Liebig and is wrong.',
    ],
    steps: [
      'Pat the meat dry with paper towels and salt it just before cooking.',
      'Heat a heavy pan until a drop of water skitters across it.',
      'Lay the meat down with a little oil and leave it alone until it releases by itself.',
      'Turn it, finish to the wanted doneness, and rest it for several minutes before slicing.',
    ],
    example: [
      'For instance, two identical steaks cooked to the same inside temperature taste very different when only one has a brown crust.',
    ],
    analogy: [
      'Browning meat is like toasting bread: the inside hardly changes, yet the outside gains a whole new character.',
    ],
    caveats: [
      'Be careful with very hot oil, because a wet steak makes it spit and smoke can build up quickly.',
      'Crowding the pan is the usual error, since the trapped steam boils the meat instead of browning it.',
    ],
    anecdote: [
      'A young line cook once learned this by being made to sear fifty onions in silence before the chef allowed him near a steak.',
    ],
    comparison: [
      'Unlike boiling, which tops out at the temperature of water, searing reaches the heat at which flavours really change.',
    ],
    followUp: 'Which cut and which kind of pan are you working with?',
  },
  {
    id: 'caramelized-onions',
    domain: 'food',
    subject: 'caramelizing onions',
    terms: ['onions', 'low heat', 'sugars', 'fond'],
    phrasings: [
      'How do I caramelize onions properly?',
      'I tried to caramelize onions for a soup but they burned at the edges and stayed raw in the middle. What went wrong?',
      'Why do recipes take so long for caramelized onions, and can it be sped up?',
    ],
    answer:
      'Caramelized onions need low heat and plenty of time, so that their water leaves first and their sugars brown evenly afterwards.',
    mechanism: [
      'Heat breaks the cell walls, the water escapes, and longer sugar chains split into smaller, sweeter pieces.',
      'Once most of the moisture has gone, the sugars and amino acids in the onions begin to brown together.',
    ],
    facts: [
      'An honest batch takes 40 to 60 minutes, and 1 kilogram of raw onions shrinks to about 250 grams.',
      'Raw onions are nearly 90 percent water and contain only 4 to 5 percent sugar.',
    ],
    background: [
      'French onion soup made the technique famous in the market halls of Paris, where workers ate it before dawn.',
      'Onions have been cooked down slowly since Roman times, when they sweetened sauces in place of costly honey.',
    ],
    steps: [
      'Slice the onions evenly and start them in butter with a pinch of salt.',
      'Cover the pan for the first ten minutes so that they soften in their own steam.',
      'Uncover, lower the flame, and stir every few minutes as the colour deepens.',
      'Splash in water whenever the fond threatens to burn, and scrape it back into the onions.',
    ],
    example: [
      'For example, four large onions end up as roughly one cup, just enough for two generous bowls of soup.',
    ],
    analogy: [
      'The process is like reducing a long story to its best lines: most of the volume leaves, and the flavour stays.',
    ],
    caveats: [
      'Sugar or baking soda can speed things up, but too much of either turns the onions to a sticky mush.',
      'The most frequent mistake is turning up the flame, which scorches the edges before the middle is soft.',
    ],
    anecdote: [
      'A grandmother in Lyon timed her onions by two full sides of a record, and nobody in the family dared to skip a song.',
    ],
    comparison: [
      'Sautéed onions are done in ten minutes and stay sharp, whereas caramelized ones turn jammy, brown, and sweet.',
    ],
    followUp: 'Are the onions for a soup, a tart, or something else?',
  },
  {
    id: 'coffee-extraction',
    domain: 'food',
    subject: 'brewing better coffee',
    terms: ['extraction', 'grind', 'bitter', 'water'],
    phrasings: [
      'Why is my coffee bitter and how can I fix it?',
      'I make filter coffee every morning and some days it is sour, other days bitter. What controls that?',
      'Give me the basics of coffee extraction for a beginner.',
    ],
    answer:
      'Bitter coffee is usually over-extracted, so a coarser grind, slightly cooler water, or a shorter brew will bring back the balance.',
    mechanism: [
      'Hot water dissolves acids first, then sugars, and finally bitter compounds, so the time of contact decides the taste.',
      'A finer grind exposes more surface to the water, and extraction therefore runs faster and goes further.',
    ],
    facts: [
      'A balanced cup dissolves about 18 to 22 percent of the ground coffee.',
      'Filter coffee works well at 92 to 96 °C with 60 grams of coffee per litre of water.',
    ],
    background: [
      'Coffee was first brewed as a drink in Yemen in the fifteenth century, where it helped Sufi monks stay awake in prayer.',
      'The paper filter was patented in 1908 by Melitta Bentz, who punched holes in a pot and used blotting paper.',
    ],
    steps: [
      'Weigh the coffee and the water so that each day starts from the same point.',
      'Change only the grind, one notch coarser when the cup is bitter and finer when it is sour.',
      'Wet the grounds first and wait half a minute before pouring the rest.',
      'Taste, write down the setting, and stop adjusting when the cup is sweet.',
    ],
    example: [
      'For example, moving a grinder from fine to medium often turns a harsh four minute brew into a round three minute one.',
    ],
    analogy: [
      'Extraction resembles steeping tea: pull the leaves too early and it is thin, forget them and it bites.',
    ],
    caveats: [
      'Hard or chlorinated water can spoil any recipe, so a filter may matter more than the beans.',
      'Many people change grind, dose, and temperature at once, and then cannot tell which of them helped.',
    ],
    anecdote: [
      'A night porter in Trieste kept a pencil notebook of every pot he brewed, and guests began to ask for page forty.',
    ],
    comparison: [
      'Espresso uses pressure and a very fine grind for half a minute, while a filter relies on gravity and several minutes.',
    ],
    followUp: 'Which brewer and grinder are you using at the moment?',
  },
  {
    id: 'cast-iron',
    domain: 'food',
    subject: 'seasoning cast iron',
    terms: ['seasoning', 'cast iron', 'oil', 'rust'],
    phrasings: [
      'How do I season a cast iron pan?',
      'I inherited a rusty cast iron skillet from my aunt. Can it be saved and how does seasoning work?',
      'What is seasoning on cast iron and why does food stop sticking?',
    ],
    answer:
      'Seasoning is a thin layer of oil baked onto cast iron until it hardens into a slick coating that also keeps rust away.',
    mechanism: [
      'Heated beyond its smoke point, the oil polymerises, which means its molecules link into a hard, plastic-like film.',
      'The film fills the tiny pits of the metal, so food touches a smooth surface and water never reaches the iron.',
    ],
    facts: [
      'One hour at about 230 °C sets a layer, and 3 to 4 thin layers make a good base.',
      'A cast iron pan of 25 centimetres weighs roughly 2 kilograms and can last for more than 100 years.',
    ],
    background: [
      'Iron was cast into cooking pots in China more than two thousand years ago, long before Europe mastered the method.',
      'In the nineteenth century American foundries made skillets so cheap that nearly every farmhouse kitchen owned one.',
    ],
    steps: [
      'Scrub off any rust with steel wool and dry the pan fully on the stove.',
      'Rub in a few drops of oil, then wipe until the pan looks almost dry.',
      'Bake it upside down in a hot oven for an hour and let it cool inside.',
      'Repeat the layer a few times, and fry something fatty as the first meal.',
    ],
    example: [
      'For example, a skillet red with rust can be scrubbed on Saturday morning and fry eggs by Sunday evening.',
    ],
    analogy: [
      'Seasoning builds up like coats of varnish on a boat: each layer is thin, and together they keep the water out.',
    ],
    caveats: [
      'Leave long-simmered tomato sauce to another pot, because acid dissolves a young coating.',
      'Using too much oil is the classic mistake, and it leaves a sticky, blotchy surface.',
    ],
    anecdote: [
      'Two brothers once argued for years over the skillet of their late mother, until they agreed to swap it every Christmas.',
    ],
    comparison: [
      'Nonstick coatings are lighter and easier on day one, but unlike cast iron they wear out and cannot be renewed.',
    ],
    followUp: 'Is the pan only dull, or is there real rust on it?',
  },
  {
    id: 'cooking-rice',
    domain: 'food',
    subject: 'cooking fluffy rice',
    terms: ['rice', 'starch', 'steam', 'water'],
    phrasings: [
      'How do I cook rice so that it is fluffy and not sticky?',
      'My rice on the stove is mushy at the bottom and hard on top. I have no rice cooker. What should I change?',
      'Why does rice get sticky, and what is the trick to fluffy grains?',
    ],
    answer:
      'Fluffy rice comes from rinsing off loose starch, measuring the water, and letting the covered pot rest in its own steam.',
    mechanism: [
      'The grains swell as their starch absorbs hot water, a change that cooks call gelatinization.',
      'Loose starch on the outside dissolves and acts as a glue, so rinsed grains stay separate.',
    ],
    facts: [
      'Long grain rice needs about 1.5 cups of water per cup, 12 minutes of simmering, and 10 minutes of rest.',
      'Cooked rice weighs close to 3 times as much as the dry grain.',
    ],
    background: [
      'Rice was domesticated in the Yangtze valley roughly nine thousand years ago and spread along rivers across Asia.',
      'The electric rice cooker appeared in Japan in the 1950s and freed families from watching the pot at dawn.',
    ],
    steps: [
      'Rinse the rice in cold water until the water runs nearly clear.',
      'Bring it to a boil with the measured water and a pinch of salt.',
      'Cover tightly, turn the flame to its lowest, and do not lift the lid.',
      'Take the pot off, wait ten minutes, and loosen the grains with a fork.',
    ],
    example: [
      'For example, two cups of basmati with three cups of water feed four people without a single clump.',
    ],
    analogy: [
      'The closed pot works like a small sauna, where gentle steam finishes what the boiling water began.',
    ],
    caveats: [
      'Cool leftovers within an hour and keep them cold, because spores in rice can survive cooking and grow.',
      'Stirring during the simmer is the mistake that most often turns the pot into porridge.',
    ],
    anecdote: [
      'A student who ruined rice all winter finally phoned his flatmate in Manila, who simply told him to stop peeking.',
    ],
    comparison: [
      'Short grain rice clings together by nature, whereas basmati and jasmine hold less of the sticky starch and stay loose.',
    ],
    followUp: 'Which kind of rice do you cook most often?',
  },
  {
    id: 'knife-sharpening',
    domain: 'food',
    subject: 'keeping kitchen knives sharp',
    terms: ['edge', 'whetstone', 'honing', 'angle'],
    phrasings: [
      'How do I sharpen a kitchen knife at home?',
      'My chef knife squashes tomatoes. I bought a whetstone but I am nervous about using it. Where do I start?',
      'What is the difference between honing and sharpening a knife?',
    ],
    answer:
      'Sharpening grinds a fresh edge on a whetstone at a steady angle, while honing only straightens the edge that is already there.',
    mechanism: [
      'A dull edge is rounded or folded over at a scale too small to see, so it presses on food instead of parting it.',
      'The abrasive removes metal from both sides until they meet in a new line and a faint burr appears.',
    ],
    facts: [
      'Western knives are ground to about 20 degrees a side, Japanese ones to about 15 degrees.',
      'A stone of 1000 grit suits routine work, and 3000 to 6000 grit polishes the edge.',
    ],
    background: [
      'People have ground blades on wet stones since the Stone Age, and quarries in Belgium were famous for them in Roman times.',
      'Travelling grinders with a pedal wheel served European streets well into the twentieth century.',
    ],
    steps: [
      'Soak the whetstone and set it on a damp towel so that it cannot slide.',
      'Hold the blade at the chosen angle and draw it across from heel to tip.',
      'Work one side until a burr can be felt, then change sides.',
      'Finish with light strokes on the fine side and rinse the blade.',
    ],
    example: [
      'For example, a knife that slides over a tomato skin will usually bite again after ten minutes on a medium stone.',
    ],
    analogy: [
      'Honing is like combing hair, and sharpening is like having it cut: one tidies, the other takes something away.',
    ],
    caveats: [
      'Keep fingers behind the edge and work slowly, since most cuts happen while testing the blade.',
      'Changing the angle with every stroke is the usual fault, and it rounds the edge instead of refining it.',
    ],
    anecdote: [
      'A sushi apprentice spent his first year doing nothing but sharpening, and later said it taught him to pay attention.',
    ],
    comparison: [
      'Pull-through sharpeners are quicker than a whetstone, yet they remove far more metal and leave a rougher edge.',
    ],
    followUp: 'What kind of knife is it, and how dull is it now?',
  },
  {
    id: 'freezing-vegetables',
    domain: 'food',
    subject: 'freezing vegetables',
    terms: ['blanching', 'enzymes', 'ice crystals', 'freezer'],
    phrasings: [
      'What is the right way to freeze vegetables from the garden?',
      'We have far too many green beans this summer and a half empty freezer. How do we freeze them so they stay good?',
      'Why do recipes tell me to blanch vegetables before freezing them?',
    ],
    answer:
      'Most vegetables freeze best after blanching, a brief boil and an ice bath that stop enzymes from spoiling colour and taste.',
    mechanism: [
      'Enzymes go on working slowly even in the cold, and they turn sweetness into dull, grassy flavours.',
      'Quick freezing forms small ice crystals, which damage the cell walls less than the large ones of a slow freeze.',
    ],
    facts: [
      'Green beans need 3 minutes in boiling water, peas 90 seconds, and they keep 8 to 12 months at −18 °C.',
      'A freezer that is about 75 percent full holds its temperature better than an empty one.',
    ],
    background: [
      'Clarence Birdseye developed quick freezing in the 1920s after he saw how fish froze at once in the air of Labrador.',
      'Before home freezers, families kept the harvest by drying, salting, and storing roots in cool cellars.',
    ],
    steps: [
      'Wash and cut the vegetables to an even size.',
      'Boil them briefly and move them straight into ice water.',
      'Dry them well and freeze them on a tray in a single layer.',
      'Pack the hard pieces in bags, press out the air, and write the date on them.',
    ],
    example: [
      'For example, a kilogram of beans handled this way in July still snaps in a stew in February.',
    ],
    analogy: [
      'Blanching is like turning off the engine before parking the car: nothing keeps running while it stands.',
    ],
    caveats: [
      'Avoid freezing lettuce, cucumber, and radish, since their watery cells collapse when they thaw.',
      'Skipping the drying step is a common slip, and it welds everything into one icy block.',
    ],
    anecdote: [
      'An allotment club in Leeds holds a freezing day each August, with one huge kettle, twenty neighbours, and plenty of tea.',
    ],
    comparison: [
      'Frozen peas often beat fresh ones from the shop, because they are chilled within hours of being picked.',
    ],
    followUp: 'Which vegetables do you have the most of right now?',
  },
]
