# %%
# Notebook 03 in PyTorch, to read beside lesson.rs: a cell has the name of its section. It runs as a script, and cell
# by cell in VS Code or Jupyter. `cargo xtask book --check-python` compares what `show` prints with the Rust line of
# the same name: whole numbers and True or False exactly, others to a thousandth or the last digit printed. What depends on
# random weights is printed and not compared.
import gzip, math, os, pickle, sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim, tensor
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler, TensorDataset


def show(what, value):
    print(f"{what} = {value}".replace("\n", ""))


folder = next((up for up in (Path.cwd(), *Path.cwd().parents) if (up / "crates").is_dir()), Path())
mnist = Path(os.getenv("NB_DATA", folder / "data")) / "mnist.pkl.gz"
if not mnist.exists():
    print(f"skipped: all of notebook 03 (there is no {mnist.name} here; cargo xtask data get)")
    sys.exit()
train, valid, _ = pickle.load(gzip.open(mnist), encoding="latin-1")
(x_train, y_train), (x_valid, y_valid) = [(torch.as_tensor(x), torch.as_tensor(y)) for x, y in (train, valid)]
torch.manual_seed(42)
n, m, nh, c, lr, bs = len(x_train), 784, 50, 10, 0.5, 64

# %% s01_raw_pixels
show("x_train.shape, y_train.shape", f"{list(x_train.shape)}, {list(y_train.shape)}")
show("x_train.mean()", f"{x_train.double().mean():.4f}")
show("smallest, largest pixel", f"{x_train.min():g}, {x_train.max().item()}")

# %% s02_log_softmax
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1, self.l2 = nn.Linear(m, nh), nn.Linear(nh, c)

    def forward(self, x):
        return self.l2(F.relu(self.l1(x)))


def plain(x):
    return (x.exp() / x.exp().sum(-1, keepdim=True)).log()


def difference(x):
    return x - x.exp().sum(-1, keepdim=True).log()


def shifted(x):
    return x - x.logsumexp(-1, keepdim=True)


with torch.no_grad():
    pred = Model()(x_train[:bs])
for form in (plain, difference, shifted):
    print(form.__name__, form(pred)[0, :3])
    torch.testing.assert_close(form(pred), F.log_softmax(pred, -1))

# %% s03_where_log_softmax_fails
for x in ([88.0, 0.0], [100.0, 0.0], [0.0, -105.0], [300.0, 299.0]):
    print(x, *[form(tensor([x])).tolist()[0] for form in (plain, difference, shifted)])

# %% s04_nll_and_cross_entropy
def nll(input, target):
    return -input[range(target.shape[0]), target].mean()


y = y_train[:bs]
print("nll:", nll(shifted(pred), y).item(), "ln 10:", math.log(10))
torch.testing.assert_close(F.cross_entropy(pred, y), nll(shifted(pred), y))

# %% s05_the_gradient_of_cross_entropy
x = tensor([[2.0, 1.0, 0.0], [0.5, 0.0, 3.0]], dtype=torch.float64, requires_grad=True)
F.cross_entropy(x, tensor([1, 2])).backward()
show("by finite differences", [round(g, 4) for g in x.grad[0].tolist()])

# %% s06_timed
logits, target = torch.randn(60_000, 10), torch.full((60_000,), 3)
print("nll of log_softmax and cross_entropy agree:", torch.isclose(nll(shifted(logits), target), F.cross_entropy(logits, target)).item())

# %% s07_the_first_batch
def accuracy(out, yb):
    return (torch.argmax(out, dim=1) == yb).float().mean()


show("preds.shape", tuple(pred.shape))
print("loss, accuracy:", F.cross_entropy(pred, y).item(), accuracy(pred, y).item())

# %% s08_the_loop_by_hand
def trained(what, model):
    with torch.no_grad():
        last = accuracy(model(x_train[n - n % bs :]), y_train[n - n % bs :]).item()
        print(what, "the last", n % bs, "rows:", last, "validation set:", accuracy(model(x_valid), y_valid).item())


model = Model()
for i in range((n - 1) // bs + 1):
    xb, yb = x_train[i * bs : i * bs + bs], y_train[i * bs : i * bs + bs]
    F.cross_entropy(model(xb), yb).backward()
    with torch.no_grad():
        for l in (model.l1, model.l2):
            l.weight -= l.weight.grad * lr
            l.bias -= l.bias.grad * lr
            l.weight.grad.zero_()
            l.bias.grad.zero_()
trained("by hand", model)

# %% s09_children
print(model)
for name, p in model.named_parameters():
    print(name, list(p.shape), "(out, in): transposed")

# %% s10_over_parameters
def fit(model):
    for i in range((n - 1) // bs + 1):
        xb, yb = x_train[i * bs : i * bs + bs], y_train[i * bs : i * bs + bs]
        F.cross_entropy(model(xb), yb).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= p.grad * lr
            model.zero_grad()


model = Model()
fit(model)
trained("over parameters()", model)

# %% s11_registration
class Listed(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers  # a plain list is not noticed; nn.ModuleList is

    def forward(self, x):
        for l in self.layers:
            x = l(x)
        return x


def layers():
    return [nn.Linear(m, nh), nn.ReLU(), nn.Linear(nh, c)]


print("parameters in a list:", len(list(Listed(layers()).parameters())))
listed = Listed(nn.ModuleList(layers()))
print("in a ModuleList:", len(list(listed.parameters())))

# %% s12_the_optimiser
class Optimizer:
    def __init__(self, params, lr=0.5):
        self.params, self.lr = list(params), lr

    def step(self):
        with torch.no_grad():
            for p in self.params:
                p -= p.grad * self.lr  # not the global lr (#474)

    def zero_grad(self):
        for p in self.params:
            p.grad = None


def get_model():
    model = nn.Sequential(*layers())
    return model, optim.SGD(model.parameters(), lr=lr)


# %% s13_dataset
class Dataset:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


train_ds, valid_ds = Dataset(x_train, y_train), Dataset(x_valid, y_valid)
xb, yb = train_ds[0:5]
show("train_ds[0:5]", f"{list(xb.shape)}, {yb.tolist()}")

# %% s14_dataloader
xb, yb = next(iter(DataLoader(valid_ds, bs)))
show("xb.shape, yb.shape", f"{list(xb.shape)}, {list(yb.shape)}")

# %% s15_samplers
show("Sampler(10, 3)", list(BatchSampler(SequentialSampler(range(10)), 3, drop_last=False)))
print("shuffled:", list(BatchSampler(RandomSampler(range(10)), 3, drop_last=False)))

# %% s16_shuffled_and_drop_last
show("batches; with drop_last", (len(DataLoader(train_ds, bs, shuffle=True)), len(DataLoader(train_ds, bs, shuffle=True, drop_last=True))))

# %% s17_validation
train_dl, valid_dl = DataLoader(train_ds, bs, shuffle=True), DataLoader(valid_ds, 2 * bs)
show("len(train_dl), len(valid_dl)", f"{len(train_dl)}, {len(valid_dl)}")
show("rows in a batch of valid_dl", len(next(iter(valid_dl))[0]))

# %% s18_fit
def fit(epochs, model, loss_func, opt, train_dl, valid_dl):
    for epoch in range(epochs):
        model.train()
        for xb, yb in train_dl:
            loss_func(model(xb), yb).backward()
            opt.step()
            opt.zero_grad()
        print(epoch, *validate(model, loss_func, valid_dl, len))


def validate(model, loss_func, valid_dl, weight):
    model.eval()
    with torch.no_grad():
        scores = [(weight(yb), loss_func(model(xb), yb).item(), accuracy(model(xb), yb).item()) for xb, yb in valid_dl]
    w, loss, acc = np.array(scores).T
    return (w * loss).sum() / w.sum(), (w * acc).sum() / w.sum()


model, opt = get_model()
fit(1, model, F.cross_entropy, opt, train_dl, valid_dl)

# %% s19_q01_batches_of_different_sizes
print("weighted:", validate(model, F.cross_entropy, valid_dl, len))
print("as the notebook:", validate(model, F.cross_entropy, valid_dl, lambda yb: 1))
odd = DataLoader(TensorDataset(tensor([[5.0, 0.0], [5.0, 0.0], [0.0, 5.0]]), tensor([0, 0, 0])), 2)
both = [validate(nn.Identity(), F.cross_entropy, odd, weight)[1] for weight in (len, lambda yb: 1)]
show("two right, one wrong, bs 2", "{:.4f} and {:.4f}".format(*both))

# %% s20_q02_why_zero_grad
model, _ = get_model()


def grad(*parts):
    for rows in parts:
        (F.cross_entropy(model(x_train[rows]), y_train[rows]) * len(x_train[rows]) / bs).backward()
    return model[0].weight.grad.clone()


whole = grad(slice(0, bs))
twice = grad(slice(0, bs))
model.zero_grad()
print("parts and whole agree:", torch.allclose(grad(slice(0, 16), slice(16, bs)), whole, atol=1e-6))
show("without zero_grad in between", f"{((twice - whole).norm() / whole.norm()).item():.4f}")

# %% s22_first_layer
never = x_train.sum(0) == 0
print("pixels never inked:", never.sum().item())
