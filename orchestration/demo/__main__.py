"""``python -m orchestration.demo``: write the demo company's deliveries from one day to another."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from orchestration.demo import DEFECTS, FIRST_DELIVERY, DemoError, write_delivery
from orchestration.settings import load_settings

FIRST = datetime.combine(FIRST_DELIVERY, time())
DEFECT_HELP = "Spoil the deliveries; may be given several times: " + "; ".join(
    f"{name} ({defect.description})" for name, defect in DEFECTS.items()
)


def main(
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day to deliver.")
    ] = FIRST,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Last day to deliver; default --from."),
    ] = None,
    landing: Annotated[
        Path | None, typer.Option(help="Landing folder; default from the settings.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Default from the settings.")] = None,
    scale: Annotated[
        float | None, typer.Option(help="1.0 has about 200,000 invoice lines.")
    ] = None,
    defect: Annotated[list[str] | None, typer.Option(help=DEFECT_HELP)] = None,
) -> None:
    """Write the demo company's deliveries; a day that is already there is replaced."""
    settings = load_settings()
    start: date = first.date()
    days = ((last.date() if last else start) - start).days + 1
    if days < 1:
        raise typer.BadParameter("--to must not lie before --from.")
    folder = landing or settings.landing
    for day in (start + timedelta(days=n) for n in range(days)):
        try:
            files = write_delivery(
                folder,
                day,
                seed=settings.seed if seed is None else seed,
                scale=settings.scale if scale is None else scale,
                defects=defect or (),
                threads=settings.threads,
            )
        except DemoError as error:
            raise typer.BadParameter(str(error)) from None
        size = sum(path.stat().st_size for path in files) / 1e6
        typer.echo(f"{day}: {len(files)} files, {size:,.1f} MB, below {folder}")


if __name__ == "__main__":
    typer.run(main)
