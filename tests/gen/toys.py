"""Small components that between them use everything that emission has to deal with."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Scale(wiring.Component):
    """Multiplies by a constant.

    The rest of the description is not for the Verilog.
    """

    def __init__(self, factor: int, bits: int) -> None:
        self.factor = factor
        super().__init__({"x": In(bits), "scaled": Out(bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.scaled.eq(self.x * self.factor)
        return m


class Operators(wiring.Component):
    """Every operator, signed and unsigned, at equal and unequal widths."""

    def __init__(self) -> None:
        super().__init__(
            {"a": In(6), "b": In(4), "s": In(signed(5)), "t": In(signed(3)), "y": Out(300)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        a, b, s, t = self.a, self.b, self.s, self.t
        results = [
            *(a + b, a - b, a * b, s + t, s - t, s * t, a + s, b - t, a * s, -a, -s, ~s),
            *(a & b, a | b, a ^ b, s & t, s | a, s ^ t, ~a, abs(s)),
            *(a == b, a != b, a < b, a <= b, a > b, a >= b, s == t, s < t, s <= t, s > t, s >= t),
            *(a < s, a.any(), a.all(), a.xor(), a.bool(), s.any(), ~a.any(), b == 0, a[:1].any()),
            *(a << b[:3], a >> b, s << b[:2], s >> b[:3], (a >> b)[:3], (s >> b)[3:]),
            *(Mux(a[0], b, s), Mux(a > b, t, Mux(b[1], s, a)), a.bit_select(b[:3], 2)),
            *(a.word_select(b[:2], 2), a[2:5].replicate(3), (a + b)[1:4], (s * t)[2:], a > 63),
        ]
        m.d.comb += self.y.eq(Cat(results))
        return m


class Choices(wiring.Component):
    """Decisions: priority, table, default, don't care."""

    def __init__(self) -> None:
        super().__init__({"x": In(4), "y": Out(8), "z": Out(5), "w": Out(3)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.x[0]):
            m.d.comb += self.y.eq(self.x << 1)
        with m.Elif(self.x[1:3] == 2):
            m.d.comb += [self.y.eq(7), self.w.eq(1)]
        with m.Else():
            m.d.comb += self.y[4:6].eq(self.x)
        with m.Switch(self.x):
            for i in range(13):
                with m.Case(i):
                    m.d.comb += self.z.eq(i * i + 3)
        with m.Switch(self.x):
            with m.Case("1--0", "0-1-"):
                m.d.comb += self.w[1:].eq(2)
            with m.Default():
                m.d.comb += self.w[2].eq(1)
        return m


class Pipeline(wiring.Component):
    """Two stages, an enable, a counter and an accumulator that saturates."""

    def __init__(self) -> None:
        super().__init__(
            {"x": In(8), "enable": In(1), "y": Out(9), "count": Out(4), "total": Out(signed(10))}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        first = Signal(9, reset_less=True)
        m.d.sync += [first.eq(self.x + 1), self.y.eq(first ^ self.x)]
        with m.If(self.enable):
            m.d.sync += self.count.eq(self.count + 1)
            m.d.sync += self.total.eq(Mux(self.total > 400, 400, self.total + self.x))
        return m


class Empty(wiring.Component):
    """No logic, and a port of no bits."""

    def __init__(self) -> None:
        super().__init__({"nothing": In(0), "x": In(2), "y": Out(2)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.y.eq(self.x)
        return m


class Nested(wiring.Component):
    """Equal, unequal and repeated components inside, with awkward names and unused bits."""

    def __init__(self) -> None:
        super().__init__(
            {"x": In(8), "unused": In(3), "y": Out(10), "partly": Out(4), "same": Out(2)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        generate = Signal(8)
        wire = Signal(8)
        total = Signal(10)
        m.submodules.scaled = twice = Scale(2, 8)
        m.submodules.again = again = Scale(2, 8)
        m.submodules.wire = thrice = Scale(3, 8)
        m.submodules.narrow = narrow = Scale(3, 4)
        m.submodules.choices = choices = Choices()
        m.submodules.empty = empty = Empty()
        m.d.comb += [
            generate.eq(self.x ^ 0x55),
            wire.eq(generate & twice.scaled),
            twice.x.eq(self.x),
            again.x.eq(generate + twice.scaled),
            thrice.x.eq(wire),
            narrow.x.eq(self.unused[1:]),
            choices.x.eq(self.x),
            total.eq(again.scaled + thrice.scaled + choices.z),
            self.y.eq(Cat(total[1:], self.unused[2])),
            self.partly.eq(narrow.scaled),
            empty.x.eq(self.x[6:]),
            self.same.eq(empty.y),
        ]
        return m


class Chain(wiring.Component):
    """A carry that runs through the bits of one signal, by way of instances."""

    def __init__(self) -> None:
        super().__init__({"a": In(6), "b": In(6), "y": Out(6)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        carry = Signal(7)
        for i in range(6):
            m.submodules[f"bit_{i}"] = bit = Scale(1, 2)
            m.d.comb += bit.x.eq(self.a[i] + self.b[i] + carry[i])
            m.d.comb += [self.y[i].eq(bit.scaled[0]), carry[i + 1].eq(bit.scaled[1])]
        return m
