"""`pa context`."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from agentproxy.cli.options import output_option
from agentproxy.cli.strict_command import StrictCommand

if TYPE_CHECKING:  # loaded when the command runs
    from agentproxy.supervisor.contexts.reading import Contexts, Document


@click.command("context", cls=StrictCommand)
@click.option("--show", metavar="PATH", default="", help="Print one document.")
@output_option
def command(show: str, output: str | None) -> int:
    """List the documents of the three contexts, as a run that starts now would read them.

    Project and guidance come from the base, so git must track them. The session comes from your
    own folder. Tokens are estimates: one for four characters, 1,600 for an image.

    \b
    Examples:
      pa context
      pa context --show AGENTS.md
      pa context --output json
    """
    import asyncio

    from agentproxy.app.contexts import contexts_around
    from agentproxy.cli.faults import as_failures
    from agentproxy.cli.workdir import current_folder

    with as_failures():
        contexts = asyncio.run(contexts_around(current_folder()))
    if show:
        _show(_found(contexts, show), output)
    elif output == "json":
        click.echo(json.dumps(_as_data(contexts)))
    else:
        _draw(contexts)
    return 0


def _found(contexts: "Contexts", path: str) -> "Document":
    from agentproxy.cli.failure import Failure

    for document in contexts.documents:
        if document.path == path.removeprefix("./"):
            return document
    raise Failure(f"no context has the document {path}", cure="list them with pa context")


def _show(document: "Document", output: str | None) -> None:
    from agentproxy.cli.cleaning import clean

    if output == "json":
        click.echo(json.dumps(asdict(document)))
    elif document.data:
        click.echo(f"{document.media_type}, {len(document.data) * 3 // 4} bytes")
    else:
        click.echo(clean(document.text), nl=not document.text.endswith("\n"))


def _as_data(contexts: "Contexts") -> dict[str, object]:
    given = _given(contexts)
    documents = [
        {
            "context": each.context,
            "path": each.path,
            "media_type": each.media_type or "text/plain",
            "supervisor_tokens": each.tokens,
            "worker_tokens": given.get(each.path, 0),
        }
        for each in contexts.documents
    ]
    tokens = {
        "worker": sum(given.values()),
        "supervisor": sum(each.tokens for each in contexts.documents),
    }
    return {"documents": documents, "tokens": tokens, "notes": contexts.notes}


def _given(contexts: "Contexts") -> dict[str, int]:
    """Tokens of the documents that a worker's brief quotes, by path."""
    from agentproxy.supervisor.contexts.guidance import quoted

    return {part.document.path: part.tokens for part in quoted(contexts)}


def _draw(contexts: "Contexts") -> None:
    from agentproxy.cli.cleaning import clean

    given = _given(contexts)
    rows = [
        (each.context, clean(each.path), given.get(each.path), each.tokens)
        for each in contexts.documents
    ]
    wide = max([len("all tokens"), *(len(row[1]) for row in rows)])
    click.echo(f"{'context':<9} {'document':<{wide}}  {'worker':>9}  {'supervisor':>10}")
    for context, path, worker, supervisor in rows:
        part = "-" if worker is None else f"{worker:,}"
        click.echo(f"{context:<9} {path:<{wide}}  {part:>9}  {supervisor:>10,}")
    worker, supervisor = sum(given.values()), sum(row[3] for row in rows)
    click.echo(f"{'':<9} {'all tokens':<{wide}}  {worker:>9,}  {supervisor:>10,}")
    if not rows:
        click.echo("no document has content yet; pa init writes commented starter files")
    for note in contexts.notes:
        click.echo(click.style(f"note: {clean(note)}", fg="yellow"))
