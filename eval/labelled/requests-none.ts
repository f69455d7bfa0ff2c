/** Requests to which no preference applies: their form is fixed by what is asked. One a line; ¶ is a line break. */
export const NONE = `
[en]
Write a Python function that merges two sorted lists. Code only, no explanation.
Fix this and return only the corrected code: ¶\`\`\`js¶function add(a, b) {¶  retrun a + b¶}¶\`\`\`
Rewrite this as an arrow function, nothing else: function sq(x) { return x * x }
Give me just the regex that matches a date like 2024-03-31.
Output the SQL only: all customers from table customers who have no row in orders.
Convert this to TypeScript and reply with the file only.¶¶\`\`\`js¶module.exports = { port: 80, host: "localhost" }¶\`\`\`
Return a JSON object with keys name, age and city for: Maria, 31, Turin. No other text.
Give me a CSV with header country,capital for France, Spain and Peru. Only the CSV.
Write a bash one-liner that deletes all empty folders below the current one. Just the command.
SELECT name FROM users WHERE age > 30 -- rewrite it for MongoDB, only the query
Make this YAML valid and output nothing but YAML:¶services:¶ web:¶    image: nginx¶   ports:¶   - "80:80"
Write unit tests for this function with pytest. Only the test file please.¶\`\`\`python¶def clamp(x, lo, hi):¶    return max(lo, min(x, hi))¶\`\`\`
Extract all e-mail addresses as a JSON array, no commentary: Write to ann@example.org or, if she is away, bob@example.org.
Answer with the JSON only: {"sentiment": "positive|negative|neutral"} for "The room was clean but the staff ignored us."
Complete the function body. Do not write anything except code.¶\`\`\`rust¶fn is_prime(n: u32) -> bool {¶    // TODO¶}¶\`\`\`
Give me an HTML table row for the values 3, 5 and 8. Raw HTML only.
Write a Dockerfile for a Node 20 app that starts with npm start. Only the Dockerfile, no comments.
crontab line for every weekday at 6:45, only the line
Turn into XML, output XML only: title=Emma, author=Jane Austen, year=1815
Sort these lines alphabetically and return only the lines:¶pear¶apple¶quince¶fig
Translate into German: The meeting has been moved to Thursday afternoon.
Translate "I'd like a table for two by the window" into Italian.
Translate this to English:¶¶Le train de 8 h 12 est supprimé. Les voyageurs sont priés d'emprunter le suivant.
How do you say "good luck" in Japanese? Just the word in romaji.
Please translate the following paragraph into Spanish and keep the line breaks.¶¶The library is closed on Mondays.¶On all other days it opens at nine.
Proofread this and return the corrected text only: I has went to the shop yesterday, but they was closed.
Correct the spelling, change nothing else: "Their are to many recieps in this draw."
Put the commas in: When it rains my knee hurts but when the sun shines I could dance.
Rewrite in the past tense: She opens the door, looks around and sits down.
Rewrite this sentence in the passive voice: The committee approved the budget.
Put this into the third person, leave everything else as it is: I grew up by the sea and I still miss the wind.
Make all headings in this text title case and return the text:¶# my first year¶Some words.¶# what i learned¶More words.
17 * 23 = ?
What is 15% of 2,340? Only the number.
Convert 72 °F to Celsius, number only
(348 + 152) / 25
How many days are there between 3 March and 17 May 2023? Reply with a number and nothing else.
Solve for x and give only the value: 3x - 7 = 20
Is 91 a prime number? Answer yes or no.
True or false: Canberra is the capital of Australia.
One word: the opposite of "scarce".
Yes or no: can penguins fly?
Capital of Mongolia, one word please
Which is bigger, A: Mercury, or B: Mars? Reply with the letter only.
Pick a number between 1 and 10. Reply with the number only.
Classify as spam or ham, one word: "You won a cruise, click here!!!"
Rate this review from 1 to 5, only the digit: "Decent food, slow service, would maybe return."
hi
Hello!
ok thanks
Thank you so much, that helped.
great, thx
Good morning
bye, talk tomorrow
👍
got it
lol
Yes, please.
no that's all
2024-05-02 12:01:07 ERROR db timeout after 30000 ms¶2024-05-02 12:01:08 WARN retry 1¶2024-05-02 12:01:38 ERROR db timeout after 30000 ms¶2024-05-02 12:01:39 FATAL giving up
id,name,total¶1,Ann,32.50¶2,Bob,18.00¶3,Cleo,77.10
{"id": 7, "status": "open", "items": [{"sku": "A-1", "qty": 2}, {"sku": "B-9", "qty": 1}]}
Traceback (most recent call last):¶  File "app.py", line 12, in <module>¶    main()¶  File "app.py", line 8, in main¶    print(totals["may"])¶KeyError: 'may'
<ul><li>One</li><li>Two</li></ul>
Fill in this template and change nothing else:¶Name: ___¶Date: ___¶Reason: ___¶¶Data: Lena Brandt, 4 April, dentist
Fill the blanks with the right form of the verb: He ___ (go) to school every day. Yesterday he ___ (stay) at home.
Use exactly this format: "TITLE | YEAR | DIRECTOR". Film: Casablanca.
Complete the pattern: 2, 4, 8, 16, __
Reply with this line, exactly: "I have read and understood the instructions."
Repeat after me: the quick brown fox jumps over the lazy dog.
Copy this text verbatim, without comments: All rights reserved. No part may be reproduced.
Say the word "banana" and nothing else.
Spell "accommodate".
Write the alphabet backwards in one line.
Give me only the ISBN from this: "Middlemarch, Penguin Classics, ISBN 978-0141439549, 880 pages".
From the following text list nothing but the surname of the author: "Persuasion, a novel by Jane Austen, 1817".
Put these into a JSON array of strings: red, green, blue
Base64 of "hello" please, only the string.
Write 1994 in Roman numerals.
What is the hex code of pure red? Only the code.
Capitalize every word: the old man and the sea
Reverse this string: loreweave
Remove the duplicates and print the rest comma-separated: 4, 8, 4, 15, 8, 16
git command to undo the last commit but keep the changes, only the command
Write the LaTeX for the quadratic formula. Only LaTeX.
Change all dates in this text to ISO format, and return the text otherwise unchanged: "Born on 5 May 1921, married on 12 June 1947."
A, B, C or D? The powerhouse of the cell is the A nucleus B ribosome C mitochondrion D membrane. One letter.
Transcribe the numbers as words: 12, 47, 103
Refactor to use a list comprehension; output only code.¶\`\`\`python¶out = []¶for x in xs:¶    if x > 0:¶        out.append(x * 2)¶\`\`\`
[de]
Übersetze ins Englische: Der Zug hat heute leider zwanzig Minuten Verspätung.
Korrigiere nur die Rechtschreibung: „Wir sint gestern ins Kino gegannen.“
Was ist 12 mal 14? Nur die Zahl.
Ja oder nein: Ist Bern die Hauptstadt der Schweiz?
Danke, das war's schon.
Gib mir nur das SQL: alle Bestellungen aus dem Mai 2023, Tabelle bestellungen, Spalte datum.
Hallo
Antworte nur mit einem Wort: Hauptstadt von Portugal?
Setze in den Plural und gib nur das Ergebnis aus: das Haus, der Baum, die Maus
[fr]
Traduis en anglais : Nous avons bien reçu votre demande.
Corrige les fautes sans rien changer d'autre : « Il ont manger tout les gateau. »
Merci beaucoup !
Réponds par oui ou par non : la tomate est-elle un fruit ?
Donne-moi uniquement le code : une fonction JavaScript qui inverse une chaîne.
Bonjour
Combien font 144 divisé par 12 ? Le nombre seulement.
[es]
Traduce al inglés: El paquete llegará mañana por la mañana.
Corrige solo la ortografía: "Ayer fuimos ha la plalla con mis ermanos."
¿Sí o no? ¿Es Lima la capital de Perú?
Gracias, eso es todo.
Devuelve solo el JSON con las claves nombre y edad: Pedro, 28 años.
Hola, buenas
¿Cuánto es 25 por 16? Solo el número.
[it]
Traduci in inglese: Ci vediamo domani alle nove davanti alla stazione.
Grazie mille
[pt]
Traduza para o inglês: A loja fecha às seis da tarde.
Obrigado!
`
