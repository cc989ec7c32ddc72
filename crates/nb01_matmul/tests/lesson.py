# %%
# Notebook 01 in PyTorch, to read beside lesson.rs: a cell has the name of its section. It runs as a script, and cell
# by cell in VS Code or Jupyter. `cargo xtask book --check-python` compares what `show` prints with the Rust line of
# the same name: whole numbers and True or False exactly, others to a thousandth or the last digit printed. Random
# numbers differ, so of those only the shapes are shown.
import gzip, os, pickle, sys
from pathlib import Path

import torch
from torch import tensor


def show(what, value):
    print(f"{what} = {value}".replace("\n", ""))


places = [Path(os.getenv("NB_DATA", "data")), *(folder / "data" for folder in Path.cwd().parents)]
found = next((place for place in places if (place / "mnist.pkl.gz").exists()), None)
if found is None:
    print("skipped: all of notebook 01 (there is no mnist.pkl.gz here; cargo xtask data get)")
    sys.exit()

# %% s01_get_data
with gzip.open(found / "mnist.pkl.gz") as file:
    train, valid, _ = pickle.load(file, encoding="latin-1")
x_train, y_train, x_valid, y_valid = (torch.as_tensor(array) for array in (*train, *valid))

show("x_train.shape", x_train.shape)
show("x_valid.shape", x_valid.shape)
show("y_train", f"{y_train[:5].tolist()} ... {y_train[-5:].tolist()}")
show("y_train.min(), y_train.max()", (y_train.min(), y_train.max()))

# %% s02_look_at_a_digit
image = x_train[0].view(28, 28)
for row in image[4:26]:
    print("".join(" ░▒▓█"[int(pixel * 4.99)] * 2 for pixel in row))
show("largest pixel", image.max().item())
assert image.dtype == torch.float32  # in Rust: f32

# %% s03_initial_model
torch.manual_seed(42)
weights = torch.randn(784, 10)
bias = torch.zeros(10)
show("weights.shape", weights.shape)
show("bias", bias)
show("(x_valid @ weights + bias).shape", (x_valid @ weights + bias).shape)

# %% s04_matmul_loops
def matmul_loops(a, b):
    (ar, ac), (br, bc) = a.shape, b.shape
    assert ac == br
    c = torch.zeros(ar, bc)
    for i in range(ar):
        for j in range(bc):
            for k in range(ac):
                c[i, j] += a[i, k] * b[k, j]
    return c


m1, m2 = x_valid[:5], weights
t1 = matmul_loops(m1, m2)  # %timeit this one: it is the reason for all that follows
show("t1.shape", t1.shape)
worked_a, worked_b = tensor([[1.0, 2, 3], [4, 5, 6]]), tensor([[10.0, 10], [20, 20], [30, 30]])
show("the worked example", matmul_loops(worked_a, worked_b))

# %% s05_elementwise_operations
a, b = tensor([10.0, 6, -4]), tensor([2.0, 8, 7])
show("a + b", a + b)
show("(a < b).float().mean()", (a < b).float().mean())

# %% s06_frobenius_norm
m = tensor([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
show("(m*m).sum().sqrt()", (m * m).sum().sqrt())
notes = m.clone()
notes[2] = tensor([7.0, 7, 8])
show("… third row [7, 7, 8]", torch.linalg.matrix_norm(notes))

# %% s07_matmul_elementwise
def matmul_elementwise(a, b):
    c = torch.zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            c[i, j] = (a[i] * b[:, j]).sum()
    return c


torch.testing.assert_close(matmul_elementwise(m1, m2), t1, rtol=1e-3, atol=1e-5)

# %% s08_broadcasting_a_scalar
show("a > 0", a > 0)
show("a + 1", a + 1)
show("2 * m", 2 * m)

# %% s09_broadcasting_a_vector
c = tensor([10.0, 20, 30])
show("m + c", m + c)
t = c.expand_as(m)
show("t = c.expand_as(m)", t)
show("t.shape", t.shape)
show("t.stride()", t.stride())
show("len(t.storage())", len(t.untyped_storage()) // t.element_size())

# %% s10_copies_and_views
show("same memory: expand_as", c.expand_as(m).data_ptr() == c.data_ptr())
show("same memory: clone", c.clone().data_ptr() == c.data_ptr())
show("strides of the expanded, cloned", c.expand_as(m).clone().stride())

# %% s11_unsqueeze
show("c.shape", c.shape)
show("c.unsqueeze(0).shape", c.unsqueeze(0).shape)  # or c[None]
show("c.unsqueeze(1).shape", c[:, None].shape)
show("c[:None].shape", c[:None].shape)
show("c[:, None].expand_as(m)", c[:, None].expand_as(m))
show("m + c[:, None]", m + c[:, None])

# %% s12_matmul_broadcast
def matmul_broadcast(a, b):
    c = torch.zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        c[i] = (a[i].unsqueeze(-1) * b).sum(dim=0)
    return c


torch.testing.assert_close(matmul_broadcast(m1, m2), t1, rtol=1e-3, atol=1e-5)

# %% s13_homework_why_it_works
scaled_rows = worked_a[0].unsqueeze(-1) * worked_b  # row k of b, times a[0, k]
print(scaled_rows, "adds up to", scaled_rows.sum(dim=0))
show("a @ b", worked_a @ worked_b)

# %% s14_the_slip
def slip(a, b):
    return torch.stack([(row[None] * b).sum(dim=0) for row in a])  # row[None] instead of row[:, None]


try:
    slip(m1, m2)
except RuntimeError as error:
    print(error)
square_a, square_b = tensor([[1.0, 2], [3, 4]]), tensor([[1.0, 1], [10, 10]])
show("a[i, None] on a square", slip(square_a, square_b))
show("the product", square_a @ square_b)

# %% s15_outer_product
show("c[None] * c[:, None]", c[None] * c[:, None])
show("c[None] > c[:, None]", c[None] > c[:, None])

# %% s16_broadcasting_rule
show("(256, 256, 3) * (3)", torch.broadcast_shapes((256, 256, 3), (3,)))
show("(1, 1, 3) * (256, 256, 3)", torch.broadcast_shapes((1, 1, 3), (256, 256, 3)))
image = torch.rand(16, 16, 3)
normalised = (image - tensor([0.5, 0.4, 0.3])) / tensor([0.25, 0.25, 0.5])

# %% s17_the_silent_trap
output, target = torch.randn(200, 1), torch.randn(200)
wrong, right = output - target, output.squeeze(-1) - target
show("shape of output - target", wrong.shape)
print("the wrong loss", wrong.pow(2).mean(), "and the right one", right.pow(2).mean())

# %% s18_einsum
torch.testing.assert_close(torch.einsum("ik,kj->ij", m1, m2), t1, rtol=1e-3, atol=1e-5)
batch_a, batch_b = torch.randn(4, 2, 3), torch.randn(4, 3, 5)
show("bik,bkj->bij", torch.einsum("bik,bkj->bij", batch_a, batch_b).shape)

# %% s19_matmul_einsum
def matmul_einsum(a, b):
    return torch.einsum("ik,kj->ij", a, b)


torch.testing.assert_close(matmul_einsum(m1, m2), t1, rtol=1e-3, atol=1e-5)

# %% s20_einsum_letters
v, w = tensor([1.0, 2, 3]), tensor([4.0, 5, 6])
show("i,i", torch.einsum("i,i", v, w))
show("i", torch.einsum("i", v))
show("i,i->i", torch.einsum("i,i->i", v, w))
show("ij->i", torch.einsum("ij->i", m))
show("ii", torch.einsum("ii", m))

# %% s21_einsum_mistakes
for subscripts in ["ik,jk->ij", "ik,kj->ijk2", "ik,k->i", "ik,kj->iz"]:
    try:
        torch.einsum(subscripts, m1, m2)
    except RuntimeError as error:
        print(error)

# %% s22_einsum_gradients
inp, w, out_g = torch.randn(64, 784), torch.randn(784, 50), torch.randn(64, 50)
w_g = torch.einsum("bi,bj->ij", inp, out_g)
inp_g = torch.einsum("ia,ka->ik", out_g, w)
torch.testing.assert_close(w_g, inp.t() @ out_g, rtol=1e-3, atol=1e-4)
torch.testing.assert_close(inp_g, out_g @ w.t(), rtol=1e-3, atol=1e-4)
show("bytes of the giant product", 4 * 50_000 * 784 * 50)

# %% s23_einsum_order
x, w1, w2 = torch.randn(64, 784), torch.randn(784, 50), torch.randn(50, 10)
out = torch.einsum("bi,ij,jk->bk", x, w1, w2)  # left to right, unless opt_einsum is installed
torch.testing.assert_close(out, x @ (w1 @ w2), rtol=1e-3, atol=1e-3)

# %% s24_matmul_library
torch.testing.assert_close(m1 @ m2, t1, rtol=1e-3, atol=1e-5)  # %timeit m1 @ m2
