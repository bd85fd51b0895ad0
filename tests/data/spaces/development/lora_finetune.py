"""Fine-tune a causal language model with LoRA adapters."""
import argparse


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--model_name_or_path", required=True)
    p.add_argument("--train_file", type=str, default="train.jsonl")
    p.add_argument("--output_dir", type=str, default="out")
    p.add_argument("--learning_rate", type=float, default=2e-4)
    p.add_argument("--lora_r", type=int, default=16, help="rank of the adapters")
    p.add_argument("--lora_alpha", type=float, default=32.0, help="scaling of the adapters")
    p.add_argument("--lora_dropout", type=float, default=0.05)
    p.add_argument("--warmup_ratio", type=float, default=0.03)
    p.add_argument("--lr_scheduler_type", choices=["linear", "cosine", "constant"], default="cosine")
    p.add_argument("--per_device_train_batch_size", type=int, default=4)
    p.add_argument("--num_train_epochs", type=int, default=3)
    p.add_argument("--logging_steps", type=int, default=10)
    p.add_argument("--save_steps", type=int, default=500)
    p.add_argument("--seed", type=int, default=42)
    p.add_argument("--bf16", action="store_true")
    return p.parse_args()
