"""The command `timeline`: one verb a file. A verb parses, calls one function and prints."""

from __future__ import annotations

import sys

import click

from timeline.cli import (
    backup,
    checkpoint,
    erase,
    export,
    import_,
    key,
    log,
    match,
    migrate,
    prove,
    quarantine,
    rebuild,
    schema,
    seed,
    serve,
    token,
    verify,
)
from timeline.errors import Several, TimelineError, Unavailable
from timeline.outages import said


class InOrder(click.Group):
    """Verbs are listed as a reader needs them, not by the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(
    cls=InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with 'timeline up': it makes timeline.db here, loads an example record and serves GraphiQL.",
)
@click.version_option(package_name="diplomatic-timeline", prog_name="timeline")
def cli() -> None:
    """The public record of diplomacy: who met whom, when, in which capacity, who said what, and how we know.

    TIMELINE_DATABASE_URL names the database (sqlite:///timeline.db unless set; postgresql://user@host/name for
    PostgreSQL), TIMELINE_HOST and TIMELINE_PORT where to listen; options of a command override them.

    Exit codes: 0 done, 1 refused or something is wrong, 2 wrong use. docs/errors.md explains the codes in brackets.
    """


for verb in (
    serve.up,
    serve.serve,
    migrate.migrate,
    seed.seed,
    rebuild.rebuild,
    log.log,
    export.export,
    import_.import_,
    quarantine.quarantine,
    match.match,
    token.token,
    verify.verify,
    backup.backup,
    backup.restore,
    key.key,
    checkpoint.checkpoint,
    prove.prove,
    prove.verify_proof,
    erase.erase,
    erase.scrub,
    schema.schema,
):
    cli.add_command(verb)


def main() -> None:
    """Run the command line. Exit 0 done, 1 refused, 2 wrong use."""
    try:
        cli(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as wrong:
        wrong.show()
        sys.exit(2)
    except Several as several:
        for fault in several.faults:
            click.echo(str(fault), err=True)
        number = len(several.faults)
        click.echo(f"{number} fault{'s' if number > 1 else ''}; nothing was recorded.", err=True)
        sys.exit(1)
    except Unavailable as outage:
        # The driver's own words, without SQL: they name the host, the file or the password that is wrong.
        cause = outage.__cause__
        _show(outage, f"the database cannot be used: {said(cause)}" if cause else outage.message)
    except TimelineError as fault:
        _show(fault, fault.message)


def _show(fault: TimelineError, message: str) -> None:
    click.echo(f"{message} [{fault.code}]", err=True)
    sys.exit(1)
