# amaranth: UnusedElaboratable=no
# (constructors that raise leave an object that nothing elaborates)

"""Dot products to be tested: by the names of their formats, on lists of codes."""

from hdl.dot import Dot
from hdl.formats import parse_format
from tests.hdl.simulate import settle

__all__ = ["dot", "evaluate", "pack"]


def dot(a, b, y=None, **options):
    if "c" in options:
        options["c"] = parse_format(options["c"])
    return Dot(parse_format(a), parse_format(b), parse_format(y) if y else None, **options)


def pack(codes, bits):
    return sum(code << (i * bits) for i, code in enumerate(codes))


def evaluate(unit, a, b, c=None):
    widths = {port.name: port.width // port.lanes for port in unit.ports}
    operands = {"in_valid": 1, "a": pack(a, widths["a"]), "b": pack(b, widths["b"])}
    return settle(unit, [operands | ({} if c is None else {"c": c})], "y")[0][0]
