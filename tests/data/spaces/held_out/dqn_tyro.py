from dataclasses import dataclass

import tyro


@dataclass
class Args:
    exp_name: str = "dqn"
    """the name of this experiment"""
    seed: int = 1
    """seed of the experiment"""
    track: bool = False
    """if toggled, this experiment will be tracked"""
    env_id: str = "CartPole-v1"
    total_timesteps: int = 500000
    """total timesteps of the experiments"""
    learning_rate: float = 2.5e-4
    buffer_size: int = 10000
    """the replay memory buffer size"""
    gamma: float = 0.99
    tau: float = 1.0
    """the target network update rate"""
    target_network_frequency: int = 500
    batch_size: int = 128
    end_e: float = 0.05
    """the ending epsilon for exploration"""
    exploration_fraction: float = 0.5
    train_frequency: int = 10


args = tyro.cli(Args)
