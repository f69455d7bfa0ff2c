/** Topics about games and sports. */
import type { Topic } from './topic.ts'

export const GAMES: readonly Topic[] = [
  {
    id: 'chess-openings',
    domain: 'games',
    subject: 'playing the opening in chess',
    terms: ['opening', 'centre', 'pieces', 'king'],
    phrasings: [
      'How should a beginner play the opening in chess?',
      'I lose at chess within fifteen moves because my nephew attacks early. What should I do in the opening instead?',
      'Why do chess players care so much about the centre of the board?',
    ],
    answer:
      'In the opening, take the centre with a pawn, bring out knights and bishops, castle early, and move each piece only once.',
    mechanism: [
      'Pieces near the centre reach more squares, and from there they can switch quickly between both wings.',
      'A king behind his castled pawns cannot be attacked in a hurry, so early raids run out of fuel.',
    ],
    facts: [
      'After 3 moves by each side, more than 100 million sequences are possible.',
      'A knight controls 8 squares in the middle of the board and only 2 in a corner.',
    ],
    background: [
      'Chess came from India by way of Persia, and shah mat, the king is helpless, became checkmate.',
      'The modern queen appeared in Spain around 1475 and made openings far more dangerous.',
    ],
    steps: [
      'Push the king pawn two squares.',
      'Develop both knights towards the middle.',
      'Bring out the bishops and castle.',
      'Connect the rooks, and only then look for an attack.',
    ],
    example: [
      'For example, the Italian game puts the bishop on c4, where it looks at the weakest point next to the black king.',
    ],
    analogy: ['An opening is like setting up camp before nightfall: tents first, exploring later.'],
    caveats: [
      'Learning long lines by heart helps little, because opponents of your level leave them at the third move.',
      'Bringing out the queen early is the classic mistake, since every attack on her costs a move.',
    ],
    anecdote: [
      'A lighthouse keeper played by postcard for forty years and lost his favourite game to a stamp that fell off.',
    ],
    comparison: ['In Go the corners come first, whereas in chess the middle decides.'],
    followUp: 'Do you usually play with the white or the black pieces?',
  },
  {
    id: 'offside-rule',
    domain: 'games',
    subject: 'the offside rule in football',
    terms: ['offside', 'defender', 'attacker', 'ball'],
    phrasings: [
      'What is the offside rule in football?',
      'My daughter has joined a football team and I do not understand why the flag goes up. Can you explain offside to me?',
      'Why does football have an offside rule?',
    ],
    answer:
      'An attacker is offside when, as the ball is played to him in the other half, he is nearer to the goal line than ball and second-last opponent.',
    mechanism: [
      'What counts is the instant in which a teammate touches the ball, not the one in which it arrives.',
      'Without the rule attackers would wait in front of the goal, and the middle of the field would lie empty.',
    ],
    facts: [
      'In 1925 the law went from 3 opponents to 2, and goals in the English league rose by about 36 percent.',
      'Since 2022 large tournaments follow 29 points of each body with up to 12 cameras.',
    ],
    background: [
      'Schools in England had rules against sneaking behind the lines before there was an association.',
      'The law of 1863 banned every pass forward to a man in front of the ball, almost as in rugby.',
    ],
    steps: [
      'Watch the passer first and freeze the picture at the kick.',
      'Find the last two opponents, the keeper included.',
      'See whether head, body, or feet of the receiver are beyond them.',
      'Check that he takes part in play at all.',
    ],
    example: ['For example, nobody can be offside from a throw-in, a goal kick, or a corner.'],
    analogy: [
      'The line of defenders is like a garden gate that moves: one must not stand inside before the ball is on its way.',
    ],
    caveats: [
      'Standing in an offside position is no offence by itself, only taking part from there is.',
      'Looking at the receiver when the ball arrives is the usual error of spectators.',
    ],
    anecdote: [
      'A grandmother in Bilbao explained the rule with salt, pepper, and a grape, and the grape was ruled out.',
    ],
    comparison: [
      'Ice hockey fixes its offside by a painted line, whereas in football the defenders carry the line with them.',
    ],
    followUp: 'Which situation in the last match puzzled you?',
  },
  {
    id: 'learning-crawl',
    domain: 'games',
    subject: 'swimming front crawl',
    terms: ['crawl', 'breathing', 'stroke', 'water'],
    phrasings: [
      'How do I learn to swim front crawl?',
      'I can swim breaststroke for an hour, but in crawl I am out of breath after one length. What am I doing wrong?',
      'Why is front crawl the fastest stroke?',
    ],
    answer:
      'In crawl the body lies flat and long, air goes out under water all the time, and the arms pull while the legs only steady.',
    mechanism: [
      'Resistance grows with the frontal area, and a raised head sinks the hips and doubles that area.',
      'Holding the breath lets carbon dioxide build up, which feels like lack of air although there is enough.',
    ],
    facts: [
      'The arms give about 85 to 90 percent of the drive in crawl.',
      'Good swimmers need 12 to 16 pulls for 25 metres, beginners often more than 25.',
    ],
    background: [
      'Native Americans showed an overarm stroke in London in 1844, and the audience thought it un-European.',
      'The Australian Cavill family added a kick that they had learned from swimmers of the Pacific.',
    ],
    steps: [
      'Push off the wall and glide face down until the body lies still.',
      'Hum into the water, and turn the head only to the side for air.',
      'Swim with one arm while the other stays stretched in front.',
      'Put both together for half a length and rest before the form breaks.',
    ],
    example: [
      'For example, four times twelve metres with calm breathing teaches more than one desperate hundred.',
    ],
    analogy: [
      'A crawl swimmer is like a rowing boat: long and narrow glides, short and wide stops.',
    ],
    caveats: [
      'Pain in the shoulder is a warning, mostly against a hand that crosses the middle line.',
      'A frantic kick is the most common mistake, for it burns most of the oxygen and hardly pushes.',
    ],
    anecdote: [
      'A baker of sixty learned the stroke in a year by swimming one length more each Monday.',
    ],
    comparison: [
      'Breaststroke lets you see and breathe freely, whereas crawl covers the same distance with less effort once it works.',
    ],
    followUp: 'How often can you get to a pool?',
  },
  {
    id: 'tennis-scoring',
    domain: 'games',
    subject: 'scoring in tennis',
    terms: ['deuce', 'game', 'set', 'serve'],
    phrasings: [
      'How does scoring in tennis work?',
      'We have tickets for a tennis final and I know nothing about it. How do games, sets and the odd numbers work?',
      'Why are tennis points counted as 15, 30 and 40?',
    ],
    answer:
      'Points make a game, six games with a lead of two make a set, and two or three sets make the match.',
    mechanism: [
      'Since every game starts at love, a player who is far behind can still win, which keeps matches open to the end.',
      'The server holds an advantage, so a set usually turns on the few games that are won against the serve.',
    ],
    facts: [
      'The points run 15, 30, 40, and at 40 all a lead of 2 is needed.',
      'The longest match took 11 hours and 5 minutes and ended 70 to 68 in the last set.',
    ],
    background: [
      'The numbers go back to French courts of the Middle Ages, perhaps to stakes in coins or to the quarters of a clock.',
      'The tie-break was invented by James Van Alen, who was tired of matches without an end.',
    ],
    steps: [
      'Find out who serves, for that score is always called first.',
      'Count the points within the game.',
      'Note who broke the serve of the other.',
      'Look for the tie-break when both have six games.',
    ],
    example: [
      'For example, a player may win fewer points than the opponent and still take the match.',
    ],
    analogy: [
      'The score is like a staircase with landings: on each of them both players stand level again.',
    ],
    caveats: [
      'Rules for the last set differ between tournaments and years, so look them up before the final.',
      'Clapping between the first and second serve is a slip that newcomers make.',
    ],
    anecdote: [
      'A ball boy in Rome learned to count in three languages from the umpires before he could divide.',
    ],
    comparison: [
      'Table tennis simply counts points to eleven, whereas tennis wraps them in games and sets.',
    ],
    followUp: 'Which final are you going to see?',
  },
  {
    id: 'dice-probability',
    domain: 'games',
    subject: 'probability in dice games',
    terms: ['dice', 'probability', 'roll', 'odds'],
    phrasings: [
      'How do I work out probabilities with dice?',
      'In our board game I keep betting on an eight with two dice and keep losing. Is that bad luck or bad odds?',
      'Why does a seven come up most often with two dice?',
    ],
    answer:
      'Count the ways that lead to a result and divide by all the ways there are, each face of each die being equally likely.',
    mechanism: [
      'A middle sum can be made in more ways than an extreme one, so it comes up more often.',
      'Dice have no memory, and after five misses the next roll is exactly as likely to hit as before.',
    ],
    facts: [
      'With two dice there are 36 outcomes: 6 of them make a seven, 5 an eight, and 1 a twelve.',
      'At least one six in 4 rolls has a chance of 51.8 percent.',
    ],
    background: [
      'In 1654 Pascal and Fermat founded the theory in letters about a gambler who had to break off a game.',
      'Dice of bone from graves in Iran and Egypt are about five thousand years old, and loaded ones turned up in Roman ruins.',
    ],
    steps: [
      'List the outcomes of the first die and of the second in a grid.',
      'Mark all the cells that win.',
      'Divide the marked cells by the whole grid.',
      'Use the opposite when you want "at least one", and subtract it from one.',
    ],
    example: [
      'For example, an eight comes from two and six, three and five, four and four, and the first two pairs in either order.',
    ],
    analogy: [
      'The sums are like a hill of sand: the top has many grains below it, and the edges only one.',
    ],
    caveats: [
      'Odds describe many rolls, and one evening is short enough for every kind of streak.',
      'Believing that a number is due is the oldest mistake of gamblers.',
    ],
    anecdote: [
      'A maths teacher let her class roll for a whole lesson and papered the corridor with the bars they drew.',
    ],
    comparison: [
      'Cards that are drawn do not go back, so their odds change, whereas those of dice stay the same.',
    ],
    followUp: 'Which game are you playing?',
  },
  {
    id: 'rubiks-cube',
    domain: 'games',
    subject: "solving Rubik's cube",
    terms: ['cube', 'layer', 'corners', 'edges'],
    phrasings: [
      "How do I solve Rubik's cube?",
      'I can do one side of the cube and then destroy it again with every turn. How do I get to the second layer and on?',
      "How is it possible to solve Rubik's cube in a few seconds?",
    ],
    answer:
      'Solve the cube layer by layer: a cross, the first corners, the middle edges, and then the last layer with short fixed sequences.',
    mechanism: [
      'The centres never move against each other, so they say which colour each side will have.',
      'A sequence that does something, changes one thing, and undoes itself leaves most of the cube as it was.',
    ],
    facts: [
      'There are about 43 quintillion positions, and 20 turns are enough for each of them.',
      'Beginners solve it in some 100 turns, experts in about 50 to 60.',
    ],
    background: [
      'Ernő Rubik built the first one from wood in Budapest in 1974 and needed a month to restore it.',
      'After a craze around 1981 the toy was nearly forgotten, until video lessons brought it back.',
    ],
    steps: [
      'Make a white cross whose arms match the centres at the sides.',
      'Put in the white corners from below.',
      'Insert the four middle edges by the mirrored sequences.',
      'Orient the last layer first, and then swap its pieces.',
    ],
    example: [
      'For example, right up, top left, right down, top right is a sequence that beginners repeat until a corner fits.',
    ],
    analogy: [
      'It is like parking in a narrow yard: move one car out, park, and bring the first one back.',
    ],
    caveats: [
      'A cube that was taken apart and put together wrongly cannot be solved, and only one build in twelve can.',
      'Looking at colours instead of pieces is the mistake that spoils the first side.',
    ],
    anecdote: [
      'A bus conductor in Kraków solved one between every two stops, and passengers began to shout the time.',
    ],
    comparison: [
      'The small cube of two layers needs only the corners, whereas larger ones add pairing up of centres and edges.',
    ],
    followUp: 'How far do you get before you are stuck?',
  },
  {
    id: 'table-tennis-spin',
    domain: 'games',
    subject: 'spin in table tennis',
    terms: ['spin', 'topspin', 'backspin', 'bat'],
    phrasings: [
      'How does spin work in table tennis?',
      'At work everyone returns my serve, but theirs jump off my bat in all directions. How do I read and play spin?',
      'Why does a ball with topspin drop so steeply?',
    ],
    answer:
      'Spin comes from brushing the ball instead of hitting it, and it bends the flight, the bounce, and the way off the other bat.',
    mechanism: [
      'A ball with topspin drags air along and pushes it upwards behind itself, so the ball is pressed down.',
      'On a grippy rubber the turning ball climbs along the bat, which is why the angle has to be changed.',
    ],
    facts: [
      'Strong players give the ball up to 150 turns per second.',
      'The ball measures 40 millimetres and weighs 2.7 grams.',
    ],
    background: [
      'In 1952 Hiroji Satoh won the title with a bat of thick sponge, whose silent shots nobody could read.',
      'The ball was enlarged in 2000, so that television viewers could follow the rallies.',
    ],
    steps: [
      'Watch the bat of the opponent at the moment of contact.',
      'Open the angle and push under a ball with backspin.',
      'Close the angle and stroke over a ball with topspin.',
      'Practise one serve with two directions of brushing.',
    ],
    example: [
      'For example, a short serve with backspin drops into the net when it is returned flat.',
    ],
    analogy: [
      'It is like a wheel that lands on the road: it runs off in the direction in which it was turning.',
    ],
    caveats: [
      'Hard plastic bats without rubber hardly make any spin, so the advice needs a proper one.',
      'Hitting harder against a ball that drops is the usual mistake, since the angle is what is wrong.',
    ],
    anecdote: [
      'A dentist in Graz won the cup of the company with one single serve, which she had practised in the corridor.',
    ],
    comparison: [
      'In tennis the heavy ball and the strings let spin act late, whereas here it decides within half a second.',
    ],
    followUp: 'What kind of bat do you use?',
  },
  {
    id: 'climbing-technique',
    domain: 'games',
    subject: 'climbing with better technique',
    terms: ['climbing', 'feet', 'hips', 'grip'],
    phrasings: [
      'How do I climb with better technique?',
      'After six weeks in the climbing hall my forearms give up after three routes. How can I climb with less strength?',
      'Why do experienced climbers look so effortless?',
    ],
    answer:
      'Climbing gets easier when the feet carry the weight, the hips stay close to the wall, and the arms hang straight.',
    mechanism: [
      'Legs are made to lift the body, while the small muscles of the forearm close off their own blood when they clench.',
      'With the hips near the wall the weight stands over the feet, and less of it pulls on the hands.',
    ],
    facts: [
      'At more than about 50 to 70 percent of full grip, the flow of blood in the forearm stops.',
      'Tendons adapt much more slowly than muscles, over 6 to 12 months or longer.',
    ],
    background: [
      'Climbers in the sandstone of Saxony gave up artificial aids in the 1890s and wrote down rules for it.',
      'Halls with moulded holds spread in the 1980s, and in 2021 the sport entered the Olympic Games.',
    ],
    steps: [
      'Look at the route from below and count the foot holds.',
      'Place each toe silently and precisely.',
      'Turn one hip to the wall before reaching far.',
      'Shake out the arms at every good hold.',
    ],
    example: [
      'For example, climbing an easy route with a glove on each hand makes the feet learn within an evening.',
    ],
    analogy: [
      'The body is like a ladder leaned against a wall: the flatter it stands off, the more the top has to hold.',
    ],
    caveats: [
      'Check knot and partner before every start, because most accidents in halls are errors of seconds.',
      'Training on finger boards in the first year is a mistake that ends with sore pulleys.',
    ],
    anecdote: [
      'An organ builder of seventy climbs in socks at home along his bookshelf, and only the encyclopaedia has loosened.',
    ],
    comparison: [
      'Bouldering rewards short bursts of power, whereas long routes reward rest and rhythm.',
    ],
    followUp: 'Which routes do you climb at the moment?',
  },
]
