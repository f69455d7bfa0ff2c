/** Seeds of kinds where no preference matters: one right answer, a given text, code, a fixed form, a greeting. */
export const PLAIN_KINDS: readonly string[] = [
  // Arithmetic and equations.
  `What is 17 times 23? | Solve for x: 3x + 5 = 20. | What is the square root of 1764? | 12% of 340? | 48 / 6 + 7 | How much is 15 percent of 80?
   Calculate 2^10. | What's 3/4 plus 1/8? | add 19, 27 and 44 | Is 97 a prime number? Yes or no. | What is the greatest common divisor of 84 and 36?
   Compute the derivative of x^3 + 2x. | If a train travels 180 km in 2 hours, how fast is it? | What is 7 factorial? | log base 2 of 64 | Evaluate (5 - 2) * 8.`,
  // Word problems with one number as the answer.
  `A shirt costs 40 euros and is reduced by 25 percent. What does it cost now? | I have 12 apples and give away 5, how many are left? | A rectangle is 4 by 9. What is its area?
   If 3 workers need 6 days, how many days do 9 workers need? | What is the sum of the numbers from 1 to 100? | A car uses 6 litres per 100 km. How much for 350 km? | The mean of 4, 8 and 15?`,
  // Units, dates, times.
  `Convert 68 degrees Fahrenheit to Celsius. | How many days are there between 3 March and 19 April? | What time is it in Tokyo when it is noon in London? | 5 miles in km
   How many ounces are in a pound? | What day of the week was 4 July 1976? | Convert 250 grams of flour to cups. | How many seconds are there in a day? | What is 1 inch in centimetres?
   Which date is 90 days after 1 June? | 200 USD in EUR at a rate of 0.92? | How many feet are 3 metres? | What year is MCMXCIV in Arabic numerals?`,
  // Capitals and geography.
  `What is the capital of Mongolia? | Capital of Peru? | Which river flows through Cairo? | What is the currency of Thailand? | On which continent is Chad? | What is the highest mountain of Africa?
   Which country has Nairobi as its capital? | What is the official language of Brazil? | Name the largest ocean. | What's the population of Iceland?`,
  // Who, when, which: a name or a year.
  `In which year did the Titanic sink? | Who wrote The Old Man and the Sea? | Who painted Guernica? | When was the Magna Carta signed? | Who was the first person on the Moon?
   When did the Second World War end? | Who invented the telephone? | Who is the author of Dune? | Which team won the 2010 World Cup? | When was Mozart born? | Who directed Jaws?
   What was the name of Napoleon's first wife? | How old was Cleopatra when she died?`,
  // Science facts in one word.
  `What is the chemical symbol of tungsten? | What is the atomic number of oxygen? | At what temperature does water boil at sea level? | How many bones does an adult human have?
   What is the speed of light in a vacuum? | Which planet is the largest? | What is the formula of table salt? | How many chromosomes do humans have? | What gas do plants take in? | How many legs does a spider have?`,
  // Spelling, grammar forms, synonyms.
  `Spell "necessary". | What is the plural of "ox"? | Correct the spelling: I recieved you're adress. | What is the past tense of "to lie"? | Give a synonym for "happy". | What rhymes with "orange"?
   Is it "affect" or "effect" in this sentence: It will ___ the result? | What is the opposite of "generous"? | How do you spell rhythm | Which is correct, its or it's, in: The dog wagged ___ tail?
   What does the abbreviation etc. stand for? | Put the comma in: After dinner we went home. | What is the feminine of "actor"?`,
  // Translation.
  `Translate "good evening" into Italian. | Translate this sentence into German: The train leaves at noon. | How do you say "thank you" in Portuguese? | What does "Schadenfreude" mean in English?
   Put this into French: Where is the station? | Say "I love you" in Japanese. | Translate to Spanish: My house is your house. | What is the Latin word for water? | Turn this text into English: Ich habe Hunger.
   How would you translate "bon appétit"? | Give me the Russian for bread. | "Guten Morgen" in English? | Translate the following paragraph into Dutch. The shop is closed on Mondays.`,
  // Correcting and rewriting a given text.
  `Correct the grammar in this sentence: He go to school every days. | Proofread: The meeting are on tuesday at nine. | Rewrite this sentence in the passive voice: The cat ate the fish.
   Fix the typos: Teh quick brwon fox. | Rephrase "The results were not good" without "not". | Change this into the past tense: I walk to work. | Make this text all lower case: HELLO WORLD.
   Rewrite the following in the third person: I went to my room and closed the door. | Add the missing punctuation: where are you going she asked | Shorten this title to five words: A Study of How Bees Find Their Way Home`,
  // Extracting, sorting, counting, classifying.
  `Sort these numbers: 9, 4, 27, 1, 15. | Extract every date from the following text. | Count the words in this paragraph. | Return the names in this text as JSON. | Which of these words are nouns: run, house, blue, tree?
   Classify the sentiment of this review as positive or negative: The soup was cold. | Sort alphabetically: pear, apple, fig. | Remove the duplicates: red, blue, red, green. | Pull the email addresses out of this text.
   Label each sentence as fact or opinion. | Find all phone numbers: call 555-1234 or 555-9876. | Is this message spam? Answer yes or no: You have won a prize. | How many times does the letter e appear in "remember"?
   Give the sentiment score from 1 to 5: I loved it. | Which category does this ticket belong to, billing or technical? My invoice is wrong.`,
  // Writing code.
  `Write a regular expression that matches a British postcode. | Write a Python function that reverses a list. | Write a SQL query that counts orders per customer. | Create a bash script that renames all files in a folder.
   Implement binary search in Java. | Write a CSS rule that centres a div. | Give me a JavaScript function that debounces another function. | Write a unit test for this function. | Write a Dockerfile for a Node app.
   Generate a TypeScript interface for a user with a name and an email. | python one-liner to read a file into a list | Write a recursive Fibonacci function in C. | Make an HTML form with two inputs and a button.
   Write a Makefile with a clean target. | How do I reverse a string in Go? Just show the code.`,
  // Working on code.
  `Fix the bug in this function: def add(a, b): return a - b | Why does this line raise a TypeError: len(5)? | Rewrite this SQL query so that it uses a join. | Rename the variable x to total in this code.
   Convert this loop to a list comprehension: for x in xs: ys.append(x * 2) | What does this print: print(3 * "ab") | Add type hints: def f(x): return x + 1 | Port this function to Rust: fn = lambda a: a + 1
   Refactor this class so that it has no globals. | What is the output of [1, 2, 3][::-1]? | Format this JSON: {"a":1,"b":[2,3]} | Simplify this expression: if x == True: return True else: return False
   Optimize this query: SELECT * FROM orders WHERE YEAR(date) = 2020 | Add error handling to this code: data = open(path).read() | TypeError: undefined is not a function at line 12, fix it | git command to undo the last commit`,
  // Fixed forms of output.
  `Give me a JSON object with the keys name and age. | Output a CSV with the columns city and population for five cities. | Answer only with A, B or C: Which of these is a mammal? A) trout B) whale C) crow
   Reply with one word: is the sky blue? | Yes or no: is Sydney the capital of Australia? | True or false: a tomato is a fruit. | Return only the number. How many sides has a hexagon? | Fill in the blank: To be or not to ___.
   Give me a YAML config with host and port. | Generate a random password of 12 characters. | Generate a UUID. | Pick a number between 1 and 10. | Heads or tails? | Choose one: red or blue. Answer in one word.
   Complete the sequence: 2, 4, 8, 16, | Write the alphabet backwards. | List the letters of the Greek alphabet, comma-separated.`,
  // Reciting and quoting.
  `Recite the first article of the Universal Declaration of Human Rights. | Quote the first sentence of Moby Dick. | What are the words of the American national anthem? | Repeat after me: the rain in Spain.
   Say exactly: hello world. | Copy this text without changes: Lorem ipsum dolor sit amet. | What is the text of the First Amendment? | Write out the number 4,215 in words. | Print the first ten prime numbers.`,
  // Greetings, thanks, farewells, acknowledgements.
  `Hi | Hello! | Hey there | Good morning | Thanks! | Thank you so much. | ok | Bye | Good night! | hello claude | Yes | no thanks | Great, thanks | Cool | Test | Hi, are you there? | Good afternoon!
   See you tomorrow | Okay, got it. | thx | Perfect, that works. | Never mind. | Hello, how are you? | Nice to meet you | ping`,
  // Roles, numbers and identifiers looked up.
  `What is the ISBN of this book? | What is the country code of Italy for phone calls? | What is the HTTP status code for not found? | Which port does SSH use? | What is the postcode of Oxford Street?
   What is the hex code of pure red? | What is the keyboard shortcut for copy on a Mac? | What does CPU stand for? | What is the file extension of a Word document? | What is the IATA code of Heathrow? | What is pi to five decimals?`,
  // Formulas, notation and conversions between forms.
  `Write 0.75 as a fraction. | Convert 255 to binary. | What is 1101 in decimal? | Express 3,400,000 in scientific notation. | Balance the equation: H2 + O2 -> H2O. | Write the formula for the area of a circle in LaTeX.
   Convert this date to ISO format: 4 March 2021. | Turn this list into a comma-separated line: apples pears plums | Convert this table to CSV. | Encode "hello" in base64. | What is the Roman numeral for 49? | Morse code for SOS?
   Convert this XML to JSON: <a>1</a> | Make this markdown into HTML: # Title`,
]
