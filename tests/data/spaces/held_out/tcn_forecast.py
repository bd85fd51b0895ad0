import click


@click.command()
@click.option("--series", default="load.csv", help="Input file.")
@click.option("--horizon", default=24, help="Hours to forecast.")
@click.option("--lookback", default=168, help="Hours of history the network sees.")
@click.option("--channels", default=32, help="Channels per layer.")
@click.option("--kernel-size", default=3)
@click.option("--levels", default=5, help="Dilated layers.")
@click.option("--dropout", default=0.1)
@click.option("--lr", default=0.002)
@click.option("--max-steps", default=3000, help="Training steps.")
@click.option("--log-dir", default="runs")
def train(**options):
    """Temporal convolutional forecaster."""
