import click


@click.command()
@click.argument("images", type=click.Path(exists=True))
@click.option("--lr", default=1e-3, show_default=True, help="Learning rate of Adam.")
@click.option("--base-filters", default=32, type=int, help="Filters of the first block.")
@click.option("--depth", default=4, type=click.IntRange(2, 6), help="Down-sampling steps.")
@click.option("--loss", type=click.Choice(["dice", "bce", "focal"]), default="dice")
@click.option("--augment/--no-augment", default=True, help="Flip and rotate the images.")
@click.option("--batch-size", default=8, type=int)
@click.option("--epochs", default=30, type=int, help="Number of epochs.")
@click.option("--gpu", default=0, type=int, help="Device number.")
@click.option("--out", type=click.Path(), default="masks")
@click.option("-v", "--verbose", is_flag=True)
def main(images, lr, base_filters, depth, loss, augment, batch_size, epochs, gpu, out, verbose):
    """Segment cells; prints `dice: X`."""
