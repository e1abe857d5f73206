"""What backbones of several families derive from."""
