# %%
# Notebook 02 in PyTorch, to read beside lesson.rs: a cell has the name of its section. It runs as a script, and cell
# by cell in VS Code or Jupyter. `cargo xtask book --check-python` compares what `show` prints with the Rust line of
# the same name: whole numbers and True or False exactly, others to a thousandth or the last digit printed. Of random
# weights this shows one draw, and Rust the mean over fifty seeds and the spread: the draw lies within four spreads.
import gzip, math, os, pickle, sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, tensor
from torch.nn import init


def show(what, value):
    print(f"{what} = {value}".replace("\n", ""))


def stats(x):
    return f"{x.mean():.4f} / {x.std():.4f}"


folder = next((up for up in (Path.cwd(), *Path.cwd().parents) if (up / "crates").is_dir()), Path())
mnist = Path(os.getenv("NB_DATA", folder / "data")) / "mnist.pkl.gz"
if not mnist.exists():
    print(f"skipped: all of notebook 02 (there is no {mnist.name} here; cargo xtask data get)")
    sys.exit()
train, valid, _ = pickle.load(gzip.open(mnist), encoding="latin-1")
(x_train, y_train), (x_valid, y_valid) = [(torch.as_tensor(x), torch.as_tensor(y).float()) for x, y in (train, valid)]
torch.manual_seed(42)

# %% s01_statistics_before
x_train_before = x_train
show("x_train.mean(), .std()", stats(x_train))
show("x_valid.mean(), .std()", stats(x_valid))

# %% s03_normalize
def normalize(x, m, s):
    return (x - m) / s


train_mean, train_std = x_train.double().mean(), x_train.double().std()
x_train = normalize(x_train, train_mean.float(), train_std.float())
x_valid = normalize(x_valid, train_mean.float(), train_std.float())  # by the training set's statistics, too
show("x_train.mean(), .std()", stats(x_train.double()))
show("x_valid.mean(), .std()", stats(x_valid.double()))

# %% s04_sizes
n, m = x_train.shape
c = int(y_train.max()) + 1
nh = 50
show("n, m, c", (n, m, c))
show("nh", nh)

# %% s05_raw_weights
x = x_train[:1000]  # enough for statistics
show("randn(784, 80)", stats(torch.randn(784, 80)))
show("randn(80, 1)", stats(torch.randn(80, 1)))
show("x @ randn(784, 50)", stats(x @ torch.randn(784, 50)))

# %% s06_xavier
w1, b1 = torch.randn(m, nh) / math.sqrt(m), torch.zeros(nh)
w2, b2 = torch.randn(nh, 1) / math.sqrt(nh), torch.zeros(1)
show("randn(784, 80)/√784", stats(torch.randn(m, 80) / math.sqrt(m)))
show("randn(80, 1)/√80", stats(torch.randn(80, 1) / math.sqrt(80)))

# %% s07_lin
def lin(x, w, b):
    return x @ w + b


show("lin(x, w1, b1)", stats(lin(x, w1, b1)))

# %% s08_relu_after_xavier
def relu(x):
    return x.clamp_min(0.0)


show("relu(lin(x, w1, b1))", stats(relu(lin(x, w1, b1))))

# %% s09_kaiming
w1 = torch.randn(m, nh) * math.sqrt(2 / m)
show("randn(m, nh)*√(2/m)", stats(w1))
show("relu(lin(x, w1, b1))", stats(relu(lin(x, w1, b1))))

# %% s10_kaiming_in_place
w1 = init.kaiming_normal_(torch.empty(m, nh), mode="fan_out")  # takes our (in, out) for its own (out, in)
show("w1 (normal, nh 50)", stats(w1))
show("lin(x, w1, b1)", stats(lin(x, w1, b1)))
show("relu(lin(x, w1, b1))", stats(relu(lin(x, w1, b1))))
show("w1 (uniform, nh 80)", stats(init.kaiming_uniform_(torch.empty(m, 80), mode="fan_out")))

# %% s11_shifted_relu
def shifted_relu(x):
    return x.clamp_min(0.0) - 0.5


show("relu(x) − 0.5, nh 50", stats(shifted_relu(lin(x, w1, b1))))
w1_80, w2_80 = torch.randn(m, 80) * math.sqrt(2 / m), torch.randn(80, 1) * math.sqrt(2 / 80)
show("linear_2, nh 80", stats(shifted_relu(x @ w1_80) @ w2_80))

# %% s12_leaky_relu
z = tensor([[-3.0, -1.0, 0.0, 2.0]], requires_grad=True)
out = F.leaky_relu(z, 0.01)
out.sum().backward()
show("leaky_relu(x, 0.01)", out.detach())
show("its slope", z.grad)
assert init.calculate_gain("leaky_relu", 0.1) == math.sqrt(2 / (1 + 0.1**2))

# %% s13_other_initialisations
with torch.no_grad():
    linear = nn.Linear(784, nh)
    show("nn.Linear's own weights", stats(linear.weight))
    show("relu(nn.Linear(x))", stats(relu(linear(x))))
l2 = relu(lin(x, w1, b1))
show("out, w2/√nh", stats(l2 @ (torch.randn(nh, 1) / math.sqrt(nh))))
show("out, w2/√m", stats(l2 @ (torch.randn(nh, 1) / math.sqrt(m))))

# %% s14_convolution
image = torch.arange(1.0, 10).view(1, 1, 3, 3)
kernel = tensor([[1.0, 2], [3, 4]]).view(1, 1, 2, 2)
show("lin(image, w, 0)", F.conv2d(image, kernel).flatten())

# %% s15_thirty_layers
for name, scale in [("randn", 1), ("Xavier", math.sqrt(1 / 200)), ("Kaiming", math.sqrt(2 / 200))]:
    z = torch.randn(100, 200)
    for _ in range(30):
        z = relu(z @ (torch.randn(200, 200) * scale))
    print(f"{name}: E[x²] after 30 layers is {z.pow(2).mean():.1e}")

# %% s16_model
w1, w2 = torch.randn(m, nh) * math.sqrt(2 / m), torch.randn(nh, 1) / math.sqrt(nh)


def model(xb):
    return lin(shifted_relu(lin(xb, w1, b1)), w2, b2)


show("model(x_valid).shape", model(x_valid).shape)

# %% s17_mse
def mse(out, targ):
    return (out.squeeze(-1) - targ).pow(2).mean()


show("over the seeds", mse(model(x), y_train[:1000]))
show("always guessing 0", mse(torch.zeros(n, 1), y_train))
show("always guessing the mean", mse(y_train.mean().expand(n, 1), y_train))

# %% s18_chain_rule
t = tensor(0.7, requires_grad=True)
u = t**2 + 1
u.sin().backward()
show("cos(u) · 2x", t.grad)

# %% s19_mse_grad_and_relu_grad
def mse_grad(out, targ):
    return 2 * (out.squeeze(-1) - targ).unsqueeze(-1) / len(targ)


def relu_grad(inp, out_g):
    return (inp > 0).float() * out_g


show("out.g.shape", mse_grad(model(x), y_train[:1000]).shape)

# %% s20_lin_grad_in_three_forms
def lin_grad(inp, w, out_g):
    return out_g @ w.t(), inp.t() @ out_g, out_g.sum(0)  # of the input, the weights and the bias


out_g = torch.randn(1000, nh)
inp_g, w_g, b_g = lin_grad(x, w1, out_g)
torch.testing.assert_close(torch.einsum("bi,bj->ij", x, out_g), w_g, rtol=1e-3, atol=1e-3)
torch.testing.assert_close((x.unsqueeze(-1) * out_g.unsqueeze(1)).sum(0), w_g, rtol=1e-3, atol=1e-3)

# %% s21_forward_and_backward
def forward_and_backward(x, y):
    l1 = lin(x, w1, b1)
    l2 = shifted_relu(l1)
    out = lin(l2, w2, b2)
    l2_g, w2_g, b2_g = lin_grad(l2, w2, mse_grad(out, y))
    x_g, w1_g, b1_g = lin_grad(x, w1, relu_grad(l1, l2_g))
    return mse(out, y), (w1_g, b1_g, w2_g, b2_g), x_g


loss, grads, x_g = forward_and_backward(x_train, y_train)
show("shapes of the gradients", [tuple(g.shape) for g in grads])
show("w2.t()", w2.t().shape)

# %% s22_test_near_autograd
oracle = np.load(folder / "crates/nb02_fully_connected/oracle/fc_train_nh50_shift0.5.npz")
w1, b1, w2, b2 = (tensor(oracle[name]) for name in ["w1", "b1", "w2", "b2"])
loss, by_hand, _ = forward_and_backward(x_train, y_train)
for parameter in (w1, b1, w2, b2):
    parameter.requires_grad_(True)
mse(model(x_train), y_train).backward()
show("loss", loss)
for ours, parameter in zip(by_hand, (w1, b1, w2, b2)):
    torch.testing.assert_close(ours, parameter.grad, rtol=1e-3, atol=1e-5)

# %% s23_finite_differences
few, target = x_train[:64, 290:320].double(), y_train[:64].double()
weights = (torch.randn(30, 10, dtype=torch.double) * math.sqrt(2 / 30)).requires_grad_(True)
assert torch.autograd.gradcheck(lambda w: mse(shifted_relu(few @ w).sum(1, keepdim=True), target), weights)

# %% s23b_f32_accumulation
show("ours, accumulated in f64", stats(x_train_before.double()))
print("torch adds up in f32, but pairwise:", x_train_before.mean().item(), "and one after the other:", end=" ")
print(np.cumsum(x_train_before.numpy(), dtype=np.float32)[-1] / x_train_before.numel())

# %% s24_layers_as_classes
class Relu:
    def __call__(self, inp):
        self.inp, self.out = inp, shifted_relu(inp)
        return self.out

    def backward(self):
        self.inp.g = relu_grad(self.inp, self.out.g)


class Lin:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def __call__(self, inp):
        self.inp, self.out = inp, lin(inp, self.w, self.b)
        return self.out

    def backward(self):
        self.inp.g, self.w.g, self.b.g = lin_grad(self.inp, self.w, self.out.g)


w1, b1, w2, b2 = (parameter.detach() for parameter in (w1, b1, w2, b2))
layers = [Lin(w1, b1), Relu(), Lin(w2, b2)]
out = x_train
for layer in layers:
    out = layer(out)
out.g = mse_grad(out, y_train)
for layer in reversed(layers):
    layer.backward()
torch.testing.assert_close(w1.g, by_hand[0], rtol=1e-3, atol=1e-5)

# %% s25_module_and_nn
net = nn.Sequential(nn.Linear(m, nh), nn.ReLU(), nn.Linear(nh, 1))
mse(net(x_train), y_train).backward()  # no x_train.grad: nobody asked for it

# %% s26_reset
show("gradients after backward", sum(p.grad is not None for p in net.parameters()))
net.zero_grad()
show("gradients after the reset", sum(p.grad is not None for p in net.parameters()))

# %% s27_the_loop_over_layers
out = x
for layer in net:
    out = layer(out)
show("x.shape after the loop", out.shape)


class PlainList(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(m, nh), nn.ReLU(), nn.Linear(nh, 1)]  # an nn.ModuleList would be seen


print("parameters in a plain list:", len(list(PlainList().parameters())), "and in nn.Sequential:", len(list(net.parameters())))

# %% s28_q01_zeros_uniform_normal
def gradients_from(value):
    w1, w2 = torch.full((m, nh), value), torch.full((nh, 1), value)
    l1 = lin(x, w1, b1 * 0)
    l2_g, w2_g, _ = lin_grad(relu(l1), w2, mse_grad(relu(l1) @ w2, y_train[:1000]))
    return lin_grad(x, w1, relu_grad(l1, l2_g))[1], w2_g


w1_g, w2_g = gradients_from(0.0)
show("largest |w1.g|, all weights 0", w1_g.abs().max())
show("largest |w2.g|, all weights 0", w2_g.abs().max())
w1_g, _ = gradients_from(0.01)
show("columns of w1.g that differ", sum(not torch.allclose(column, w1_g[:, 0]) for column in w1_g.t()))
show("relu(lin(x)), normal", stats(relu(x @ init.kaiming_normal_(torch.empty(nh, m)).t())))
show("relu(lin(x)), uniform", stats(relu(x @ init.kaiming_uniform_(torch.empty(nh, m)).t())))

# %% s29_q02_layout_and_mode
w = torch.randn(50, 784)
show("w.strides(), w.t().strides()", (w.stride(), w.t().stride()))
for mode in ["fan_in", "fan_out"]:
    w1 = init.kaiming_normal_(torch.empty(784, nh), mode=mode)
    print(f"{mode} of our (in, out): {w1.std():.4f} → {stats(relu(x @ w1))}")

# %% s30_q03_why_the_mean_changes_again
mean_image = x.mean(0)
show("its share of E[x²]", f"{100 * mean_image.pow(2).mean() / x.pow(2).mean():.1f} %")
unit_means = torch.cat([(x @ (torch.randn(m, nh) * math.sqrt(2 / m))).mean(0) for _ in range(50)])
print(f"so the units' means spread by {unit_means.std():.3f}")

# %% s31_q04_in_place_functions_return
w = torch.zeros(784, 50)
show("the same tensor comes back", init.kaiming_uniform_(w) is w)

# %% s32_q05_the_gradient_of_the_input
show("x.g in MB", f"{x_train.numel() * 4e-6:.0f}")
net.zero_grad()
image = x_train[:1].clone().requires_grad_(True)  # now autograd is asked for it
mse(net(image), y_train[:1]).backward()
assert image.grad.shape == (1, 784)

# %% s33_q06_clone_copy_expand
c = tensor([10.0, 20, 30])
e = c.expand(3, 3)
assert c.clone().data_ptr() != c.data_ptr() and c.detach().data_ptr() == e.data_ptr() == c.data_ptr()
assert (e.stride(), e.clone().stride()) == ((0, 1), (3, 1))
e[0, 0] = 99  # a whole column of e, and c
print(c, e)

# %% s34_q07_a_clone_has_no_gradient
w = torch.zeros(3, 2)
w.g = torch.ones(3, 2)
show("the layer's gradient", hasattr(w, "g"))
show("the clone's gradient", hasattr(w.clone(), "g"))

# %% s36_q09_where_call_went
class Module:
    def __call__(self, *args):
        self.args, self.out = args, self.forward(*args)
        return self.out

    def backward(self):
        self.bwd(self.out, *self.args)


class Double(Module):
    def forward(self, inp):
        return 2 * inp

    def bwd(self, out, inp):
        inp.g = 2 * out.g


double, inp = Double(), tensor([[1.0, 2]])
out = double(inp)
show("Double.call(x)", out)
out.g = tensor([[1.0, 3]])
double.backward()
show("Double.backward(…)", inp.g)

# %% s37_q10_einsum_of_the_input_gradient
out_g, w = torch.randn(7, 5), torch.randn(3, 5)
torch.testing.assert_close(torch.einsum("ia, ka -> ik", out_g, w), out_g @ w.t())

# %% s38_q11_relu_module_and_function
z = torch.randn(100, 7)
show("the same numbers", torch.equal(nn.ReLU()(z), F.relu(z)))
show("parameters of nn::ReLU", len(list(nn.ReLU().parameters())))

# %% s39_q12_the_squeezed_loss
show("(n,1) − (n)", (torch.zeros(200, 1) - torch.zeros(200)).shape)

# %% s40_hw01_he_section_2_2
y = torch.randn(500, 400)
for layer in range(1, 5):
    before, y = y.var(), relu(y) @ (torch.randn(400, 400) * 0.1)
    print(f"layer {layer}: Var[y] is {y.var():.4f} and n·Var[w]·½ Var is {400 * 0.1**2 * before / 2:.4f}")

# %% s41_hw02_half_of_what
z = relu(torch.randn(2000, 1000))
error = z.pow(2).std() / math.sqrt(z.numel())  # of a mean over so many draws
show("E[relu²]", f"{z.pow(2).mean():.4f} ± {error:.4f}")
show("Var[relu]", f"{z.var():.4f} ± {error:.4f}")

# %% s42_hw03_in_place_relu_and_its_kink
z = tensor([[-1.0, 0.0, 0.3, 2.0]])
out_g = torch.tensor([[1., 2., 3., 4.]])
show("mask from the input", relu_grad(z, out_g))
show("mask after clamp_min_(0)", relu_grad(z.clone().clamp_min_(0), out_g))
show("mask after clamp_min_(0).sub_(0.5)", relu_grad(z.clone().clamp_min_(0).sub_(0.5), out_g))
z.requires_grad_(True)
z.clamp_min(0).sum().backward()
show("gradient at exactly 0", z.grad[0, 1])

# %% s43_hw04_squeeze_with_its_axis
show("squeeze((1, 1), -1)", torch.ones(1, 1).squeeze(-1).shape)
print(torch.ones(1, 1).squeeze().shape, torch.ones(1, 10).squeeze().shape, torch.ones(1, 10).squeeze(-1).shape)

# %% s44_hw05_autograd_or_not
l2 = net[1](net[0](x))
l2.retain_grad()  # else autograd forgets what is no parameter
mse(net[2](l2), y_train[:1000]).backward()
show("l2.g", l2.grad.shape)
