/** Topics in Spanish. Steps are infinitives. */
import type { Topic } from './topic.ts'

export const SPANISH: readonly Topic[] = [
  {
    id: 'gazpacho',
    language: 'es',
    domain: 'food',
    subject: 'el gazpacho',
    terms: ['gazpacho', 'tomate', 'aceite', 'vinagre'],
    phrasings: [
      '¿Cómo se hace un buen gazpacho?',
      'Mi gazpacho queda aguado y amargo, y mis suegros vienen el domingo. ¿Qué hago mal y cómo lo arreglo?',
      '¿Por qué el gazpacho se emulsiona y cambia de color al batirlo?',
    ],
    answer:
      'Un buen gazpacho parte de tomate muy maduro, se bate con aceite poco a poco y descansa unas horas en frío.',
    mechanism: [
      'El aceite añadido en hilo se rompe en gotas diminutas que el tomate mantiene suspendidas, y por eso la sopa clarea.',
      'En frío los sabores del ajo y del vinagre se reparten, mientras que la lengua percibe menos la sal.',
    ],
    facts: [
      'Para 1 kilo de tomates bastan unos 50 mililitros de aceite y 20 de vinagre.',
      'Tras 2 o 3 horas de nevera el sabor mejora, y se conserva cerca de 3 días.',
    ],
    background: [
      'El gazpacho nació como comida de jornaleros con pan, ajo y aceite, siglos antes de que llegara el tomate.',
      'En el siglo diecinueve la emperatriz Eugenia de Montijo lo dio a conocer en París.',
    ],
    steps: [
      'Lavar y trocear los tomates, medio pepino y un pimiento verde.',
      'Batir todo con un diente de ajo pequeño.',
      'Añadir el aceite en hilo, y después el vinagre y la sal.',
      'Colar, enfriar y probar otra vez antes de servir.',
    ],
    example: [
      'Por ejemplo, quitar el germen del ajo evita que la sopa repita durante toda la tarde.',
    ],
    analogy: [
      'Montarlo es como hacer una mayonesa: si el aceite cae de golpe, no hay nada que ligar.',
    ],
    caveats: [
      'La piel del pepino amarga, así que es mejor pelarlo del todo.',
      'Un error frecuente es echar hielo en la jarra, porque al fundirse lo agua.',
    ],
    anecdote: [
      'Una taxista de Córdoba lleva un termo de gazpacho en agosto y lo reparte en los semáforos largos.',
    ],
    comparison: [
      'El salmorejo lleva mucho más pan y se come con cuchara, mientras que el gazpacho se puede beber.',
    ],
    followUp: '¿Para cuántas personas lo vas a preparar?',
  },
  {
    id: 'siesta',
    language: 'es',
    domain: 'health',
    subject: 'la siesta',
    terms: ['siesta', 'sueño', 'tarde', 'alarma'],
    phrasings: [
      '¿Es buena la siesta para la salud?',
      'Después de comer me duermo una hora en el sofá y me levanto peor que antes. ¿Cómo debo hacer la siesta?',
      '¿Por qué nos entra sueño después de comer?',
    ],
    answer:
      'Una siesta corta a primera hora de la tarde despeja y mejora la memoria, siempre que no robe el sueño de la noche.',
    mechanism: [
      'El reloj interno tiene un bajón a media tarde, incluso en quien no ha comido nada.',
      'Si el sueño llega a su fase profunda, despertar cuesta y deja la cabeza espesa un buen rato.',
    ],
    facts: [
      'La siesta más útil dura de 10 a 20 minutos y empieza antes de las 15:30.',
      'En un estudio de la NASA, 26 minutos de sueño mejoraron la atención de los pilotos en un 54 por ciento.',
    ],
    background: [
      'La palabra viene de la hora sexta de los romanos, que caía hacia el mediodía.',
      'En el campo se dormía a esas horas porque el calor no dejaba trabajar.',
    ],
    steps: [
      'Elegir un sillón o una cama con poca luz.',
      'Poner una alarma antes de cerrar los ojos.',
      'Tumbarse sin móvil y respirar despacio.',
      'Levantarse a la primera y salir un momento a la luz.',
    ],
    example: [
      'Por ejemplo, un café tomado justo antes de tumbarse hace efecto en el momento de despertar.',
    ],
    analogy: [
      'La siesta es como recargar el móvil un rato: alcanza para la tarde, pero no sustituye la noche entera.',
    ],
    caveats: [
      'Quien duerme mal de noche debería probar unas semanas sin siesta.',
      'Dormir más de una hora a diario puede ser señal de otro problema, y conviene consultarlo.',
    ],
    anecdote: [
      'Un relojero de Lugo cierra a las dos y cuelga un cartel que dice que también los relojes descansan.',
    ],
    comparison: [
      'Un café retrasa el cansancio sin quitarlo, mientras que una siesta lo reduce de verdad.',
    ],
    followUp: '¿A qué hora sueles comer?',
  },
  {
    id: 'mercadillo-regatear',
    language: 'es',
    domain: 'money',
    subject: 'el regateo en los mercadillos',
    terms: ['regatear', 'precio', 'vendedor', 'oferta'],
    phrasings: [
      '¿Cómo se regatea en un mercadillo?',
      'Me da vergüenza regatear y siempre pago lo que piden. Mañana voy al Rastro a por una lámpara, ¿qué hago?',
      '¿Por qué se regatea en unos sitios y en otros no?',
    ],
    answer:
      'Regatear bien consiste en saber el precio justo, ofrecer menos con una sonrisa y estar dispuesto a marcharse.',
    mechanism: [
      'La primera cifra que se nombra tira de todas las demás, por eso importa quién empieza y por dónde.',
      'El vendedor rebaja cuando cree que la venta se le escapa, y no cuando el cliente ya está enamorado.',
    ],
    facts: [
      'En los mercadillos el acuerdo suele quedar entre un 10 y un 30 por ciento por debajo de lo pedido.',
      'En la última hora de la mañana los descuentos crecen, a veces hasta el 50 por ciento.',
    ],
    background: [
      'El Rastro de Madrid creció junto al matadero, y su nombre recuerda las huellas que dejaban las reses.',
      'Los precios fijos se extendieron en el siglo diecinueve con los grandes almacenes de París.',
    ],
    steps: [
      'Mirar en el móvil cuánto cuesta algo parecido.',
      'Preguntar el precio sin mostrar entusiasmo.',
      'Ofrecer algo más de la mitad y dejar un silencio.',
      'Cerrar el trato en efectivo, o dar las gracias y seguir andando.',
    ],
    example: [
      'Por ejemplo, señalar con amabilidad un cable roto vale más que decir que la lámpara es cara.',
    ],
    analogy: [
      'Regatear es como bailar con un desconocido: los dos ceden un paso y nadie debe pisar al otro.',
    ],
    caveats: [
      'Ofrecer una cifra y luego no comprar se considera una falta de respeto.',
      'Las gangas de marca suelen ser falsas, y la garantía desaparece con el puesto.',
    ],
    anecdote: [
      'Una abuela de Lavapiés conseguía siempre el descuento preguntando por los hijos del vendedor.',
    ],
    comparison: [
      'En una subasta compiten los compradores, mientras que en el regateo solo hay dos y manda la paciencia.',
    ],
    followUp: '¿Cuánto quieres gastar como máximo?',
  },
  {
    id: 'eclipse-solar',
    language: 'es',
    domain: 'sky',
    subject: 'los eclipses de Sol',
    terms: ['eclipse', 'Luna', 'sombra', 'Sol'],
    phrasings: [
      '¿Cómo se produce un eclipse de Sol?',
      'Queremos ver un eclipse total con los niños desde un pueblo de Burgos. ¿Qué necesitamos y cómo lo miramos sin peligro?',
      '¿Por qué no hay un eclipse de Sol cada mes?',
    ],
    answer:
      'Un eclipse de Sol ocurre cuando la Luna pasa justo por delante y su sombra cae sobre una franja estrecha de la Tierra.',
    mechanism: [
      'La órbita de la Luna está inclinada, así que casi siempre su sombra pasa por encima o por debajo de nosotros.',
      'El Sol es enorme pero está lejos en la misma proporción, y por eso los dos discos parecen iguales.',
    ],
    facts: [
      'El Sol es unas 400 veces más ancho que la Luna y está 400 veces más lejos.',
      'La fase total nunca supera los 7 minutos y medio, y en un mismo lugar se repite cada 375 años de media.',
    ],
    background: [
      'En 1919 las fotos de un eclipse mostraron que la gravedad curva la luz, como había predicho Einstein.',
      'Los astrónomos de Babilonia ya conocían el ciclo con el que los eclipses se repiten.',
    ],
    steps: [
      'Buscar un lugar dentro de la franja y con el horizonte despejado.',
      'Conseguir gafas homologadas para cada persona.',
      'Llevarlas puestas durante toda la fase parcial.',
      'Quitarlas solo cuando el disco esté cubierto del todo.',
    ],
    example: [
      'Por ejemplo, las hojas de un árbol proyectan en el suelo cientos de pequeñas medias lunas.',
    ],
    analogy: [
      'Es como tapar una farola lejana con una moneda: algo pequeño y cercano basta para ocultarla.',
    ],
    caveats: [
      'Las gafas de sol corrientes y las radiografías no protegen, y la retina no duele cuando se quema.',
      'Mirar por unos prismáticos sin filtro delante es el error más peligroso.',
    ],
    anecdote: [
      'Un pastor de Soria cuenta que en plena oscuridad sus ovejas echaron a andar hacia el corral.',
    ],
    comparison: [
      'Un eclipse de Luna se ve desde medio planeta y sin gafas, mientras que el de Sol exige viajar.',
    ],
    followUp: '¿Desde qué pueblo lo quieres ver?',
  },
  {
    id: 'aprender-guitarra',
    language: 'es',
    domain: 'arts',
    subject: 'los primeros acordes de guitarra',
    terms: ['guitarra', 'acordes', 'cuerdas', 'dedos'],
    phrasings: [
      '¿Cómo aprendo los primeros acordes de guitarra?',
      'Tengo cincuenta años, una guitarra heredada y los dedos me duelen a los cinco minutos. ¿Cómo empiezo sin desanimarme?',
      '¿Por qué cuesta tanto cambiar de un acorde a otro?',
    ],
    answer:
      'Basta con tres o cuatro acordes, ratos cortos cada día y cambios muy lentos hasta que los dedos encuentran el sitio solos.',
    mechanism: [
      'Los dedos aprenden el cambio como un solo movimiento, y para ello necesitan repeticiones sin fallos.',
      'Pisar cerca del traste exige menos fuerza, porque la cuerda toca antes el metal.',
    ],
    facts: [
      'Con 15 minutos al día los primeros cambios salen fluidos en unas 4 semanas.',
      'Los callos tardan de 2 a 4 semanas en formarse.',
    ],
    background: [
      'Antonio de Torres fijó en el siglo diecinueve el tamaño de la guitarra clásica en su taller de Almería y Sevilla.',
      'Durante mucho tiempo fue un instrumento de barberías, donde los clientes tocaban mientras esperaban.',
    ],
    steps: [
      'Afinar las cuerdas con una aplicación.',
      'Colocar mi menor y pulsar cada cuerda por separado.',
      'Cambiar a sol mayor muy despacio, diez veces sin parar.',
      'Acompañar una canción de dos acordes a medio ritmo.',
    ],
    example: ['Por ejemplo, muchas canciones populares se tocan solo con sol, do y re.'],
    analogy: [
      'Cambiar de acorde es como escribir a máquina: al principio se buscan las letras y un día salen palabras.',
    ],
    caveats: [
      'Un dolor en la muñeca no es normal, y pide descanso o corregir la postura.',
      'Acelerar antes de tiempo es el error más común, pues los fallos también se aprenden.',
    ],
    anecdote: [
      'Un cartero de Cádiz ensayaba los cambios en el manillar de la bicicleta, y el barrio entero lo saludaba cantando.',
    ],
    comparison: [
      'Las cuerdas de nailon son más blandas para empezar, mientras que las de acero suenan más fuerte y duelen más.',
    ],
    followUp: '¿Qué canción quieres tocar primero?',
  },
]
