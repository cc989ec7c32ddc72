# The net of notebook 03 in PyTorch, with the weights that `nn::save` wrote.
import sys

import torch
from safetensors.torch import load_file, save_file
from torch import nn

file = sys.argv[1]
device = "cuda" if torch.cuda.is_available() else "cpu"
net = nn.Sequential(nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10)).to(device)
net.load_state_dict(load_file(file))

image = torch.linspace(0, 1, 784, device=device)
print(net(image).tolist())
save_file(net.state_dict(), file)  # and back: `nn::load` reads it
