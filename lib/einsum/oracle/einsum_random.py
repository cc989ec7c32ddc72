"""Draws einsum calls, asks NumPy for the results, and writes them to einsum_random.json.

    python einsum_random.py

Half of the operands are transposed views (`axes`), sizes 0 and 1 are common, and the numbers are small
whole ones, so that every result is exact in float32 too. Where NumPy refuses, the result is null.
"""

import json
import random
from pathlib import Path

import numpy as np

random.seed(8)
LETTERS = "abcdXY"


def draw_term(dotted):
    """Up to four letters, now and then one of them twice, perhaps with an ellipsis among them."""
    term = random.sample(LETTERS, random.choice([0, 1, 1, 2, 2, 2, 3, 3, 4]))
    if term and random.random() < 0.15:
        term.insert(random.randrange(len(term) + 1), random.choice(term))
    if dotted and random.random() < 0.8:
        term.insert(random.choice([0, len(term), random.randrange(len(term) + 1)]), "...")
    return term


def draw_output(terms):
    """A random choice of the letters that occur, in random order."""
    letters = sorted({symbol for term in terms for symbol in term} - {"..."})
    output = random.sample(letters, random.randrange(len(letters) + 1))
    if any("..." in term for term in terms) and random.random() < 0.95:
        output.insert(random.randrange(len(output) + 1), "...")
    return output


def draw_operand(term, sizes, dots):
    """An array for a term: some axes have size 1 and are stretched, some arrays are transposed."""
    shape = []
    for symbol in term:
        own = dots[random.randrange(len(dots) + 1):] if symbol == "..." else [sizes[symbol]]
        shape += [1 if random.random() < 0.08 else size for size in own]
    if random.random() < 0.02:
        shape = shape[1:] or [2]
    axes = random.sample(range(len(shape)), len(shape)) if random.random() < 0.5 else list(range(len(shape)))
    base = [0] * len(shape)
    for axis, size in zip(axes, shape):
        base[axis] = size
    return np.random.default_rng(random.randrange(10**6)).integers(-4, 5, base), axes


def draw_case():
    sizes = {letter: random.choice([0, 1, 2, 2, 3, 3, 4]) if random.random() < 0.2 else random.choice([2, 3]) for letter in LETTERS}
    dotted = random.random() < 0.3
    dots = [random.choice([1, 2, 3]) for _ in range(random.randrange(3))]
    terms = [draw_term(dotted) for _ in range(random.choice([1, 1, 2, 2, 2, 2, 3, 3, 4]))]
    subscripts = random.choice([",", ", "]).join("".join(term) for term in terms)
    if random.random() < 0.75:
        subscripts += random.choice(["->", " -> "]) + "".join(draw_output(terms))
    operands = [draw_operand(term, sizes, dots) for term in terms]
    try:
        result = np.einsum(subscripts, *[base.astype(float).transpose(axes) for base, axes in operands])
    except ValueError:
        result = None
    return subscripts, operands, result


def packed(array):
    return {"shape": list(array.shape), "data": [int(value) for value in array.ravel()]}


cases, seen = [], set()
while len(cases) < 290:
    subscripts, operands, result = draw_case()
    if subscripts in seen or sum(base.size for base, _ in operands) > 90 or (result is not None and result.size > 40):
        continue
    seen.add(subscripts)
    inputs = [packed(base) | ({"axes": axes} if axes != sorted(axes) else {}) for base, axes in operands]
    cases.append({"subscripts": subscripts, "operands": inputs, "result": None if result is None else packed(result)})

lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
Path(__file__).with_name("einsum_random.json").write_text(f"[\n{lines}\n]\n")
