# %%
# Notebook 02a in PyTorch, to read beside lesson.rs: a cell has the name of its section. `cargo xtask book --check-python` compares what
# `show` prints with the Rust line of the same name. Of random weights this shows one draw, and Rust the mean over fifty seeds and the spread.
import gzip, math, os, pickle, sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn import init


def show(what, value):
    print(f"{what} = {value}".replace("\n", ""))


def stats(x):
    return f"{x.mean():.4f} / {x.std():.4f}"


folder = next((up for up in (Path.cwd(), *Path.cwd().parents) if (up / "crates").is_dir()), Path())
mnist = Path(os.getenv("NB_DATA", folder / "data")) / "mnist.pkl.gz"
if not mnist.exists():
    print(f"skipped: all of notebook 02a (there is no {mnist.name} here; cargo xtask data get)")
    sys.exit()
train, valid, _ = pickle.load(gzip.open(mnist), encoding="latin-1")
(x_train, y_train), (x_valid, y_valid) = [(torch.as_tensor(x), torch.as_tensor(y).float()) for x, y in (train, valid)]
torch.manual_seed(42)
nh = 32

# %% s01_images
mean, std = x_train.double().mean().float(), x_train.double().std().float()
x_train, x_valid = [((x - mean) / std).view(-1, 1, 28, 28) for x in (x_train, x_valid)]
show("x_train.shape", list(x_train.shape))
show("x_valid.shape", list(x_valid.shape))
show("n, c", (x_train.shape[0], int(y_train.max()) + 1))
x = x_valid[:100]
show("x = x_valid[:100]", list(x.shape))

# %% s02_six_loops
weight, bias = torch.randn(8, 1, 5, 5), torch.randn(8)
print("F.conv2d:", list(F.conv2d(x, weight, bias, 2, 2).shape))

# %% s03_the_first_layer
l1 = nn.Conv2d(1, nh, 5)
print(l1)
show("l1.weight.shape", list(l1.weight.shape))

# %% s04_default_weights
show("stats(l1.weight)", stats(l1.weight))
show("stats(l1.bias)", stats(l1.bias))

# %% s05_its_output
show("stats(l1(x))", stats(l1(x)))

# %% s06_kaiming_for_no_relu
init.kaiming_normal_(l1.weight, a=1.0)
show("stats(l1(x)), a=1", stats(l1(x)))

# %% s07_with_relu
def f1(x, a=0):
    return F.leaky_relu(l1(x), a)


init.kaiming_normal_(l1.weight, a=0)
show("stats(f1(x, 0)), kaiming", stats(f1(x)))
l1 = nn.Conv2d(1, nh, 5)
show("stats(f1(x, 0)), default", stats(f1(x)))

# %% s08_fans
rec_fs = l1.weight[0, 0].numel()
nf, ni, *_ = l1.weight.shape
show("rec_fs", rec_fs)
show("nf, ni", (nf, ni))
show("fan_in, fan_out", (ni * rec_fs, nf * rec_fs))

# %% s09_gain
def gain(a):
    return math.sqrt(2.0 / (1 + a**2))


show("gain(1, 0, .01, .1, √5)", [round(gain(a), 5) for a in (1, 0, 0.01, 0.1, math.sqrt(5))])

# %% s10_std_of_uniform
show("torch.zeros(10000).uniform_(-1,1).std()", f"{torch.zeros(10000).uniform_(-1, 1).std():.4f}")
show("1/math.sqrt(3.)", round(1 / math.sqrt(3.0), 5))

# %% s11_kaiming2
def kaiming2(x, a, use_fan_out=False):
    nf, ni, *_ = x.shape
    rec_fs = x[0, 0].shape.numel()
    fan = nf * rec_fs if use_fan_out else ni * rec_fs
    bound = math.sqrt(3.0) * gain(a) / math.sqrt(fan)
    x.data.uniform_(-bound, bound)


kaiming2(l1.weight, a=0)
show("kaiming2(l1.weight, a=0); stats(f1(x))", stats(f1(x)))
kaiming2(l1.weight, a=math.sqrt(5.0))
show("kaiming2(l1.weight, a=math.sqrt(5.))", stats(f1(x)))

# %% s12_why_sqrt5
for fan in [1, 25, 72, 288, 800_000]:
    print(f"fan {fan:>6}: {math.sqrt(3) * gain(math.sqrt(5)) / math.sqrt(fan):.6f} and {1 / math.sqrt(fan):.6f}")

# %% s13_flatten
show("Flatten of [100, 10, 1, 1]", list(nn.Flatten()(torch.zeros(100, 10, 1, 1)).shape))

# %% s14_four_layers
def net():
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(32, 1, 3, stride=2, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
    )


y = y_valid[:100]
m = net()
t = m(x)
show("stats(y), default", stats(t))
F.mse_loss(t.squeeze(-1), y).backward()
show("stats(m[0].weight.grad), default", stats(m[0].weight.grad))
m = net()
for layer in m:
    if isinstance(layer, nn.Conv2d):
        init.kaiming_uniform_(layer.weight)
        layer.bias.detach().zero_()
t = m(x)
show("stats(y), kaiming_uniform", stats(t))
F.mse_loss(t.squeeze(-1), y).backward()
show("stats(m[0].weight.grad), kaiming", stats(m[0].weight.grad))

# %% s16_swift
def first_layer(a):
    l1 = nn.Conv2d(1, nh, 5, padding=2)
    kaiming2(l1.weight, a)
    l1.bias.detach().zero_()
    return F.relu(l1(x))


def swift_net(kaiming_, a):
    layers = [
        nn.Conv2d(1, 8, 5, stride=2, padding=2), nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.Conv2d(32, 1, 3, stride=2),
    ]
    for layer in layers:
        kaiming_(layer.weight, a=a)
        layer.bias.detach().zero_()
    relus = [layer for conv in layers[:3] for layer in (conv, nn.ReLU())]
    net = nn.Sequential(*relus, layers[3], nn.Flatten())
    out = net(x)
    F.mse_loss(out.squeeze(-1), y).backward()
    return stats(out), stats(net[0].weight.grad)


show("relu(l1(x)), uniform, a=0", stats(first_layer(0)))
show("relu(l1(x)), uniform, a=√5", stats(first_layer(math.sqrt(5))))
normal, uniform = swift_net(init.kaiming_normal_, 1), swift_net(init.kaiming_uniform_, 1)
show("four layers, normal, a=1: out", normal[0])
show("four layers, uniform, a=1: out", uniform[0])
show("four layers, uniform, a=0: out", swift_net(init.kaiming_uniform_, 0)[0])
show("… normal, a=1: first weight's grad", normal[1])
show("… uniform, a=1: first weight's grad", uniform[1])

# %% s18_gradients
images, weight, bias = (torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((2, 3, 7, 6), (4, 3, 5, 2), 4))
print("gradcheck:", torch.autograd.gradcheck(lambda *all: F.conv2d(*all, stride=2, padding=1), (images, weight, bias)))
