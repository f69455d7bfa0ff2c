import asyncio

from pydantic import BaseModel
from pydantic_ai import Agent, ToolOutput

from driver import each_question, serve


class Answer(BaseModel):
    answer: str


def agent_of(scenario, **options):
    settings = {"max_tokens": scenario["maxTokens"]}
    system = scenario.get("system")
    own = {"instructions": system} if system else {}
    return Agent(f"anthropic:{scenario['model']}", model_settings=settings, **own, **options)


def stop_of(messages):
    return messages[-1].finish_reason


def whole(scenario):
    agent = agent_of(scenario)
    history = []

    def turn(question):
        result = agent.run_sync(question, message_history=history)
        history[:] = result.all_messages()
        return {"text": result.output, "stop": stop_of(history)}

    return each_question(scenario, turn)


def stream(scenario):
    agent = agent_of(scenario)
    history = []

    async def turn(question):
        async with agent.run_stream(question, message_history=history) as result:
            text = await result.get_output()
        history[:] = result.all_messages()
        return {"text": text, "stop": stop_of(history)}

    async def turns():
        return [await turn(question) for question in scenario["questions"]]

    return {"answers": asyncio.run(turns())}


def tools(scenario):
    tool = scenario["tool"]
    agent = agent_of(scenario)

    def weather(city: str) -> str:
        return tool["result"]

    weather.__name__ = tool["name"]
    agent.tool_plain(weather, name=tool["name"])
    result = agent.run_sync(scenario["questions"][0])
    return {"answers": [{"text": result.output, "stop": stop_of(result.all_messages())}]}


def output_of(output_type):
    def run(scenario):
        result = agent_of(scenario, output_type=output_type).run_sync(scenario["questions"][0])
        return {"answers": [{"text": result.output.answer, "stop": None}]}

    return run


def abort(scenario):
    async def cancelled():
        async with agent_of(scenario).run_stream(scenario["questions"][0]) as result:
            async for _ in result.stream_text(debounce_by=None):
                break

    asyncio.run(asyncio.wait_for(cancelled(), 20))
    return {"answers": []}


serve(
    {
        "plain": whole,
        "turns": whole,
        "overloaded": whole,
        "unauthorized": whole,
        "stream": stream,
        "tools": tools,
        "output": output_of(ToolOutput(Answer)),
        "json": output_of(Answer),
        "abort": abort,
    }
)
