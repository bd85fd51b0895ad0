from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def fit(
    pool: Annotated[str, typer.Argument(help="file of the training pool")],
    depth: Annotated[int, typer.Option(help="depth of the symmetric trees")] = 6,
    learning_rate: Annotated[float, typer.Option()] = 0.03,
    l2_leaf_reg: Annotated[float, typer.Option()] = 3.0,
    bagging_temperature: Annotated[float, typer.Option(min=0.0)] = 1.0,
    random_strength: Annotated[float, typer.Option(help="noise on split scores")] = 1.0,
    border_count: Annotated[int, typer.Option(help="bins per numeric column")] = 254,
    iterations: Annotated[int, typer.Option()] = 1000,
    thread_count: Annotated[int, typer.Option()] = -1,
    random_seed: Annotated[int, typer.Option()] = 0,
    silent: Annotated[bool, typer.Option("--silent")] = False,
):
    """Fit CatBoost and print the log loss."""


if __name__ == "__main__":
    app()
