import asyncio
import os
import tempfile

from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ResultMessage,
    StreamEvent,
    create_sdk_mcp_server,
    tool,
)

from driver import serve


def options_of(scenario, **options):
    folder = tempfile.mkdtemp(prefix="work-", dir=os.environ["HOME"])
    own = {"system_prompt": scenario["system"]} if scenario.get("system") else {}
    return ClaudeAgentOptions(model=scenario["model"], cwd=folder, setting_sources=[], **own, **options)


async def ask(client, question):
    await client.query(question)
    async for message in client.receive_response():
        if isinstance(message, ResultMessage):
            if message.is_error:
                raise RuntimeError(message.result)
            return {"text": message.result, "stop": getattr(message, "stop_reason", None)}


async def talk(scenario, options):
    async with ClaudeSDKClient(options=options) as client:
        return {"answers": [await ask(client, question) for question in scenario["questions"]]}


def whole(scenario):
    return asyncio.run(talk(scenario, options_of(scenario)))


def stream(scenario):
    return asyncio.run(talk(scenario, options_of(scenario, include_partial_messages=True)))


def tools(scenario):
    own = scenario["tool"]

    @tool(own["name"], own["description"], own["schema"])
    async def call(arguments):
        return {"content": [{"type": "text", "text": own["result"]}]}

    server = create_sdk_mcp_server("own", tools=[call])
    options = options_of(
        scenario, mcp_servers={"own": server}, allowed_tools=[f"mcp__own__{own['name']}"]
    )
    return asyncio.run(talk(scenario, options))


def abort(scenario):
    async def interrupted():
        options = options_of(scenario, include_partial_messages=True)
        async with ClaudeSDKClient(options=options) as client:
            await client.query(scenario["questions"][0])
            async for message in client.receive_response():
                if isinstance(message, StreamEvent) and "text_delta" in str(message.event):
                    await client.interrupt()

    asyncio.run(interrupted())
    return {"answers": []}


serve(
    {
        "plain": whole,
        "turns": whole,
        "overloaded": whole,
        "unauthorized": whole,
        "stream": stream,
        "tools": tools,
        "abort": abort,
    }
)
