import llm

from driver import each_question, serve


def conversation_of(scenario):
    return llm.get_model(f"anthropic/{scenario['model']}").conversation()


def options(scenario):
    system = scenario.get("system")
    return {"max_tokens": scenario["maxTokens"], **({"system": system} if system else {})}


def answer_of(response):
    return {"text": response.text(), "stop": (response.response_json or {}).get("stop_reason")}


def talk(stream):
    def run(scenario):
        conversation = conversation_of(scenario)
        return each_question(
            scenario,
            lambda question: answer_of(
                conversation.prompt(question, stream=stream, **options(scenario))
            ),
        )

    return run


def tools(scenario):
    tool = scenario["tool"]

    def call(city: str) -> str:
        return tool["result"]

    own = llm.Tool(
        name=tool["name"],
        description=tool["description"],
        input_schema=tool["schema"],
        implementation=call,
    )
    chain = conversation_of(scenario).chain(scenario["questions"][0], tools=[own])
    return {"answers": [answer_of(response) for response in chain.responses()]}


def abort(scenario):
    response = conversation_of(scenario).prompt(scenario["questions"][0], **options(scenario))
    pieces = iter(response)
    next(pieces)
    pieces.close()
    return {"answers": []}


serve(
    {
        "plain": talk(stream=False),
        "turns": talk(stream=False),
        "overloaded": talk(stream=False),
        "unauthorized": talk(stream=False),
        "stream": talk(stream=True),
        "tools": tools,
        "abort": abort,
    }
)
