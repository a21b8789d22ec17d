"""Record what an NVIDIA tensor core answers: `python record.py INSTRUCTION -o FILE.npz`.

Compiles `record.cu` with nvcc for the GPU at hand, runs one instruction on random and adversarial
operands, and writes operands and results to a file for `slipstick compare-silicon`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosim.golden import encode
from hdl.formats import FloatFormat, Format, parse_format

__all__ = ["INSTRUCTIONS", "Instruction", "compile_program", "operands", "pack", "preset_of"]

SOURCE = Path(__file__).with_name("record.cu")
ROWS, COLUMNS, ROW_BYTES = 16, 8, 32

TILE = np.dtype(
    [
        ("a", np.uint8, (ROWS, ROW_BYTES)),
        ("b", np.uint8, (COLUMNS, 2 * ROW_BYTES)),
        ("c", np.uint32, (ROWS, COLUMNS)),
        ("meta", np.uint32),
    ]
)
"""One tile as record.cu reads it."""

PATTERNS = [(low, high) for high in range(4) for low in range(high)]
"""Which two of four activations meet a weight: every legal metadata nibble."""


@dataclass(frozen=True)
class Instruction:
    """One instruction of record.cu: formats of its operands, and how wide they lie in memory."""

    a: str
    b: str
    element_bytes: int
    shift: int = 0
    sparse: bool = False
    warps: int = 1

    @property
    def products(self) -> int:
        """Products in one result."""
        return ROW_BYTES // self.element_bytes


INSTRUCTIONS = {
    "mma-f16": Instruction("fp16", "fp16", 2),
    "mma-bf16": Instruction("bf16", "bf16", 2),
    "mma-tf32": Instruction("tf32", "tf32", 4, shift=13),  # the lower 13 bits are ignored
    "mma-s8": Instruction("int8", "int8", 1),
    "mma-sp-f16": Instruction("fp16", "fp16", 2, sparse=True),
    **{f"mma-{a}-{b}": Instruction(a, b, 1) for a in ("e4m3", "e5m2") for b in ("e4m3", "e5m2")},
    "wgmma-f16": Instruction("fp16", "fp16", 2, warps=4),
    "wgmma-bf16": Instruction("bf16", "bf16", 2, warps=4),
    "wgmma-tf32": Instruction("tf32", "tf32", 4, shift=13, warps=4),
    **{
        f"wgmma-{a}-{b}": Instruction(a, b, 1, warps=4)
        for a in ("e4m3", "e5m2")
        for b in ("e4m3", "e5m2")
    },
}

PRESETS = {
    8: {"fp16": "ampere-fp16", "bf16": "ampere-bf16", "tf32": "ampere-tf32", "fp8": "ada-fp8"},
    9: {"fp16": "hopper-fp16", "bf16": "hopper-bf16", "tf32": "hopper-tf32", "fp8": "hopper-fp8"},
    10: {"fp8": "blackwell-fp8"},
}
"""What a GPU of a compute capability is held against, by the kind of operands."""

INTEGER = "dot a=int8 b=int8 c=int32 y=int32 lanes=32"


def operands(instruction: Instruction, tiles: int, rng: np.random.Generator) -> dict[str, NDArray]:
    """Return codes for `a` (tiles, 16, k), `b` (tiles, 8, k) and words for `c` (tiles, 16, 8).

    A quarter each: codes at random; numbers of like magnitude; numbers whose exponents are spread
    as wide as the format allows; sums that cancel but for their last bits.
    """
    a_format, b_format = parse_format(instruction.a), parse_format(instruction.b)
    k = instruction.products
    a = rng.integers(0, 1 << a_format.bits, (tiles, ROWS, k))
    b = rng.integers(0, 1 << b_format.bits, (tiles, COLUMNS, k))
    kind = np.arange(tiles) * 4 // tiles
    for codes, fmt in ((a, a_format), (b, b_format)):
        for which, spread in ((1, 2), (2, 60), (3, 12)):
            codes[kind == which] = _numbers(codes[kind == which].shape, fmt, spread, rng)
    # The upper half of a row undoes the lower, but for one element.
    cancel = kind == 3
    half = k // 2
    negated = a[cancel, :, :half] ^ (1 << (a_format.bits - 1))
    if isinstance(a_format, FloatFormat):
        a[cancel, :, half:] = negated
        a[cancel, :, -1] = rng.integers(0, 1 << a_format.bits, a[cancel, :, -1].shape)
        b[cancel, :, half:] = b[cancel, :, :half]
    c = rng.integers(0, 1 << 32, (tiles, ROWS, COLUMNS), dtype=np.uint32)
    if isinstance(a_format, FloatFormat):
        fp32 = parse_format("fp32")
        c[kind != 0] = _numbers(c[kind != 0].shape, fp32, 30, rng)
        c[rng.random(c.shape) < 0.2] = 0
    return {"a": a, "b": b, "c": c}


def _numbers(shape: tuple[int, ...], fmt: Format, spread: int, rng: np.random.Generator) -> NDArray:
    """Return codes of numbers of either sign over `spread` binades around one."""
    magnitudes = np.exp2(rng.uniform(-spread / 2, spread / 2, shape))
    signs = rng.choice([-1.0, 1.0], shape)
    return encode(signs * magnitudes, fmt, overflow="saturate").astype(np.int64)


def pack(instruction: Instruction, codes: dict[str, NDArray], rng: np.random.Generator) -> bytes:
    """Return operands as record.cu reads them."""
    tiles: Any = np.zeros(len(codes["a"]), TILE)
    dtype = np.dtype(f"<u{instruction.element_bytes}")
    a = (codes["a"] << instruction.shift).astype(dtype)
    b = (codes["b"] << instruction.shift).astype(dtype)
    tiles["a"] = np.ascontiguousarray(a).view(np.uint8).reshape(tiles["a"].shape)
    tiles["c"] = codes["c"]
    if instruction.sparse:
        # Of every four activations those two count; what is in the others must not matter.
        low, high = np.array(PATTERNS)[rng.integers(0, len(PATTERNS), len(tiles))].T
        tiles["meta"] = low | high << 2
        spread = rng.integers(0, 1 << 16, (*b.shape[:2], b.shape[2] // 2, 4)).astype(dtype)
        pairs = b.reshape(*b.shape[:2], -1, 2)
        every = np.arange(len(tiles))[:, None, None]
        column = np.arange(b.shape[1])[None, :, None]
        group = np.arange(pairs.shape[2])[None, None, :]
        spread[every, column, group, low[:, None, None]] = pairs[..., 0]
        spread[every, column, group, high[:, None, None]] = pairs[..., 1]
        tiles["b"] = spread.reshape(*b.shape[:2], -1).view(np.uint8).reshape(tiles["b"].shape)
    else:
        tiles["b"][:, :, :ROW_BYTES] = (
            np.ascontiguousarray(b).view(np.uint8).reshape(len(tiles), COLUMNS, ROW_BYTES)
        )
    return tiles.tobytes()


def compile_program(capability: int, directory: Path) -> Path:
    """Compile record.cu for a compute capability, 80 for 8.0, and return the program."""
    program = directory / "record"
    # wgmma is there on Hopper only, under an architecture name of its own.
    hopper = capability == 90
    name = f"{capability}a" if hopper else str(capability)
    command = ["nvcc", "-std=c++17", "-gencode", f"arch=compute_{name},code=sm_{name}"]
    command += [f"-DRECORD_ARCH={capability}0", *(["-DRECORD_WGMMA"] if hopper else [])]
    subprocess.run([*command, "-o", str(program), str(SOURCE)], check=True)
    return program


def preset_of(instruction: Instruction, capability: int) -> str:
    """Return the config that an instruction is held against, empty if there is none."""
    if instruction.a == "int8":
        return INTEGER
    presets = PRESETS.get(capability // 10, {})
    if instruction.element_bytes > 1:
        return presets.get(instruction.a, "")
    return f"{presets['fp8']} a={instruction.a} b={instruction.b}" if "fp8" in presets else ""


def _capability() -> int:
    query = ["nvidia-smi", "--query-gpu=compute_cap", "--format=csv,noheader"]
    answer = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    return int(answer.splitlines()[0].replace(".", ""))


def main() -> int:
    """Record one instruction."""
    parser = argparse.ArgumentParser(description="Record what a tensor core answers.")
    parser.add_argument("instruction", choices=INSTRUCTIONS)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--tiles", type=int, default=1024, help="128 results each")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    instruction = INSTRUCTIONS[arguments.instruction]
    rng = np.random.default_rng(arguments.seed)
    codes = operands(instruction, -(-arguments.tiles // 4) * 4, rng)
    if instruction.warps > 1:  # these share the columns of the first
        codes["b"] = np.repeat(codes["b"][:: instruction.warps], instruction.warps, axis=0)
    capability = _capability()
    with tempfile.TemporaryDirectory() as work:
        directory = Path(work)
        program = compile_program(capability, directory)
        (directory / "operands").write_bytes(pack(instruction, codes, rng))
        files = [str(directory / name) for name in ("operands", "results")]
        run = subprocess.run(
            [program, arguments.instruction, *files], check=True, capture_output=True, text=True
        )
        results = np.fromfile(files[1], np.uint32).reshape(codes["c"].shape)
    preset = preset_of(instruction, capability)
    np.savez_compressed(
        arguments.output,
        preset=np.array(preset),
        instruction=np.array(arguments.instruction),
        device=np.array(run.stdout.strip()),
        a=codes["a"].astype(np.uint32),
        b=codes["b"].astype(np.uint32),
        c=codes["c"],
        y=results,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
