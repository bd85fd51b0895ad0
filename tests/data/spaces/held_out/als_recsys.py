import click


@click.command(help="Alternating least squares on implicit feedback.")
@click.option("--ratings", required=True, type=click.Path(), help="CSV of user, item, count")
@click.option("--factors", type=int, default=64, help="latent factors")
@click.option("--regularization", type=float, default=0.01)
@click.option("--alpha", type=float, default=40.0, help="confidence per observed interaction")
@click.option("--iterations", type=int, default=15)
@click.option("--num-threads", type=int, default=0)
@click.option("--top-k", type=int, default=10, help="length of the evaluated list")
@click.option("--random-state", type=int, default=0)
def cli(ratings, factors, regularization, alpha, iterations, num_threads, top_k, random_state):
    ...
