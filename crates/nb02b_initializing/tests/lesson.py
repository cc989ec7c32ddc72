# %%
# Notebook 02b in PyTorch, to read beside lesson.rs: a cell has the name of its section. `cargo xtask book --check-python` compares what
# `show` prints with the Rust line of the same name. Of random numbers this shows one draw, and Rust the mean over some seeds and the spread.
import math

import torch

torch.manual_seed(42)


def show(what, value):
    print(f"{what} = {value}".replace("\n", ""))


def stats(x):
    return f"{x.mean():.4f} / {x.std():.4f}"


def through_layers(scale):
    x = torch.randn(512)
    for _ in range(100):
        x = torch.randn(512, 512) * scale @ x
    return x


def moments(draw, n):
    mean = square = 0.0
    for _ in range(n):
        y = draw()
        mean += y.mean().item() / n
        square += y.pow(2).mean().item() / n
    return mean, square


def show_moments(what, moments, theory):
    for name, ours, expected in zip(("mean", "mean square"), moments, theory):
        show(f"{what}: {name}", f"{ours:.4f}, in theory {expected:.4f}")


# %% s01_explosion
print("x.mean(), x.std():", stats(through_layers(1)))

# %% s02_when_exactly
x = torch.randn(512)
for i in range(100):
    x = torch.randn(512, 512) @ x
    if x.std() != x.std():
        break
print("the first index that is lost:", i)

# %% s03_vanishing
show("x.mean(), x.std()", stats(through_layers(0.01)))

# %% s04_the_magic_number
show("1/math.sqrt(512)", round(1 / math.sqrt(512), 5))
print("x.mean(), x.std():", stats(through_layers(1 / math.sqrt(512))))

# %% s05_one_layer
show_moments("y = a@x", moments(lambda: torch.randn(512, 512) @ torch.randn(512), 100), (0, 512))

# %% s06_one_product
# The notebook's loop has one product at a time; a hundred in each turn come closer to the theory.
show_moments("a·x", moments(lambda: torch.randn(100) * torch.randn(100), 10000), (0, 1))

# %% s07_relu_one_product
show_moments("relu(a·x)", moments(lambda: (torch.randn(100) * torch.randn(100)).clamp(min=0), 10000), (1 / math.pi, 1 / 2))

# %% s08_relu_one_layer
layer = lambda: (torch.randn(512, 512) @ torch.randn(512)).clamp(min=0)
show_moments("relu(a@x)", moments(layer, 100), (math.sqrt(512 / (2 * math.pi)), 512 / 2))

# %% s09_kaiming
layer = lambda: (torch.randn(512, 512) * math.sqrt(2 / 512) @ torch.randn(512)).clamp(min=0)
show_moments("relu(a@x·√(2/512))", moments(layer, 100), (1 / math.sqrt(math.pi), 1))

# %% s11_orthogonal
q = torch.nn.init.orthogonal_(torch.empty(128, 128))
print("‖qᵀ@q − 1‖ / ‖1‖:", (torch.linalg.norm(q.t() @ q - torch.eye(128)) / math.sqrt(128)).item())
