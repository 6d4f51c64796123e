"""What is kept on disk: resources, secrets, checkpoints, the folder with stacks, history and locks."""
