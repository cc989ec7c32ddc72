"""PyTorch and NumPy as contenders of `cargo xtask bench`: questions in lines of JSON on stdin, answers on stdout."""

import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

threads = int(sys.argv[1])
torch.set_num_threads(threads)


def matrix(rows, columns, seed):
    """The numbers of data.rs, to the last bit."""
    h = (np.arange(rows * columns, dtype=np.uint32) + np.uint32(seed << 28)) * np.uint32(2654435761)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(2246822519)
    h ^= h >> np.uint32(13)
    x = (h >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24) - np.float32(0.5)
    return x.reshape(rows, columns)


def operands(m, k, n, a_transposed, b_transposed):
    a = matrix(k, m, 0).T if a_transposed else matrix(m, k, 0)
    b = matrix(n, k, 1).T if b_transposed else matrix(k, n, 1)
    return a, b


def product(work):
    """An operation on two tensors that returns their product in new memory."""

    def prepare(*sizes):
        a, b = (aligned(x) for x in operands(*sizes))
        return lambda: [work(a, b)]

    return prepare


def numpy_product(work):
    def prepare(*sizes):
        a, b = operands(*sizes)
        return lambda: [work(a, b)]

    return prepare


def torch_out(*sizes):
    a, b = (aligned(x) for x in operands(*sizes))
    c = torch.empty(a.shape[0], b.shape[1])

    def run():
        torch.matmul(a, b, out=c)
        return [c]

    return run


def batches(work, tensor):
    """An einsum of two operands with n products in them, or of two matrices where n is 1."""

    def prepare(n, i, k, j):
        a, b = matrix(n * i, k, 0).reshape(n, i, k), matrix(n * k, j, 1).reshape(n, k, j)
        a, b, subscripts = (a[0], b[0], "ik,kj->ij") if n == 1 else (a, b, "bik,bkj->bij")
        a, b = (tensor(x) for x in (a, b))
        return lambda: [work(subscripts, a, b)]

    return prepare


def elementwise_of(work, tensor, centre=0.0):
    def prepare(rows, columns):
        x = tensor(matrix(rows, columns, 0) + np.float32(centre))
        return lambda: [work(x)]

    return prepare


def aligned(x):
    """A tensor that starts at a cache line, in NumPy's memory, which comes in large pages, as that of data.rs does."""
    flat = x if x.flags.c_contiguous else x.T
    memory = np.empty(flat.size + 16, np.float32)
    start = -memory.ctypes.data % 64 // 4
    copy = memory[start : start + flat.size].reshape(flat.shape)
    copy[...] = flat
    return torch.from_numpy(copy if x.flags.c_contiguous else copy.T)


def loops(a, b):
    c = torch.zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return c


def elementwise(a, b):
    c = torch.zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            c[i, j] = (a[i] * b[:, j]).sum()
    return c


def broadcast(a, b):
    c = torch.zeros(a.shape[0], b.shape[1])
    for i in range(a.shape[0]):
        c[i] = (a[i].unsqueeze(-1) * b).sum(dim=0)
    return c


def numpy_elementwise(a, b):
    c = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            c[i, j] = (a[i] * b[:, j]).sum()
    return c


def numpy_broadcast(a, b):
    c = np.zeros((a.shape[0], b.shape[1]), np.float32)
    for i in range(a.shape[0]):
        c[i] = (a[i][:, None] * b).sum(axis=0)
    return c


def net(rows, inputs, hidden, input_gradient):
    """nn.Linear, ReLU, nn.Linear, the mean squared error and autograd's backward."""
    x = aligned(matrix(rows, inputs, 0)).requires_grad_(bool(input_gradient))
    y = torch.from_numpy(matrix(rows, 1, 1))
    model = torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 1))
    w1, b1, w2, b2 = model.parameters()
    with torch.no_grad():
        w1.copy_(torch.from_numpy(matrix(inputs, hidden, 2)).T * 0.25)
        b1.copy_(torch.from_numpy(matrix(1, hidden, 3)[0]))
        w2.copy_(torch.from_numpy(matrix(hidden, 1, 4)).T)
        b2.copy_(torch.from_numpy(matrix(1, 1, 5)[0]))

    def run():
        x.grad = None
        model.zero_grad(set_to_none=True)
        F.mse_loss(model(x), y).backward()
        pieces = [w1.grad.T, b1.grad, w2.grad.T, b2.grad]
        return pieces + [x.grad] if input_gradient else pieces

    return run


def epoch(step):
    """Two layers on plain tensors, cross entropy, backward, and `step` of all parameters, for each batch of `order`."""

    def prepare(rows, inputs, hidden, classes, bs, steps, *order):
        x = aligned(matrix(rows, inputs, 0))
        y = x[:, :classes].argmax(dim=1)
        batches = torch.tensor(order).split(bs)

        def train(batches):
            parameters = two_layers(inputs, hidden, classes)
            step_all = step(parameters)
            return lambda: train_on(parameters, step_all, x, y, batches)

        run = train(batches)
        run.check = lambda: train(batches[:steps])()  # from the first weights again
        return run

    return prepare


def two_layers(inputs, hidden, classes):
    """Weights as nn.Linear keeps them, (out, in): modules would only add to the time."""
    w1, b1 = matrix(inputs, hidden, 1).T / 16, matrix(1, hidden, 2)[0] / 16
    w2, b2 = matrix(hidden, classes, 3).T / 4, matrix(1, classes, 4)[0] / 4
    return [torch.from_numpy(np.ascontiguousarray(p)).requires_grad_() for p in (w1, b1, w2, b2)]


def train_on(parameters, step, x, y, batches):
    w1, b1, w2, b2 = parameters
    for rows in batches:
        xb, yb = x.index_select(0, rows), y.index_select(0, rows)
        out = F.linear(F.relu(F.linear(xb, w1, b1)), w2, b2)
        F.cross_entropy(out, yb).backward()
        step()
    return [w1.T, b1, w2.T, b2]


LR = 0.125


def by_hand(parameters):
    @torch.no_grad()
    def step():
        for p in parameters:
            p -= LR * p.grad
            p.grad = None

    return step


def by_optimizer(**how):
    def prepare(parameters):
        optimizer = torch.optim.SGD(parameters, lr=LR, **how)

        def step():
            optimizer.step()
            optimizer.zero_grad()

        return step

    return prepare


def convolution(memory_format):
    """nn.Conv2d and autograd's backward from the gradient of its result."""

    def prepare(n, ci, size, co, kernel, stride, padding, input_gradient):
        conv = torch.nn.Conv2d(ci, co, kernel, stride, padding)
        with torch.no_grad():
            conv.weight.copy_(torch.from_numpy(matrix(co, ci * kernel * kernel, 1)).reshape(conv.weight.shape))
            conv.bias.copy_(torch.from_numpy(matrix(1, co, 2)[0]))
        conv = conv.to(memory_format=memory_format)
        out = (size + 2 * padding - kernel) // stride + 1

        def images(c, size, seed):
            x = aligned(matrix(n, c * size * size, seed)).reshape(n, c, size, size)
            return x.contiguous(memory_format=memory_format)

        x, out_g = images(ci, size, 0).requires_grad_(bool(input_gradient)), images(co, out, 3)

        def run():
            x.grad = None
            conv.zero_grad(set_to_none=True)
            out = conv(x)
            out.backward(out_g)
            pieces = [out, conv.weight.grad, conv.bias.grad]
            return pieces + [x.grad] if input_gradient else pieces

        return run

    return prepare


OPERATIONS = {
    "torch out=": torch_out,
    "torch @": product(torch.matmul),
    "torch loops": product(loops),
    "torch elementwise": product(elementwise),
    "torch broadcast": product(broadcast),
    "torch einsum": product(lambda a, b: torch.einsum("ik,kj->ij", a, b)),
    "NumPy elementwise": numpy_product(numpy_elementwise),
    "NumPy broadcast": numpy_product(numpy_broadcast),
    "NumPy einsum": numpy_product(lambda a, b: np.einsum("ik,kj->ij", a, b)),
    "NumPy @": numpy_product(np.matmul),
    "torch einsum of": batches(torch.einsum, aligned),
    "NumPy einsum of": batches(lambda subscripts, a, b: np.einsum(subscripts, a, b, optimize=True), np.asarray),
    "torch mean": elementwise_of(torch.mean, aligned, 0.5),
    "torch std": elementwise_of(torch.std, aligned, 0.5),
    "torch normalize": elementwise_of(lambda x: (x - 0.5) / 0.25, aligned),
    "torch normalize_": elementwise_of(lambda x: x.sub_(0.0).div_(1.0), aligned),
    "torch relu": elementwise_of(torch.relu, aligned),
    "torch relu_grad": elementwise_of(lambda x: torch.ops.aten.threshold_backward(x, x, 0), aligned),
    "NumPy mean": elementwise_of(np.mean, np.asarray, 0.5),
    "NumPy std": elementwise_of(lambda x: np.std(x, ddof=1), np.asarray, 0.5),
    "NumPy normalize": elementwise_of(lambda x: (x - np.float32(0.5)) / np.float32(0.25), np.asarray),
    "torch": net,
    "epoch loop": epoch(by_hand),
    "epoch foreach": epoch(by_optimizer(foreach=True)),
    "epoch fused": epoch(by_optimizer(fused=True)),
    "convolution": convolution(torch.contiguous_format),
    "convolution channels_last": convolution(torch.channels_last),
}

prepared = {}


def seconds(run, count):
    start = time.perf_counter()
    for _ in range(count):
        run()
    return time.perf_counter() - start


def answer(question):
    op = question.get("op")
    match question["do"]:
        case "versions":
            python = ".".join(map(str, sys.version_info[:3]))
            return {"Python": python, "torch": torch.__version__, "NumPy": np.__version__}
        case "prepare":
            prepared[op] = OPERATIONS[op](*question["sizes"])
        case "time":
            return {"seconds": seconds(prepared[op], question["loops"])}
        case "result":
            run = prepared[op]
            pieces = getattr(run, "check", run)()  # where timing changes what the result depends on
            pieces = [np.ascontiguousarray(torch.as_tensor(piece).detach().numpy()) for piece in pieces]
            reply({"lengths": [piece.size for piece in pieces]})
            for piece in pieces:
                sys.stdout.buffer.write(piece.tobytes())
            return None
        case "forget":
            prepared.pop(op, None)
    return {}


def reply(message):
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")


for line in sys.stdin:
    try:
        message = answer(json.loads(line))
    except Exception as error:  # told to the bench, which says where it was
        message = {"error": f"{type(error).__name__}: {error}"}
    if message is not None:
        reply(message)
    sys.stdout.buffer.flush()
