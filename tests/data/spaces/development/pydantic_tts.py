from enum import Enum

from pydantic import BaseModel, Field


class Window(str, Enum):
    hann = "hann"
    hamming = "hamming"


class Settings(BaseModel):
    hop_length: int = Field(256, ge=64, le=1024, description="samples between frames")
    n_mels: int = Field(80, ge=20, le=160)
    window: Window = Window.hann
    preemphasis: float = Field(0.97, ge=0.0, lt=1.0)
    learning_rate: float = Field(1e-3, gt=0)
    attention_dim: int = 128
    checkpoint: str = "tts.pt"
    log_every: int = 100


def train(settings: Settings) -> float:
    """Return the mel cepstral distortion."""
