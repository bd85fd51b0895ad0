"""What is optimised: task, search space, objective, trials, evaluators."""
