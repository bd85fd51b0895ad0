import argparse


def parse():
    parser = argparse.ArgumentParser(description="Proximal policy optimisation")
    parser.add_argument("--env-id", type=str, default="CartPole-v1")
    parser.add_argument("--learning-rate", type=float, default=2.5e-4)
    parser.add_argument("--gamma", type=float, default=0.99, help="discount factor")
    parser.add_argument("--gae-lambda", type=float, default=0.95)
    parser.add_argument("--clip-coef", type=float, default=0.2, help="surrogate clipping")
    parser.add_argument("--ent-coef", type=float, default=0.01, help="entropy bonus")
    parser.add_argument("--vf-coef", type=float, default=0.5, help="value loss weight")
    parser.add_argument("--num-steps", type=int, default=128, help="rollout length per update")
    parser.add_argument("--update-epochs", type=int, default=4, help="passes over each rollout")
    parser.add_argument("--total-timesteps", type=int, default=500000)
    parser.add_argument("--capture-video", action="store_true")
    parser.add_argument("--wandb-project", type=str, default=None)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()
