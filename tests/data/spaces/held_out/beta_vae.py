import argparse

ap = argparse.ArgumentParser(description="beta-VAE on dSprites, reports the ELBO")
ap.add_argument("--latent-dim", type=int, default=10, help="size of the code")
ap.add_argument("--beta", type=float, default=4.0, help="weight of the KL term")
ap.add_argument("--hidden", type=int, default=256, help="width of the hidden layers")
ap.add_argument("--lr", type=float, default=1e-3)
ap.add_argument("--batch-size", type=int, default=64)
ap.add_argument("--max-epochs", type=int, default=20)
ap.add_argument("--no-cuda", action="store_true", default=False)
ap.add_argument("--log-interval", type=int, default=100, help="batches between two log lines")
ap.add_argument("--sample-dir", default="samples", help="folder for generated images")
ap.add_argument("--seed", type=int, default=1)
opt = ap.parse_args()
