"""Matrix products: a module with a dot product for every element."""

from __future__ import annotations

from cosim.formal.plain.shape import ACCUMULATOR, Shape
from cosim.formal.plain.sums import sum_of_products
from cosim.formal.plain.verilog import module

__all__ = ["matrix_product"]

_OF_ROWS = ("a", "scale_a")
_OF_COLUMNS = ("b", "scale_b", "meta")


def matrix_product(name: str, m: int, n: int, shape: Shape) -> str:
    """Return modules for an M x K matrix times a K x N one, row-major, and what is added to it."""
    element = f"{name}_element"
    sizes = dict(shape.inputs())
    results = dict(shape.outputs())
    lanes = _lanes(shape)
    inputs = [("in_valid", 1)]
    for port, width in sizes.items():
        copies = m if port in _OF_ROWS else n if port in _OF_COLUMNS else m * n
        inputs.append((port, width * (1 if port == "first" else copies)))
    lines = ["assign out_valid = in_valid;"]
    for i in range(m):
        for j in range(n):
            connections = [".in_valid(in_valid)"]
            for port, width in sizes.items():
                connections.append(f".{port}({_part(port, width, lanes, (i, j), n)})")
            at = i * n + j
            connections.append(f".y(y[{at * shape.y.bits}+:{shape.y.bits}])")
            if "err" in results:
                lines.append(f"wire err_{at};")
                connections.append(f".err(err_{at})")
            lines.append(f"{element} element_{at} ({', '.join(connections)});")
    outputs = [("out_valid", 1), ("y", m * n * shape.y.bits)]
    if "err" in results:
        outputs.append(("err", 1))
        lines.append(f"assign err = {' || '.join(f'err_{at}' for at in range(m * n))};")
    return module(name, inputs, outputs, lines) + sum_of_products(element, shape)


def _lanes(shape: Shape) -> dict[str, int]:
    """Return how many lanes the ports of a column have."""
    found = {"b": shape.lanes}
    if shape.scales:
        found["scale_b"] = shape.lanes // shape.scales.length
    if shape.selection:
        found["meta"] = shape.selection.groups
    return found


def _part(
    port: str, width: int, lanes: dict[str, int], element: tuple[int, int], columns: int
) -> str:
    """Return what an element's dot product gets of a port, of which it takes `width` bits."""
    i, j = element
    if port == "first":
        return port
    if port in _OF_ROWS:
        return f"{port}[{i * width}+:{width}]"
    if port in ("c", ACCUMULATOR):
        return f"{port}[{(i * columns + j) * width}+:{width}]"
    bits = width // lanes[port]
    rows = range(lanes[port] - 1, -1, -1)
    return "{" + ", ".join(f"{port}[{(k * columns + j) * bits}+:{bits}]" for k in rows) + "}"
