"""`pa chat`."""

import click

from agentproxy.cli.failure import USAGE, Failure
from agentproxy.cli.options import refuse_long
from agentproxy.cli.strict_command import StrictCommand

MAX_URL_BYTES = 2000
MAX_ID_BYTES = 32
MAX_MODEL_BYTES = 1000
WORDS = ("url", "resume", "preset", "model", "effort")  # options that name something
EFFORTS = ("high", "max")


@click.command("chat", cls=StrictCommand)
@click.argument("source", required=False, default="", metavar="[-]")
@click.option("-m", "--message", metavar="TEXT", help="Send one message, and show its answer.")
@click.option("--url", metavar="URL", help="Server to talk to. Default: none.")
@click.option("--resume", metavar="ID", help="Go on with a conversation.")
@click.option("--continue", "newest", is_flag=True, help="Go on with the newest conversation.")
@click.option("--list", "listed", is_flag=True, help="List the conversations, newest first.")
@click.option("--preset", metavar="NAME", help="What the agent is for: coding, work, or yours.")
@click.option("--model", metavar="NAME", help="Model of a new conversation in this process.")
@click.option("--plan", is_flag=True, help="Begin in plan mode.")
@click.option("--approval", is_flag=True, help="Ask before each call that changes something.")
@click.option("--teams", is_flag=True, help="Let the agent work with teammates.")
@click.option("--thinking", is_flag=True, help="Ask the model to think before it answers.")
@click.option("--effort", type=click.Choice(EFFORTS), help="How hard; turns --thinking on.")
@click.option("-d", "--directory", metavar="DIR", help="Folder of the settings and workspaces.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["plain", "json"]),
    help="Read messages from standard input, and write text, or each event as JSON.",
)
def command(**given: object) -> int:
    """Talk with our own agent: at the terminal, from a pipe, or with one message.

    Without --url the agent works in this process. - sends all of standard input as one message;
    otherwise each line of a pipe is one. The key of a server is read from API_KEY.

    \b
    Examples:
      pa chat
      pa chat --continue
      pa chat -m "Which tests are slow?"
      git diff | pa chat - --output json
      API_KEY=... pa chat --url https://agents.example.com --approval
    """
    _refuse_what_would_be_dropped(given)
    from agentproxy.cli.chat.start import ChatAsked, start_chat

    words = {name: str(given[name] or "") for name in WORDS}
    refuse_long("--model", words["model"], limit=MAX_MODEL_BYTES)
    refuse_long("--url", words["url"], limit=MAX_URL_BYTES)
    refuse_long("--resume", words["resume"], limit=MAX_ID_BYTES)
    return start_chat(ChatAsked(**given | words))  # type: ignore[arg-type] # click has parsed them


def _refuse_what_would_be_dropped(given: dict[str, object]) -> None:
    if given["source"] not in ("", "-"):
        raise Failure(
            f"{given['source']}: this is no option", cure='pa chat -m "..." sends a message'
        )
    if given["source"] and given["message"] is not None:
        raise click.UsageError("- cannot be combined with --message: leave one out")
    if given["resume"] and given["newest"]:
        raise click.UsageError("--resume cannot be combined with --continue: leave one out")
    if given["model"] is not None and given["url"]:
        text = "--model is for a conversation in this process; a server has its own MODEL"
        raise Failure(text, cure="leave it out", code=USAGE)
    old = given["resume"] or given["newest"]
    if old and given["model"] is not None:
        text = "--model is for a new conversation; this one keeps its model"
        raise Failure(text, cure="leave it out", code=USAGE)
    for name in ("thinking", "effort"):
        if old and given[name]:
            text = f"--{name} is for a new conversation; this one thinks as it began"
            raise Failure(text, cure="leave it out", code=USAGE)
    for name in ("preset", "plan", "approval", "teams"):
        if old and given[name]:
            text = f"--{name} is for a new conversation; write /{name} in the conversation"
            raise Failure(text, cure="leave it out", code=USAGE)
