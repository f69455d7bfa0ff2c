/** Requests in German, French, Spanish, Italian and Portuguese: some that Claude answers in prose, some that no preference matters for. */
export const IN_LANGUAGES: readonly (readonly [open: string, plain: string])[] = [
  // German
  [
    `Wie funktioniert eine Wärmepumpe? | Warum ist der Himmel blau? | Was spricht für und gegen Homeoffice? | Wie kann ich besser schlafen? | Erkläre mir, was Inflation ist.
     Schreib eine Einladung zu meiner Gartenparty. | Ich habe Streit mit meiner Schwester, was soll ich tun? | Welche Hunderasse passt zu einer Familie mit kleinen Kindern?
     Was sollte ich bei einer Reise nach Norwegen einpacken? | Wie pflege ich Orchideen? | Ist es sinnvoll, ein Elektroauto zu kaufen? | Erzähl mir eine Geschichte über einen Drachen.
     Wie bereite ich mich auf ein Vorstellungsgespräch vor? | Gib mir Ideen für ein Geschenk für meinen Vater. | Wie entstand das Römische Reich?`,
    `Was ist 17 mal 23? | Wie heißt die Hauptstadt von Kanada? | Übersetze "Guten Morgen" ins Französische. | In welchem Jahr fiel die Berliner Mauer? | Wer schrieb Faust? | Wie viel Grad sind 100 Fahrenheit in Celsius?
     Welche Farbe entsteht aus Blau und Gelb? | Korrigiere: Ich habe gestern ins Kino gegangen. | Schreibe eine SQL-Abfrage, die alle Kunden zählt. | Nenne das chemische Symbol für Gold. | Wie lautet der Plural von Kaktus?
     Sortiere alphabetisch: Birne, Apfel, Kirsche | Welcher Fluss fließt durch Wien? | Wie hoch ist die Zugspitze? | Danke dir! | Finde den Fehler: for i in range(10) print(i) | Ja oder nein: Ist ein Wal ein Fisch?
     Welcher Planet ist der Sonne am nächsten? | Wie viele Bundesländer hat Deutschland? | Wandle 3/4 in eine Dezimalzahl um.`,
  ],
  // French
  [
    `Comment fonctionne un vaccin ? | Pourquoi la mer est-elle salée ? | Comment faire une bonne pâte à crêpes ? | Quels sont les avantages et les inconvénients du télétravail ? | Explique-moi la Révolution française.
     Écris un message d'anniversaire pour ma grand-mère. | Mon fils ne veut plus aller à l'école, que faire ? | Que visiter à Lyon en deux jours ? | Comment apprendre le piano à l'âge adulte ? | Faut-il acheter ou louer son logement ?
     Donne-moi des idées de repas rapides. | Raconte-moi une histoire de pirates. | Comment gérer le stress avant un examen ? | Qu'est-ce que le trou noir ? | Est-ce que le café est mauvais pour la santé ?`,
    `Combien font 15 fois 12 ? | Quelle est la capitale de l'Australie ? | Traduis « bonjour » en allemand. | En quelle année a eu lieu la bataille de Waterloo ? | Qui a écrit Les Misérables ? | Convertis 10 miles en kilomètres.
     Quel est le pluriel de cheval ? | Corrige : je suis allé à le marché. | Écris une fonction Python qui inverse une chaîne. | Quel est le symbole chimique du fer ? | Trie ces nombres : 9, 3, 7. | Quel fleuve traverse Paris ?
     Merci beaucoup ! | Combien y a-t-il de jours en février ? | Vrai ou faux : la Terre est plate. | Quelle est la hauteur de la tour Eiffel ? | Quelle planète est la plus grande ? | Conjugue le verbe finir au présent.
     Donne-moi un synonyme de content. | Quelle est la monnaie du Japon ?`,
  ],
  // Spanish
  [
    `¿Cómo funciona un motor eléctrico? | ¿Por qué soñamos? | ¿Cómo puedo ahorrar dinero cada mes? | Explícame qué es la inteligencia artificial. | ¿Qué diferencias hay entre el yoga y el pilates?
     Escribe un correo para pedir un día libre. | Mi amiga no me habla, ¿qué hago? | ¿Qué puedo ver en Granada en un fin de semana? | Dame ideas para una fiesta de cumpleaños. | ¿Merece la pena estudiar otro idioma?
     Cuéntame un cuento sobre la luna. | ¿Cómo se hace una tortilla de patatas? | ¿Cómo preparo una entrevista de trabajo? | ¿Es bueno correr todos los días? | ¿Cómo empezó la Guerra Civil española?`,
    `¿Cuánto es 45 dividido entre 9? | ¿Cuál es la capital de Perú? | Traduce "gracias" al inglés. | ¿En qué año llegó Colón a América? | ¿Quién pintó el Guernica? | Convierte 5 pies a metros. | ¿Cuál es el plural de lápiz?
     Corrige esta frase: yo sabo la respuesta. | Escribe una función en JavaScript que sume dos números. | ¿Cuál es el símbolo químico de la plata? | Ordena estas palabras: pera, uva, higo. | ¿Qué río pasa por Sevilla?
     Muchas gracias. | ¿Cuántos huesos tiene el cuerpo humano? | Verdadero o falso: el sol es una estrella. | ¿Cuánto mide el Everest? | ¿Qué planeta es el más grande? | Dame un sinónimo de rápido. | ¿Cuál es la moneda de Brasil?
     Extrae las fechas de este texto.`,
  ],
  // Italian
  [
    `Come funziona un pannello solare? | Perché le foglie cambiano colore? | Come posso imparare a disegnare? | Spiegami che cos'è la fotosintesi. | Meglio il treno o l'aereo per andare a Parigi? | Scrivi una lettera di reclamo a un albergo.
     Il mio cane ha paura dei tuoni, che cosa posso fare? | Cosa vedere a Napoli in tre giorni? | Dammi qualche idea per la cena. | Come si prepara un buon risotto? | Raccontami una favola. | Conviene investire in oro?`,
    `Quanto fa 8 per 7? | Qual è la capitale della Svezia? | Traduci "ciao" in tedesco. | In che anno è caduto l'Impero romano? | Chi ha dipinto la Gioconda? | Converti 20 pollici in centimetri. | Qual è il plurale di uovo?
     Correggi: io ho andato al mare. | Scrivi una query SQL che conta gli ordini. | Qual è il simbolo chimico del rame? | Quale fiume attraversa Roma? | Grazie mille! | Vero o falso: la balena è un pesce. | Quanto è alto il Monte Bianco?`,
  ],
  // Portuguese
  [
    `Como funciona a energia eólica? | Por que os gatos ronronam? | Como posso dormir melhor? | Explique o que é a bolsa de valores. | Quais são as vantagens de morar sozinho? | Escreva um convite para o meu casamento.
     Meu chefe nunca me escuta, o que eu faço? | O que visitar em Salvador? | Dê ideias de presentes para minha mãe. | Como se faz um bolo de cenoura? | Conte uma história sobre o mar. | Vale a pena comprar um carro elétrico?`,
    `Quanto é 9 vezes 6? | Qual é a capital da Argentina? | Traduza "obrigado" para o inglês. | Em que ano o Brasil ficou independente? | Quem escreveu Dom Casmurro? | Converta 100 libras em quilos. | Qual é o plural de pão?
     Corrija: nós vai à praia. | Escreva uma função em Python que some uma lista. | Qual é o símbolo químico do ouro? | Que rio passa por Lisboa? | Muito obrigada! | Verdadeiro ou falso: a Terra é redonda. | Qual é a altura do Cristo Redentor?`,
  ],
]
