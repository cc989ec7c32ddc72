# %%
# Notebook 00 in PyTorch, to read beside lesson.rs: a cell has the name of its section. It runs as a script, and cell
# by cell in VS Code or Jupyter. `cargo xtask book --check-python` compares what `show` prints with the Rust line of
# the same name: whole numbers and True or False exactly, others to a thousandth or the last digit printed.
import operator
import time
import timeit

import torch
from torch import tensor


def show(what, value):
    print(f"{what} = {value}".replace("\n", ""))


def message_of(failing):
    try:
        failing()
    except AssertionError as error:
        return error
    raise AssertionError("it had to fail")


# %% s01_test_constant
TEST = "test"

# %% s02_test
def test(a, b, compare, name):
    assert compare(a, b), f"{name}:\n{a}\n{b}"


test(3, 4, operator.lt, "<")
print(message_of(lambda: test(5, 4, operator.lt, "<")))

# %% s03_test_eq
def test_eq(a, b):
    test(a, b, operator.eq, "==")


test_eq(TEST, "test")
print(message_of(lambda: test_eq(TEST, "tset")))

# %% s04_near
def near(a, b):
    return torch.allclose(torch.as_tensor(a), torch.as_tensor(b), rtol=1e-3, atol=1e-5)


a, b = torch.tensor(100.0, dtype=torch.double), torch.tensor(100.1001, dtype=torch.double)
assert near(a, b) and not near(b, a)  # what is allowed is measured by the second

# %% s05_nan_and_infinity
nan, inf = float("nan"), float("inf")
show("near(NaN, NaN)", near(nan, nan))
show("near(inf, inf)", near(inf, inf))

# %% s07_shapes_first
column, flat = torch.ones(50, 1), torch.ones(50)
print("allclose of shapes", column.shape, flat.shape, "is", near(column, flat), "by broadcasting; ours is false")

# %% s08_test_near
def test_near(a, b):
    test(a, b, near, "near")


test_near(tensor([1.0, 2.0]), tensor([1.0005, 2.0]))
print(message_of(lambda: test_near(tensor([1.0, 2.0]), tensor([1.01, 2.0]))))

# %% s09_test_near_zero
def test_near_zero(a, tol=1e-3):
    assert abs(a) < tol, f"near zero (within {tol}):\n{a}"


test_near_zero(0.0009)
print(message_of(lambda: test_near_zero(-0.5)))

# %% s10_small_gradients
grad = 5.7e-5 * torch.linspace(-1, 1, 10_001, dtype=torch.double) ** 17
for what, other in [("% of the gradient near zero", 0 * grad), ("% near half of itself", grad / 2)]:
    show(what, f"{100 * torch.isclose(other, grad, rtol=1e-3, atol=1e-5).double().mean():.1f}")

# %% s11_test_near_norm
def relative_norm(a, b):
    return ((a - b).norm() / b.norm()).item()


for scale in [1e6, 1.0, 1e-6]:
    test_near(relative_norm(grad * scale / 2, grad * scale), 0.5)

# %% s12_timeit
numbers = [float(i) for i in range(1000)]
start = time.perf_counter()
total = sum(numbers)
print(f"one sum took {time.perf_counter() - start:.6f} s")
print(f"the best of 7 runs of 10: {min(timeit.repeat(lambda: sum(numbers), number=10, repeat=7)) / 10:.6f} s a loop")
test_eq(total, 499_500.0)
